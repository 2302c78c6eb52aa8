import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type ClownHub, startClownHub } from "../../src/simulators/clown-hub.ts";

let hub: ClownHub;

beforeEach(async () => {
  hub = await startClownHub({ interval: 5 });
});

afterEach(async () => {
  await hub.close();
});

async function connect(): Promise<WebSocket> {
  const client = new WebSocket(hub.url);
  await once(client, "open");
  return client;
}

async function nextMessage(client: WebSocket): Promise<unknown> {
  const [data]: unknown[] = await once(client, "message");
  return JSON.parse(String(data));
}

async function refusedStatus(url: string): Promise<number | undefined> {
  const client = new WebSocket(url);
  client.on("error", () => {});
  const [, response]: [unknown, { statusCode?: number; destroy(): void }] = (await once(
    client,
    "unexpected-response",
  )) as never;
  response.destroy();
  client.terminate();
  return response.statusCode;
}

describe("a Clown.Hub", () => {
  test("answers a line and then sends telemetry", async () => {
    const client = await connect();
    const messages: unknown[] = [];
    client.on("message", (data) => messages.push(JSON.parse(String(data))));

    client.send('["clown.talk/-/config/set", {}]\n');
    while (messages.length < 3) await once(client, "message");

    expect(messages.slice(0, 3)).toEqual([
      ["clown.talk/-/config/ok", expect.objectContaining({ device: "bridge" })],
      ["thermometer/i2c0-48", { temperature: [23.5, "\u2103"] }],
      ["thermometer/i2c0-48", { temperature: [23.6, "\u2103"] }],
    ]);
  });

  test("puts a line together from several frames and takes several lines in one", async () => {
    const client = await connect();
    const messages: unknown[] = [];
    client.on("message", (data) => messages.push(JSON.parse(String(data))));

    client.send('["led/-/set", {"sta');
    client.send('te": "on"}]\n["a"]\nshort\n["relay/i2c0-3f/get", {}]\n');
    while (messages.length < 2) await once(client, "message");

    expect(messages).toEqual([
      ["led/-/ok", { state: "on" }],
      ["relay/i2c0-3f/ok", { state: false }],
    ]);
  });

  test("each connection has a bridge of its own", async () => {
    const [first, second] = [await connect(), await connect()];

    first.send('["relay/i2c0-3b/set", {"state": true}]\n');
    await nextMessage(first);
    second.send('["relay/i2c0-3b/get", {}]\n');

    expect(await nextMessage(second)).toEqual(["relay/i2c0-3b/ok", { state: false }]);
    expect(hub.clients).toBe(2);
  });

  test("wrong or missing credentials are answered with 401, another path with 404", async () => {
    expect(await refusedStatus(hub.url.replace("password", "wrong"))).toBe(401);
    expect(await refusedStatus(hub.url.replace("user:password@", ""))).toBe(401);
    expect(await refusedStatus(`${hub.url}x`)).toBe(404);
  });

  test("drop() ends TCP without a close frame", async () => {
    const client = await connect();
    const closed = once(client, "close");

    hub.drop();

    expect((await closed)[0]).toBe(1006);
  });

  test("pings its clients", async () => {
    await using pinging = await startClownHub({ pingInterval: 5 });
    const client = new WebSocket(pinging.url);

    await once(client, "ping");

    expect(pinging.clients).toBe(1);
  });

  test("drops a client that sends nothing, not even pongs, until the read deadline", async () => {
    await using strict = await startClownHub({ readDeadline: 5 });
    const client = new WebSocket(strict.url, { autoPong: false });

    const [code]: unknown[] = await once(client, "close");

    expect(code).toBe(1006);
  });

  test("close() may be called twice", async () => {
    await connect();

    await Promise.all([hub.close(), hub.close()]);

    expect(hub.clients).toBe(0);
  });
});
