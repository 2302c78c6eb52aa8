import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { type CommandResult, runCommand } from "./command.ts";

/** A folder for the scripts of one test file. */
export interface ScriptFolder {
  /** Its path contains a space. It has a folder `lib` and a `link.js` to a `secret.js` beside the folder. */
  readonly folder: string;
  readonly write: (name: string, source: string) => void;
  /** Writes a script and runs it in the folder. */
  readonly runScript: (
    name: string,
    source: string,
    ...options: string[]
  ) => Promise<CommandResult>;
}

/** Makes a {@link ScriptFolder} that goes with the test file. */
export function openScriptFolder(): ScriptFolder {
  const base = mkdtempSync(join(tmpdir(), "netdevice command "));
  const folder = join(base, "scripts");
  mkdirSync(join(folder, "lib"), { recursive: true });
  writeFileSync(join(base, "secret.js"), "export default 'secret';");
  symlinkSync(join(base, "secret.js"), join(folder, "link.js"));
  afterAll(() => rmSync(base, { recursive: true, force: true }));

  function write(name: string, source: string): void {
    writeFileSync(join(folder, name), source);
  }
  return {
    folder,
    write,
    async runScript(name, source, ...options) {
      write(name, source);
      return runCommand(["run", name, ...options], { cwd: folder });
    },
  };
}

/** An echo server for one test; `origin` is what scripts connect to. */
export async function openServer(): Promise<{
  readonly server: WebSocketServer;
  readonly origin: string;
}> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", maxPayload: 2 ** 26 });
  server.on("connection", (socket) => {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return { server, origin: `ws://127.0.0.1:${address.port}` };
}
