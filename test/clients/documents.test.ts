import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { codeBlocks } from "../support/code-blocks.ts";
import { runCommand } from "../support/command.ts";
import { startAedes } from "./servers/aedes.ts";
import { startEcho } from "./servers/echo.ts";
import { startGraphQl } from "./servers/graphql.ts";
import { startHomeAssistant } from "./servers/home-assistant.ts";
import { startJsonRpc } from "./servers/json-rpc.ts";
import { startNats } from "./servers/nats.ts";
import { startObs } from "./servers/obs.ts";
import { startRpcWebSockets } from "./servers/rpc-websockets.ts";
import { startSocketIo } from "./servers/socket.io.ts";
import { startStomp } from "./servers/stomp.ts";
import type { TestServer } from "./servers/test-server.ts";
import { startYWebSocket } from "./servers/y-websocket.ts";

const page = readFileSync(new URL("../../docs/libraries.md", import.meta.url), "utf8");

/** Servers by the name that a block of the page gives after `library`. */
const servers: Readonly<Record<string, () => Promise<TestServer>>> = {
  echo: startEcho,
  graphql: startGraphQl,
  "home-assistant": startHomeAssistant,
  "json-rpc": startJsonRpc,
  mqtt: startAedes,
  nats: startNats,
  obs: startObs,
  "rpc-websockets": startRpcWebSockets,
  "socket.io": startSocketIo,
  stomp: startStomp,
  "y-websocket": startYWebSocket,
};

const examples = codeBlocks(page)
  .filter(({ marks }) => marks[0] === "library")
  .map(({ code, line, marks, output }) => ({ code, line, output, server: marks[1] ?? "" }));

test.each(examples)(
  "The example for $server in line $line prints what the page says, run by the command",
  async ({ code, output, server }) => {
    const start = servers[server];
    if (start === undefined) throw new Error(`There is no server ${server}`);
    const { url } = await start();
    const file = await writeScript(code.replace(/"(?:wss|https):\/\/[^"]*"/, JSON.stringify(url)));

    const result = await runCommand(["run", file, "--allow-all-loopback"]);

    expect(result).toMatchObject({ code: 0, stdout: `${output}\n` });
  },
);

test("The page names the versions that are tested", () => {
  const { devDependencies: installed } = JSON.parse(
    readFileSync(new URL("package.json", import.meta.url), "utf8"),
  ) as { readonly devDependencies: Readonly<Record<string, string>> };

  const named = [...page.matchAll(/^\| `([^`]+)` +\| (\S+)/gm)].map(([, name = "", version]) => [
    name,
    version,
  ]);

  expect(named.length).toBeGreaterThan(14);
  expect(named).toEqual(named.map(([name = ""]) => [name, installed[name]]));
});

/** Writes a script to a folder of its own below that of the libraries, for the time of the test. */
async function writeScript(code: string): Promise<string> {
  const parent = fileURLToPath(new URL("dist/", import.meta.url));
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "example-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "app.js");
  await writeFile(file, code);
  return file;
}
