import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BuildName, buildNames } from "../support/builds.ts";
import { openLocalSandbox } from "../support/local-sandbox.ts";
import { openEchoServer } from "../support/sandbox.ts";

/** Runs a script in one build to its end and returns what it printed. */
async function run(build: BuildName, source: string): Promise<readonly string[]> {
  const lines: string[] = [];
  const sandbox = await openLocalSandbox(build, (event) => {
    if (event.type === "console") lines.push(event.message);
    if (event.type === "error") lines.push(event.exception.message);
  });
  await sandbox.run(source, "test.js", "script");
  await sandbox.idle();
  await sandbox.close();
  return lines;
}

/** Text as the hexadecimal form of its code units: what is printed must not depend on the path under test. */
function codeUnits(text: string): string {
  return Array.from({ length: text.length }, (_, index) =>
    text.charCodeAt(index).toString(16),
  ).join(" ");
}

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  // Any code units: lone surrogates too.
  fc
    .array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 40 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom("\0", "\uFEFF", "\uFEFF\uFEFFa", "a\0b", "\uD800", "\uDC00\uD800", ""),
);

describe.each(buildNames)("build %s", (build) => {
  test("any texts and bytes come back from an echo server as they were sent", async () => {
    const server = await openEchoServer();
    const texts = fc.sample(anyText, { numRuns: 300, seed: 1 });
    const chunks = fc.sample(fc.uint8Array({ maxLength: 60 }), { numRuns: 100, seed: 2 });

    const lines = await run(
      build,
      `
      const texts = ${JSON.stringify(texts)};
      const chunks = ${JSON.stringify(chunks.map((chunk) => [...chunk]))};
      const units = (text) => {
        const list = [];
        for (let i = 0; i < text.length; i++) list.push(text.charCodeAt(i).toString(16));
        return list.join(" ");
      };
      const socket = new WebSocket(${JSON.stringify(server.url)});
      socket.binaryType = "arraybuffer";
      let received = 0;
      socket.onopen = () => {
        for (const text of texts) socket.send(text);
        for (const chunk of chunks) socket.send(new Uint8Array([0, ...chunk, 0]).subarray(1, -1));
      };
      socket.onmessage = ({ data }) => {
        console.log(typeof data === "string" ? "t " + units(data) : "b " + [...new Uint8Array(data)].join());
        if (++received === texts.length + chunks.length) socket.close();
      };
      `,
    );

    expect(lines).toEqual([
      ...texts.map((text) => `t ${codeUnits(wellFormed(text))}`),
      ...chunks.map((chunk) => `b ${[...chunk].join(",")}`),
    ]);
  });

  test("any text that is printed reaches the observer as it is", async () => {
    const texts = fc.sample(anyText, { numRuns: 300, seed: 3 });

    const lines = await run(build, `for (const t of ${JSON.stringify(texts)}) console.log(t)`);

    expect(lines.map(codeUnits)).toEqual(texts.map(codeUnits));
  });

  test("any close reason of the script and of the peer arrives as it is", async () => {
    const server = await openEchoServer();
    const reasons = fc
      .sample(anyText, { numRuns: 60, seed: 4 })
      .filter((reason) => Buffer.byteLength(wellFormed(reason)) <= 123);

    const lines = await run(
      build,
      `
      const reasons = ${JSON.stringify(reasons)};
      const next = (index) => {
        if (index === reasons.length) return;
        const socket = new WebSocket(${JSON.stringify(server.url)});
        socket.onopen = () => socket.close(4000, reasons[index]);
        socket.onclose = ({ reason }) => { console.log(reason); next(index + 1) };
      };
      next(0);
      `,
    );

    expect(lines.map(codeUnits)).toEqual(reasons.map((reason) => codeUnits(wellFormed(reason))));
  });
});

/** Lone surrogates as U+FFFD: a USVString. */
function wellFormed(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
