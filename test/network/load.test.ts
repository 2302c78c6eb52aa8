import { describe, expect, test } from "vitest";
import { defaultLimits, type NetworkLimits } from "../../src/limits.ts";
import { allowOrigins } from "../../src/policy/allow-origins.ts";
import type { NetworkPolicy } from "../../src/policy/policy.ts";
import { createFakeTransport, type FakeConnection } from "../support/fake-transport.ts";
import { createTestNetwork, settled, type TestNetwork } from "../support/network.ts";
import { deferred } from "../support/recording-sink.ts";

// What the connections of one guest hold together.

const lost = { code: 1006, reason: "", wasClean: false } as const;

function withLimits(limits: Partial<NetworkLimits>): TestNetwork {
  return createTestNetwork({ limits: { ...defaultLimits, ...limits } });
}

/** Opens so many connections. */
function openAll({ open, transport }: TestNetwork, count: number): readonly FakeConnection[] {
  for (let index = 0; index < count; index += 1) open();
  return transport.connections;
}

describe("maxBufferedBytes", () => {
  test.each([
    ["below", "1234", undefined],
    ["at", "12345", undefined],
    ["above", "123456", 2],
  ])("is shared by all connections: %s it", async (_where, text, failed) => {
    const net = withLimits({ maxBufferedBytes: 10 });
    openAll(net, 2);
    net.network.send(1, "12345");

    net.network.send(2, text);

    await settled();
    expect(net.told.slice(2)).toEqual(failed === undefined ? [] : [`${failed} closed 1006 failed`]);
    expect(net.network.bufferedBytes).toBe(failed === undefined ? 5 + text.length : 5);
  });

  test("counts what a connection held no longer once it is gone, however it went", async () => {
    const net = withLimits({ maxBufferedBytes: 10 });
    const [, second] = openAll(net, 3);
    net.network.send(1, "1234");
    net.network.send(2, "1234");

    net.network.abort(1);
    second?.sink.closed({ code: 1006, reason: "", wasClean: false });
    second?.sink.sent(4);
    await settled();

    expect(net.network.bufferedBytes).toBe(0);
    net.network.send(3, "1234567890");
    expect(net.network.bufferedBytes).toBe(10);
  });

  test("bounds how many messages wait on all connections", async () => {
    const net = withLimits({ maxBufferedBytes: 10 });
    openAll(net, 2);
    for (let count = 0; count < 1_023; count += 1) net.network.send(1, "");

    net.network.send(2, "");
    await settled();
    expect(net.told).toHaveLength(2);
    net.network.send(2, "");

    await settled();
    expect(net.told.slice(2)).toEqual(["2 closed 1006 failed"]);
  });

  test("what is sent while closing grows bufferedAmount and takes no room", () => {
    const net = withLimits({ maxBufferedBytes: 10 });
    openAll(net, 1);
    net.network.close(1, 1000, "");

    net.network.send(1, "1234567890123");

    expect(net.network.bufferedAmount(1)).toBe(13);
    expect(net.network.bufferedBytes).toBe(0);
  });
});

describe("maxInboundBytes", () => {
  test.each([
    ["below", 3, false],
    ["at", 4, false],
    ["above", 5, true],
  ])("counts incomplete messages of all connections: %s it", async (_where, bytes, fails) => {
    const net = withLimits({ maxInboundBytes: 10 });
    const [first, second] = openAll(net, 2);
    first?.sink.received(6);

    second?.sink.received(bytes);

    await settled();
    expect(net.told.slice(2)).toEqual(fails ? ["2 closed 1006 failed"] : []);
    if (fails) {
      expect(net.events).toContainEqual({ type: "limit", limit: "maxInboundBytes", connection: 2 });
      expect(net.events.at(-1)).toMatchObject({ failure: { stage: "open", code: "ERR_LIMIT" } });
    }
  });

  test.each([
    ["at", "1234", false],
    ["above", "12345", true],
  ])("counts complete messages until the guest has them: %s it", async (_where, text, fails) => {
    const net = withLimits({ maxInboundBytes: 10 });
    const [first, second] = openAll(net, 2);
    first?.sink.text("123456");

    second?.sink.text(text);

    await settled();
    expect(net.told.slice(3)).toEqual([fails ? "2 closed 1006 failed" : `2 text ${text}`]);
    expect(net.network.waitingBytes).toBe(fails ? 6 : 10);
  });

  test("a message takes the place of its incomplete part", async () => {
    const net = withLimits({ maxInboundBytes: 10 });
    const [first] = openAll(net, 1);

    first?.sink.received(9);
    first?.sink.text("1234567890");
    first?.sink.received(0);

    await settled();
    expect(net.told.slice(1)).toEqual(["1 text 1234567890"]);
    net.network.delivered(10);
    first?.sink.text("1234567890");
    expect(net.network.waitingBytes).toBe(10);
  });

  test("the part of a connection that is gone counts no longer", async () => {
    const net = withLimits({ maxInboundBytes: 10 });
    const [first, second] = openAll(net, 2);
    first?.sink.received(8);

    net.network.abort(1);
    second?.sink.received(10);

    await settled();
    expect(net.told.slice(2)).toEqual([]);
  });
});

test("whoever is told of a connection may end everything: it does not begin", async () => {
  let end = (): void => {};
  const net = createTestNetwork({
    emit(event) {
      if (event.type === "connecting") end();
    },
  });
  end = () => void net.network.closeAll(1_000);

  net.connect();

  await settled();
  expect(net.transport.connections).toEqual([]);
  expect(net.network.connections).toBe(0);
  expect(net.clock.scheduled).toBe(0);
});

test("a transport that leads to the end of its connection is dropped when it has made it", async () => {
  const calls: string[] = [];
  const net = createTestNetwork({
    transport: {
      connect() {
        void net.network.closeAll(1_000);
        const ignore = (): void => {};
        const abort = (): void => void calls.push("abort");
        return { send: ignore, close: ignore, abort, pause: ignore, resume: ignore };
      },
    },
  });

  net.connect();

  await settled();
  expect(calls).toEqual(["abort"]);
});

test("how soon the next of a burst begins does not tell a refusal from a failure", () => {
  /** Milliseconds until each of a burst has been told of its failure. */
  function times(policy: NetworkPolicy): readonly number[] {
    const net = createTestNetwork({
      policy,
      random: () => 0.5,
      limits: { ...defaultLimits, maxConnecting: 4 },
      transport: {
        connect(_request, sink) {
          net.clock.schedule(() => sink.closed({ code: 1006, reason: "", wasClean: false }), 1);
          const ignore = (): void => {};
          return { send: ignore, close: ignore, abort: ignore, pause: ignore, resume: ignore };
        },
      },
    });
    for (let count = 0; count < 40; count += 1) net.connect();
    const at: number[] = [];
    for (let ms = 0; ms < 100_000 && at.length < 40; ms += 1) {
      net.clock.advance(1);
      while (at.length < net.told.length) at.push(ms);
    }
    return at;
  }

  expect(times({ allow: [] })).toEqual(times(allowOrigins(["ws://peer.example"])));
});

test.each([
  ["refuses", { allow: [] }],
  ["allows", allowOrigins(["ws://peer.example"])],
] satisfies readonly [string, NetworkPolicy][])(
  "the first connection loads the transport and waits for it, also when the policy %s it",
  async (_what, policy) => {
    const transport = createFakeTransport();
    const loaded = deferred<void>();
    let loads = 0;
    const net = createTestNetwork({
      policy,
      transport: {
        connect: (request, sink) => transport.connect(request, sink),
        load() {
          loads += 1;
          return loaded.promise;
        },
      },
    });
    expect(loads).toBe(0);

    net.connect();
    net.connect();
    net.clock.advance(60_000);
    await settled();
    expect(loads).toBe(1);
    expect(net.events.map(({ type }) => type)).toEqual(["connecting", "connecting"]);
    loaded.resolve();
    await settled();
    for (const { sink } of transport.connections) sink.closed(lost);
    net.clock.advance(19);
    expect(net.told).toEqual([]);
    net.clock.advance(1);

    expect(net.told).toEqual(["1 closed 1006 failed", "2 closed 1006 failed"]);
  },
);

test("a connection that is dropped while the transport is loaded never begins", async () => {
  const transport = createFakeTransport();
  const loaded = deferred<void>();
  const net = createTestNetwork({
    transport: {
      connect: (request, sink) => transport.connect(request, sink),
      load: () => loaded.promise,
    },
  });

  net.network.abort(net.connect());
  loaded.resolve();
  await settled();

  expect(transport.connections).toEqual([]);
  expect(net.network.connections).toBe(0);
});

test("a connection that fails at once is told of after 20 ms, one that took longer at once", async () => {
  const net = createTestNetwork();
  net.connect();
  net.connect();
  const [first, second] = net.transport.connections;

  first?.sink.closed(lost);
  net.clock.advance(19);
  await settled();
  expect(net.told).toEqual([]);
  expect(net.events.at(-1)).toMatchObject({ type: "closed", connection: 1 });
  net.clock.advance(1);
  expect(net.told).toEqual(["1 closed 1006 failed"]);
  second?.sink.closed(lost);

  expect(net.told).toEqual(["1 closed 1006 failed", "2 closed 1006 failed"]);
});

test("dropping a connection whose failure is not told yet ends it without a word", async () => {
  const net = createTestNetwork({ policy: { allow: [] } });
  const id = net.connect();

  net.network.abort(id);

  await settled();
  expect(net.network.connections).toBe(0);
  expect(net.told).toEqual([]);
  expect(net.clock.scheduled).toBe(0);
});

test("closeAll() does not wait for failures that are not told yet", async () => {
  const net = createTestNetwork({ policy: { allow: [] } });
  net.connect();

  await net.network.closeAll(1_000);

  expect(net.network.connections).toBe(0);
  expect(net.told).toEqual([]);
  expect(net.clock.scheduled).toBe(0);
});

test("closeAll() drops connections that wait for their turn, and none begins any more", async () => {
  const net = withLimits({ maxConnecting: 1 });
  for (let count = 0; count < 5; count += 1) net.connect();

  await net.network.closeAll(1_000);

  expect(net.transport.connections.map(({ calls }) => calls)).toEqual([["abort"]]);
  expect(net.events.filter(({ type }) => type === "closed")).toHaveLength(5);
  expect(net.clock.scheduled).toBe(0);
});
