import { describe, expect, test } from "vitest";
import { ScriptError } from "../../src/errors.ts";
import { openSandbox } from "../support/sandbox.ts";

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
  test("a script runs and its console output is observed in order", async () => {
    const { sandbox, events } = await openSandbox({ isolation });

    await sandbox.run(`console.log("one"); console.warn("two", { a: 1 })`);
    await sandbox.idle();

    expect(events).toEqual([
      { type: "console", level: "log", message: "one", time: expect.any(Number) },
      { type: "console", level: "warn", message: "two { a: 1 }", time: expect.any(Number) },
    ]);
  });

  test("scripts of one sandbox share their global", async () => {
    const { sandbox, lines } = await openSandbox({ isolation });

    await sandbox.run(`globalThis.shared = 1; let lexical = 2`);
    await sandbox.run(`console.log(shared + lexical)`);
    await sandbox.idle();

    expect(lines()).toEqual(["3"]);
  });

  test("an exception of the top level rejects run() with its name and place", async () => {
    const { sandbox } = await openSandbox({ isolation });

    const run = sandbox.run(`\n  missing()`, { name: "lamp.js" });

    await expect(run).rejects.toBeInstanceOf(ScriptError);
    await expect(run).rejects.toMatchObject({
      code: "ERR_SCRIPT",
      guestName: "ReferenceError",
      position: { file: "lamp.js", line: 2 },
    });
  });

  test("a syntax error rejects run() with its place", async () => {
    const { sandbox } = await openSandbox({ isolation });

    const run = sandbox.run(`let a = 1;\nlet = ;`, { name: "lamp.js" });

    await expect(run).rejects.toMatchObject({
      guestName: "SyntaxError",
      position: { file: "lamp.js", line: 2 },
    });
  });

  test("a sandbox goes on after an exception", async () => {
    const { sandbox, lines } = await openSandbox({ isolation });

    await expect(sandbox.run(`throw new Error("first")`)).rejects.toThrow("first");
    await sandbox.run(`console.log("second")`);
    await sandbox.idle();

    expect(lines()).toEqual(["second"]);
  });

  test("an exception in a timer is observed once, and other timers still run", async () => {
    const { runToIdle, events, lines } = await openSandbox({ isolation });

    await runToIdle(
      `setTimeout(() => { throw new TypeError("late") }, 0); setTimeout(console.log, 1, "next")`,
    );

    expect(events.filter(({ type }) => type === "error")).toEqual([
      expect.objectContaining({
        exception: expect.objectContaining({
          name: "TypeError",
          message: "late",
          position: expect.objectContaining({ file: "test.js", line: 1 }),
        }),
      }),
    ]);
    expect(lines()).toEqual(["next"]);
  });

  test("a rejection with the object of an earlier script's is observed again", async () => {
    const { sandbox, events } = await openSandbox({ isolation });

    await sandbox.run(`globalThis.reason = new Error("same"); Promise.reject(reason)`);
    await sandbox.run(`Promise.reject(reason)`);
    await sandbox.idle();

    expect(events.map(({ type }) => type)).toEqual(["error", "error"]);
  });

  test("a rejection that nobody handles is observed once", async () => {
    const { runToIdle, events } = await openSandbox({ isolation });

    await runToIdle(`
      async function main() { await null; throw new Error("lost") }
      main();
      Promise.reject(new Error("handled")).catch(() => {});
      setTimeout(() => {}, 0);
    `);

    const messages = events.flatMap((event) =>
      event.type === "error" ? [event.exception.message] : [],
    );
    expect(messages).toEqual(["lost"]);
  });

  test.each([
    ["a classic script", "script", `missing()`],
    ["a module", "module", `missing()`],
    ["a module after an await", "module", `await null; missing()`],
    ["an imported module", "module", `import "./bad.js"`],
    ["a module that it imports later", "module", `await import("./bad.js")`],
    ["an imported module that waits", "module", `import "./late.js"`],
  ] as const)(
    "an exception of %s rejects run() and is observed once",
    async (_where, type, source) => {
      const { sandbox, events } = await openSandbox({
        isolation,
        modules: { "bad.js": `missing()`, "late.js": `await null; missing()` },
      });

      await expect(sandbox.run(source, { type })).rejects.toMatchObject({
        guestName: "ReferenceError",
      });
      await sandbox.idle();

      expect(events.map((event) => event.type)).toEqual(["error"]);
    },
  );

  test("a dynamic import that fails and that nobody handles is observed once", async () => {
    const { runToIdle, events } = await openSandbox({
      isolation,
      modules: { "bad.js": `missing()` },
    });

    await runToIdle(`import("./bad.js")`);

    expect(events.map((event) => event.type)).toEqual(["error"]);
  });

  test("a module imports its neighbours and waits at its top level", async () => {
    const { sandbox, lines } = await openSandbox({
      isolation,
      modules: {
        "lib/lamp.js": `import { name } from "./name.js"; export const lamp = "lamp " + name`,
        "lib/name.js": `export const name = "seven"`,
      },
    });

    await sandbox.run(
      `import { lamp } from "./lib/lamp.js";
       await new Promise((resolve) => setTimeout(resolve, 1));
       console.log(lamp, (await import("./lib/name.js")).name)`,
      { name: "main.mjs" },
    );

    expect(lines()).toEqual(["lamp seven seven"]);
  });

  test("a top-level await that can never settle rejects run()", async () => {
    const { sandbox } = await openSandbox({ isolation });

    const run = sandbox.run(`await new Promise(() => {})`, { type: "module" });

    await expect(run).rejects.toThrow(/never settles/);
  });

  test("a rejected top-level await rejects run() with the reason", async () => {
    const { sandbox } = await openSandbox({ isolation });

    const run = sandbox.run(`await null; throw new RangeError("far")`, { type: "module" });

    await expect(run).rejects.toMatchObject({ guestName: "RangeError", message: /far/ });
  });

  test("idle() can be given up without closing the sandbox", async () => {
    const { sandbox, lines } = await openSandbox({ isolation });
    await sandbox.run(`setTimeout(() => {}, 1e6)`);

    await expect(sandbox.idle({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
    await sandbox.run(`console.log("alive")`);

    expect(lines()).toEqual(["alive"]);
  });

  test("usage() counts what a script holds", async () => {
    const { sandbox } = await openSandbox({ isolation });

    await sandbox.run(`setTimeout(() => {}, 1e6); setTimeout(() => {}, 1e7)`);
    const usage = await sandbox.usage();

    expect(usage).toMatchObject({ connections: 0, timers: 2, queuedEvents: 0, bufferedBytes: 0 });
    expect(usage.memory).toBeGreaterThan(100_000);
  });

  test("TypeScript is stripped by the name of the script", async () => {
    const { sandbox, lines } = await openSandbox({ isolation });

    await sandbox.run(`const greeting: string = "typed"; console.log(greeting)`, { name: "a.ts" });

    expect(lines()).toEqual(["typed"]);
  });
});
