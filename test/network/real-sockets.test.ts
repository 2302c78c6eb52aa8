import type { LookupFunction } from "node:net";
import { onTestFinished, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { defaultLimits, type NetworkLimits } from "../../src/limits.ts";
import { allowAllLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { createTestNetwork, type TestNetwork } from "../support/network.ts";
import { closeFrame, openRawServer } from "../support/raw-server.ts";

/** A network on real sockets and real time, and the moment when its last connection is gone. */
function createRealNetwork(
  limits: Partial<NetworkLimits> = {},
  lookup?: LookupFunction,
): TestNetwork & { readonly whenEmpty: Promise<void> } {
  let settle: () => void = () => undefined;
  const whenEmpty = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const created: TestNetwork = createTestNetwork({
    policy: lookup === undefined ? allowAllLoopback() : allowOrigins(["ws://name.example:*"]),
    transport: wsTransport(lookup === undefined ? {} : { lookup }),
    clock: systemClock,
    limits: { ...defaultLimits, ...limits },
    changed: () => {
      if (created.network.connections === 0) settle();
    },
  });
  onTestFinished(() => created.network.closeAll(0));
  return { ...created, whenEmpty };
}

test("a server that drips its answer byte by byte fails at the handshake timeout", async () => {
  const server = await openRawServer();
  const { network, told, events, whenEmpty } = createRealNetwork({ handshakeTimeout: 500 });
  network.connect(server.url, []);
  const peer = await server.next();
  peer.write("HTTP/1.1 101 X\r\n");
  const drip = setInterval(() => peer.write("X: y\r\n"), 5);

  await whenEmpty;
  clearInterval(drip);

  expect(told).toEqual(["1 closed 1006 failed"]);
  expect(events.at(-1)).toMatchObject({
    failure: { stage: "handshake", code: "ERR_HANDSHAKE_TIMEOUT" },
  });
  await peer.closed();
});

test("a resolver that never answers fails at the handshake timeout", async () => {
  const { network, told, events, whenEmpty } = createRealNetwork(
    { handshakeTimeout: 20 },
    () => undefined,
  );

  network.connect("ws://name.example:8080", []);

  await whenEmpty;
  expect(told).toEqual(["1 closed 1006 failed"]);
  expect(events.at(-1)).toMatchObject({
    failure: { stage: "resolve", code: "ERR_HANDSHAKE_TIMEOUT" },
  });
});

test("a redirect to an address that is allowed is not followed", async () => {
  const server = await openRawServer();
  const { network, events, whenEmpty } = createRealNetwork();
  network.connect(server.url, []);
  const peer = await server.next();
  await peer.readRequest();

  peer.write(`HTTP/1.1 302 Found\r\nLocation: ${server.url}other\r\nContent-Length: 0\r\n\r\n`);

  await whenEmpty;
  expect(events.at(-1)).toMatchObject({ failure: { code: "ERR_HANDSHAKE_STATUS", status: 302 } });
  expect(server.accepted).toBe(1);
});

test("closeAll() closes with 1001 and settles with the peer's answer", async () => {
  const server = await openRawServer();
  const { network, told } = createRealNetwork();
  network.connect(server.url, []);
  const peer = await server.accept();
  await expect.poll(() => told).toEqual(["1 open"]);

  const over = network.closeAll(10_000);

  expect((await peer.readFrame()).payload.readUInt16BE(0)).toBe(1001);
  peer.write(closeFrame(1001));
  peer.socket.end();
  await over;
  expect(told).toEqual(["1 open"]);
});

test("a hundred connections are open at once", async () => {
  const server = await openRawServer();
  const { network, told } = createRealNetwork();

  for (let index = 0; index < 100; index += 1) network.connect(server.url, []);
  for (let index = 0; index < 100; index += 1) await server.accept();

  await expect.poll(() => told.length).toBe(100);
  expect(network.connections).toBe(100);
});
