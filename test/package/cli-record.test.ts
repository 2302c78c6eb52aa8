import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startCommand } from "../support/command.ts";
import { openScriptFolder, openServer } from "../support/script-folder.ts";

const { folder, write, runScript } = openScriptFolder();

interface Message {
  readonly type: string;
  readonly opcode: number;
  readonly data: string;
}

function messages(name: string): readonly string[] {
  const { log } = JSON.parse(readFileSync(join(folder, name), "utf8"));
  return log.entries.flatMap((entry: { _webSocketMessages: readonly Message[] }) =>
    entry._webSocketMessages.map(({ type, opcode, data }) => `${type} ${opcode} ${data}`),
  );
}

const talk = `
  const socket = NetworkDevice.createWebSocket(NetworkDevice.args[0]);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => { socket.send('{"token":"s3cret"}'); socket.send(new Uint8Array([255])); };`;

describe("netdevice run --record", () => {
  test("writes the session as an HTTP Archive, without its secrets", async () => {
    const { origin } = await openServer();
    const source = `${talk} let n = 0; socket.onmessage = () => { if (++n === 2) socket.close(1000, "bye"); };`;

    const result = await runScript(
      "talk.js",
      source,
      "--record=talk.har",
      `--allow=${origin}`,
      "--",
      `${origin}/ws?apikey=s3cret`,
    );

    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(messages("talk.har")).toEqual([
      'send 1 {"token":"REDACTED"}',
      "send 2 /w==",
      'receive 1 {"token":"REDACTED"}',
      "receive 2 /w==",
      "send 8 A+hieWU=",
      "receive 8 A+hieWU=",
    ]);
    expect(readFileSync(join(folder, "talk.har"), "utf8")).not.toContain("s3cret");
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("keeps secrets with --record-secrets, and replaces an older recording", async () => {
    const { origin } = await openServer();
    write("again.har", "old");

    await runScript(
      "again.js",
      `${talk} socket.onmessage = () => socket.close();`,
      "--record=again.har",
      "--record-secrets",
      `--allow=${origin}`,
      `--arg=${origin}`,
    );

    expect(messages("again.har")).toContain('send 1 {"token":"s3cret"}');
  });

  test.each([
    ["fails", "socket.onmessage = () => { socket.destroy(); throw new Error('fails'); };", [], 1],
    ["times out", "", ["--timeout=1000"], 124],
    [
      "does not come back",
      "socket.onmessage = () => setTimeout(() => { for (;;); });",
      ["--timeout=1000"],
      124,
    ],
  ])("writes also when the script %s", async (how, more, options, code) => {
    const { origin } = await openServer();
    const name = how.replaceAll(" ", "-");

    const result = await runScript(
      `${name}.js`,
      talk + more,
      `--record=${name}.har`,
      `--allow=${origin}`,
      `--arg=${origin}`,
      ...options,
    );

    expect(result.code).toBe(code);
    expect(messages(`${name}.har`)).toContain('send 1 {"token":"REDACTED"}');
  });

  test("writes also when it is interrupted", async () => {
    const { server, origin } = await openServer();
    write("forever.js", `${talk} socket.onmessage = () => console.log("answered");`);
    const args = ["run", "forever.js", "--record=forever.har", `--allow=${origin}`, "--", origin];
    const command = startCommand(args, { cwd: folder });
    await once(server, "connection");
    await command.printed("answered\nanswered\n");

    command.child.kill("SIGINT");

    expect(await command.result).toMatchObject({ code: 130 });
    expect(messages("forever.har").slice(0, 4)).toEqual([
      'send 1 {"token":"REDACTED"}',
      "send 2 /w==",
      'receive 1 {"token":"REDACTED"}',
      "receive 2 /w==",
    ]);
  });

  test("tells of a place that cannot be written before the script runs", async () => {
    mkdirSync(join(folder, "closed"));
    chmodSync(join(folder, "closed"), 0o555);

    const missing = await runScript("never.js", "console.log('ran')", "--record=none/a.har");
    const isFolder = await runScript("never.js", "console.log('ran')", "--record=lib");

    expect(missing).toMatchObject({
      code: 2,
      stdout: "",
      stderr:
        'netdevice: --record expects a file that can be written, got "none/a.har": there is no such folder\n',
    });
    expect(isFolder).toMatchObject({ code: 2, stdout: "" });
    expect(isFolder.stderr).toContain('got "lib": it is a folder');
  });

  test("leaves an older recording as it was when the options are wrong", async () => {
    write("kept.har", "old");

    const { code } = await runScript("kept.js", "1", "--record=kept.har", "--memory=1MB");

    expect(code).toBe(2);
    expect(readFileSync(join(folder, "kept.har"), "utf8")).toBe("old");
    expect(existsSync(join(folder, `kept.har.partial`))).toBe(false);
  });
});
