import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { runCommand, type RunningCommand, startCommand } from "../support/command.ts";

interface SimulatedCommand extends RunningCommand {
  readonly urls: readonly string[];
  type(line: string): void;
}

/** A running `netdevice simulate`. */
async function start(...args: readonly string[]): Promise<SimulatedCommand> {
  const running = startCommand(["simulate", ...args], { isInputOpen: true });
  onTestFinished(() => void running.child.kill());
  let first = "";
  running.child.stdout.on("data", (text: string) => (first += text));
  await running.printed("Ctrl-C ends it.");
  const urls = /listens at (.*)/.exec(first)?.[1]?.split(" and ") ?? [];
  return { ...running, urls, type: (line) => void running.child.stdin.write(`${line}\n`) };
}

async function open(url: string | undefined): Promise<WebSocket> {
  const client = new WebSocket(String(url));
  onTestFinished(() => client.terminate());
  await once(client, "open");
  return client;
}

test("netdevice simulate netzer prints what happens and does what is typed", async () => {
  const netzer = await start("netzer");
  const client = await open(netzer.urls[0]);
  client.send("tuv0=3");
  await once(client, "message");

  netzer.type("set 0 1");
  const [data]: unknown[] = await once(client, "message");
  netzer.type("power-cycle");
  const [code]: unknown[] = await once(client, "close");
  await netzer.printed("closed");
  netzer.child.kill("SIGINT");
  const { stdout, stderr, code: exitCode } = await netzer.result;

  expect([String(data), code, exitCode, stderr]).toEqual(['{"u":{"v":{"0":"1"}}}', 1006, 130, ""]);
  expect(stdout).toBe(`netzer listens at ${netzer.urls[0]}
Type set IO VALUE, silence, drop, unplug, plug, power-cycle. Ctrl-C ends it.
#1 open
#1 < tuv0=3
#1 > {"t":{"u":{"v":{"0":"3"}}}}
#1 > {"u":{"v":{"0":"1"}}}
#1 closed 1006
`);
});

test("netdevice simulate deconz tells the port of its WebSockets by HTTP", async () => {
  const deconz = await start("deconz", "--api-key", "ABC");
  const config = (await (await fetch(String(deconz.urls[0]))).json()) as {
    readonly websocketport: number;
  };
  const client = await open(`ws://127.0.0.1:${config.websocketport}`);

  deconz.type("press 1002");
  const [data]: unknown[] = await once(client, "message");
  await deconz.printed("#1 >");

  expect(deconz.urls[0]).toMatch(/\/api\/ABC\/config$/);
  expect(deconz.urls[1]).toBe(`ws://127.0.0.1:${config.websocketport}`);
  expect(JSON.parse(String(data))).toMatchObject({ state: { buttonevent: 1002 } });
});

test("netdevice simulate clown-hub has the credentials that it was given", async () => {
  const hub = await start("clown-hub", "--user", "me", "--password", "mine", "--interval", "5ms");
  const client = await open(hub.urls[0]);
  client.send('["clown.talk/-/config/set", {}]\n');
  await once(client, "message");

  const [reading]: unknown[] = await once(client, "message");

  expect(hub.urls[0]).toContain("ws://me:mine@127.0.0.1:");
  expect(String(reading)).toContain("thermometer/i2c0-48");
});

test.each([
  ["netzer", "st 0 1", '"st" is nothing that it does. Did you mean set?'],
  ["netzer", "set 0", "Write: set IO VALUE"],
  ["netzer", "set 99 1", "set: io must be an input of the module"],
  ["echo", "drop everything", "Write: drop"],
  ["deconz", "presence maybe", 'presence: expected on or off, got "maybe"'],
  ["clown-hub", "measure pressure 99", "measure: no sensor of the hub measures pressure"],
  ["turbulenz-chat", "help", "Type say NAME TEXT, join NAME, leave NAME, kick NAME [REASON]"],
])("%s says what is wrong with %j", async (simulator, line, answer) => {
  const { type, printed } = await start(simulator);

  type(line);

  await expect(printed(answer)).resolves.toBeUndefined();
});

test("a port in use is told with what to do", async () => {
  const occupier = createServer().listen(0, "127.0.0.1");
  await once(occupier, "listening");
  onTestFinished(() => void occupier.close());
  const { port } = occupier.address() as AddressInfo;

  const result = await runCommand(["simulate", "echo", "--port", String(port)]);

  expect(result).toMatchObject({
    code: 2,
    stderr: `netdevice: Cannot simulate echo: port ${port} of 127.0.0.1 is in use: choose another, or 0 for any that is free\n`,
  });
});

test("an unknown simulator is answered with the nearest", async () => {
  const { code, stderr } = await runCommand(["simulate", "decons"]);

  expect([code, stderr.trimEnd().endsWith("Did you mean deconz?")]).toEqual([2, true]);
});

test("a certificate that cannot be read is told by its option", async () => {
  const { code, stderr } = await runCommand(
    "simulate echo --cert missing.pem --key missing.pem".split(" "),
  );

  expect(code).toBe(2);
  expect(stderr).toBe(
    'netdevice: --cert cannot be read from "missing.pem": there is no such file\n',
  );
});
