import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type CommandResult, runCommand } from "../support/command.ts";
import { openScriptFolder } from "../support/script-folder.ts";

const { folder, write } = openScriptFolder();

for (const name of ["chromium.har", "firefox.har"]) {
  copyFileSync(
    fileURLToPath(new URL(`../recording/fixtures/${name}`, import.meta.url)),
    join(folder, name),
  );
}

/** Runs a script against a recording. */
function replay(recording: string, source: string, ...options: string[]): Promise<CommandResult> {
  write("script.js", source);
  return runCommand(["replay", recording, "script.js", ...options], { cwd: folder });
}

const panel = `
  const socket = new WebSocket("wss://panel.test/live", ["lamp.v2", "lamp.v1"]);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => socket.send('{ "cmd": "list" }');
  socket.onmessage = ({ data }) => {
    console.log(typeof data === "string" ? data : new Uint8Array(data).join());
    if (typeof data !== "string") socket.send(new Uint8Array([1]));
  };`;

describe("netdevice replay", () => {
  test("plays a recording of Chromium", async () => {
    expect(await replay("chromium.har", panel)).toEqual({
      code: 0,
      signal: null,
      stdout: '{"lamps":[1,2]}\n0,1,2,255\n',
      stderr: "netdevice: the same conversation: 1 connection, 0 requests\n",
    });
  });

  test("takes the script from standard input", async () => {
    const result = await runCommand(["replay", "chromium.har", "-"], { cwd: folder, input: panel });

    expect(result).toMatchObject({ code: 0, stdout: '{"lamps":[1,2]}\n0,1,2,255\n' });
  });

  test("plays a recording of Firefox, the server's close included", async () => {
    const source = `
      const socket = new WebSocket("wss://panel.test/live");
      socket.onopen = () => socket.send('{"cmd":"list"}');
      socket.onclose = ({ code, reason }) => console.log(code, reason, new Date().toISOString());`;

    expect(await replay("firefox.har", source)).toMatchObject({
      code: 0,
      stdout: "1000 bye 2026-03-02T09:14:21.958Z\n",
    });
  });

  test("reports the first difference, and ends the script there", async () => {
    const source = panel.replace("list", "lost");

    expect(await replay("chromium.har", source)).toEqual({
      code: 1,
      signal: null,
      stdout: "",
      stderr: `The conversation is not the recorded one.
  connection 1 to wss://panel.test/live, event 1 of 4
    expected  {"cmd":"list"}
    found     { "cmd": "lost" }
    $.cmd  expected "list", found "lost"
`,
    });
  });

  test("compares as it is told to", async () => {
    expect(await replay("chromium.har", panel, "--match=exact")).toMatchObject({ code: 1 });
    expect(
      await replay("chromium.har", panel.replace("list", "lost"), "--ignore=$.cmd"),
    ).toMatchObject({ code: 0 });
    expect(await replay("chromium.har", panel, "--ignore=cmd")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Expected a JSON path such as $.time"),
    });
  });

  test("reports what the script left unused", async () => {
    const source = panel.replace("socket.send(new Uint8Array([1]))", "0");

    const { code, stderr } = await replay("chromium.har", source);

    expect(code).toBe(1);
    expect(stderr).toContain("event 4 of 4\n    expected  the script sends 1 bytes 01");
  });

  test("names the URLs of a recording of something else", async () => {
    const { code, stderr } = await replay("chromium.har", 'new WebSocket("ws://lamp.test/ws");');

    expect(code).toBe(1);
    expect(stderr).toContain(
      "connection 1 to ws://lamp.test/ws\n    expected  one of the URLs of the recording: wss://panel.test/live",
    );
  });

  test("reports an exception of the script, and not what follows from it", async () => {
    const { code, stderr } = await replay("chromium.har", "throw new Error('broken');");

    expect(code).toBe(1);
    expect(stderr).toContain("Uncaught Error: broken");
    expect(stderr).not.toContain("conversation");
  });

  test.each([
    ["for (;;);", ["--timeout=300"], 124, "timed out after 300 ms"],
    ["/^(a+)+$/.test('a'.repeat(50) + 'b');", ["--timeout=300"], 124, "timed out after 300 ms"],
    ["setInterval(() => {}, 1);", [], 1, "1 of 1 recorded connections are left"],
  ])("ends a script that never ends: %s", async (source, options, code, message) => {
    const result = await replay("chromium.har", source, ...options);

    expect(result.code).toBe(code);
    expect(result.stderr).toContain(message);
  });

  test.each([
    ["none.har", undefined, 'Cannot read the recording "none.har": there is no such file'],
    ["lib", undefined, 'Cannot read the recording "lib": it is a folder'],
    [
      "broken.har",
      '{\n"log": ',
      "broken.har: The HTTP Archive is not JSON: Unexpected end of JSON input (line 2, column 8)",
    ],
    ["other.har", "{}", "other.har: The JSON is not an HTTP Archive"],
    [
      "empty.har",
      '{"log":{"entries":[]}}',
      "empty.har: The HTTP Archive has no WebSocket connection",
    ],
  ])("tells what is wrong with %s", async (name, text, message) => {
    if (text !== undefined) write(name, text);

    const { code, stderr } = await replay(name, "");

    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
