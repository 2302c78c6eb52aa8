import { describe, expect, test } from "vitest";
import { fetchWindow } from "../../src/boundary.ts";
import type { SandboxEventDetail } from "../../src/events.ts";
import { defaultLimits, type NetworkLimits } from "../../src/limits.ts";
import type { GuestSink } from "../../src/network/network.ts";
import type { NetworkPolicy, Verdict } from "../../src/policy/policy.ts";
import { createTestNetwork, settled, type TestNetwork } from "../support/network.ts";
import { deferred } from "../support/recording-sink.ts";

/** Milliseconds that every fetch takes to fail, at least. */
const failureTime = 20;

const get = ["GET", "follow"];
const post = ["POST", "follow", "Content-Type", "text/plain"];

function withLimits(limits: Partial<NetworkLimits>): TestNetwork {
  return createTestNetwork({ limits: { ...defaultLimits, ...limits } });
}

/** Stage and code of every failure. */
function failuresIn(events: readonly SandboxEventDetail[]): readonly string[] {
  return events.flatMap((event) =>
    event.type === "finished" && event.failure !== undefined
      ? [`${event.failure.stage} ${event.failure.code}`]
      : [],
  );
}

function bytes(count: number): Uint8Array {
  return new Uint8Array(count).fill(0x61);
}

describe("a fetch", () => {
  test("goes to the transport with what the policy says of its host, and its answer to the guest", async () => {
    const connect = {
      headers: { "X-Key": "secret" },
      credentials: { username: "u", password: "p" },
    };
    const { transport, told, events, fetch } = createTestNetwork({
      policy: { allow: [{ origin: "https://api.example", connect }] },
    });
    fetch("https://api.example/a?b#c", post, "hello");

    expect(transport.lastExchange.request).toMatchObject({
      url: "https://api.example/a?b",
      method: "POST",
      headers: [["Content-Type", "text/plain"]],
      body: new Uint8Array(Buffer.from("hello")),
      connect,
    });
    transport.lastExchange.answer(201, [["A", "1"]]);
    transport.lastExchange.sink.data(new Uint8Array(Buffer.from("body")));
    transport.lastExchange.sink.end();

    expect(told).toEqual(["1 head 201 https://api.example/a?b", "1 data body", "1 end"]);
    expect(events).toEqual([
      {
        type: "request",
        request: 1,
        method: "POST",
        url: "https://api.example/a?b",
        headers: [["Content-Type", "text/plain"]],
      },
      { type: "response", request: 1, status: 201, statusText: "text", headers: [["A", "1"]] },
      { type: "finished", request: 1 },
    ]);
  });

  test("is numbered together with connections", () => {
    const { connect, fetch } = createTestNetwork();

    expect([connect(), fetch(), connect()]).toEqual([1, 2, 3]);
  });

  test("tells the bodies only when they are traced", () => {
    const { transport, events, fetch } = createTestNetwork({ trace: true });
    fetch(undefined, post, "sent");
    transport.lastExchange.answer();
    transport.lastExchange.sink.data(new Uint8Array(Buffer.from("got")));
    transport.lastExchange.sink.end();

    expect(events.map(({ type }) => type)).toEqual([
      "request",
      "requestBody",
      "response",
      "responseBody",
      "finished",
    ]);
    expect(events[3]).toMatchObject({ data: new Uint8Array(Buffer.from("got")) });
  });

  test("hides cookies from the guest and not from observers", () => {
    const heads: unknown[] = [];
    const { transport, events, network } = createTestNetwork({
      guest: { ...ignoringGuest(), head: (_id, head) => heads.push(head) },
    });
    network.fetch(["http://peer.example/", ...get], undefined);
    transport.lastExchange.answer(200, [
      ["Set-Cookie", "a=b"],
      ["set-cookie2", "c"],
      ["X", "y"],
    ]);

    expect(heads).toEqual([[200, "text", "http://peer.example/", false, "X", "y"]]);
    expect(events.at(-1)).toMatchObject({ headers: [["Set-Cookie", "a=b"], {}, {}] });
  });

  test("with a transport that has no request() fails", () => {
    const { clock, told, events, fetch } = createTestNetwork({
      transport: { connect: () => expect.fail("not asked for") },
    });
    fetch();

    clock.advance(failureTime);

    expect(told).toEqual(["1 failed"]);
    expect(failuresIn(events)).toEqual(["connect ERR_CONNECT"]);
  });

  test("with a transport that throws fails", () => {
    const { clock, told, events, fetch } = createTestNetwork({
      transport: {
        connect: () => expect.fail("not asked for"),
        request() {
          throw new Error("no");
        },
      },
    });
    fetch();

    clock.advance(failureTime);

    expect(told).toEqual(["1 failed"]);
    expect(failuresIn(events)).toEqual(["connect ERR_CONNECT"]);
  });
});

describe("the policy", () => {
  const refusals: readonly (readonly [string, NetworkPolicy, string])[] = [
    ["nothing granted", { allow: [] }, "http://peer.example/"],
    [
      "a grant for WebSockets",
      { allow: [{ origin: "ws://peer.example" }] },
      "http://peer.example/",
    ],
    [
      "a grant without TLS",
      { allow: [{ origin: "http://peer.example:*" }] },
      "https://peer.example/",
    ],
    ["a grant with TLS", { allow: [{ origin: "https://peer.example:*" }] }, "http://peer.example/"],
    ["another port", { allow: [{ origin: "http://peer.example" }] }, "http://peer.example:81/"],
    ["a bad port", { allow: [{ origin: "http://peer.example:*" }] }, "http://peer.example:25/"],
    ["a private address", { allow: [{ origin: "http://*" }] }, "http://192.168.0.1/"],
    ["loopback in disguise", { allow: [{ origin: "http://*" }] }, "http://0x7f.1/"],
    ["credentials", { allow: [{ origin: "http://peer.example" }] }, "http://u:p@peer.example/"],
    [
      "a denial",
      { allow: [{ origin: "http://*" }], deny: ["http://peer.example"] },
      "http://peer.example/",
    ],
    ["a function that refuses", () => ({ allow: false, reason: "no" }), "http://peer.example/"],
    [
      "a function that throws",
      () => {
        throw new Error("no");
      },
      "http://peer.example/",
    ],
  ];

  test.each(refusals)(
    "refuses for %s, and looks like any other failure",
    async (_why, policy, url) => {
      const { transport, clock, told, fetch } = createTestNetwork({ policy });

      fetch(url);
      await settled();
      clock.advance(failureTime - 1);
      expect(told).toEqual([]);
      clock.advance(1);

      expect(told).toEqual(["1 failed"]);
      expect(transport.exchanges).toEqual([]);
    },
  );

  test("a failure of the network takes as long as a refusal", () => {
    const { transport, clock, told, fetch } = createTestNetwork();
    fetch();
    transport.lastExchange.sink.failed(lost);

    clock.advance(failureTime - 1);
    expect(told).toEqual([]);
    clock.advance(1);

    expect(told).toEqual(["1 failed"]);
  });

  test("does not open WebSockets with a grant to fetch", () => {
    const { transport, clock, told, connect } = createTestNetwork({
      policy: { allow: [{ origin: "http://peer.example" }] },
    });
    connect("ws://peer.example/");

    clock.advance(failureTime);

    expect(told).toEqual(["1 closed 1006 failed"]);
    expect(transport.connections).toEqual([]);
  });

  test("is asked with the URL of the fetch and without subprotocols", async () => {
    const asked: unknown[] = [];
    const { fetch } = createTestNetwork({
      policy: ({ url, protocols, hasUrlCredentials }) => {
        asked.push([url.href, protocols, hasUrlCredentials]);
        return { allow: true };
      },
    });

    fetch("https://api.example/x#y");

    expect(asked).toEqual([["https://api.example/x", [], false]]);
  });

  test("that changes ends a fetch which it does not allow any more, also within the body", async () => {
    const { network, transport, told, events, fetch } = createTestNetwork();
    fetch();
    transport.lastExchange.answer();

    await network.setPolicy({ allow: [] });
    await settled();

    expect(told).toEqual(["1 head 200 http://peer.example/", "1 failed"]);
    expect(transport.lastExchange.calls).toContain("abort");
    expect(failuresIn(events)).toEqual(["open ERR_POLICY_REVOKED"]);
  });

  test("that changes to one with another address rule ends the fetch from an address that it refuses", async () => {
    const { network, transport, events, fetch } = createTestNetwork();
    fetch();
    transport.lastExchange.answer(200, [], "203.0.113.7");

    await network.setPolicy({
      allow: [{ origin: "http://*", addresses: { deny: ["203.0.113.0/24"] } }],
    });

    expect(failuresIn(events)).toEqual(["open ERR_POLICY_REVOKED"]);
  });

  test("that changes while it is asked is asked anew", async () => {
    const verdict = deferred<Verdict>();
    const { network, transport, fetch } = createTestNetwork({ policy: () => verdict.promise });
    fetch();

    await network.setPolicy({ allow: [{ origin: "http://peer.example" }] });
    verdict.resolve({ allow: false, reason: "late" });
    await settled();

    expect(transport.exchanges).toHaveLength(1);
  });
});

describe("limits", () => {
  test("maxConnections counts fetches and connections together, until the body has ended", () => {
    const { transport, clock, told, events, open, fetch } = withLimits({ maxConnections: 2 });
    open();
    fetch();
    transport.lastExchange.answer();

    fetch();
    clock.advance(failureTime);
    expect(told.at(-1)).toBe("3 failed");
    expect(events).toContainEqual({ type: "limit", limit: "maxConnections", request: 3 });
    transport.lastExchange.sink.end();
    fetch();

    expect(transport.exchanges).toHaveLength(2);
  });

  test.each([
    ["at", 6, []],
    ["above", 7, ["limit ERR_MESSAGE_TOO_LARGE"]],
  ])("a body %s maxMessageBytes", (_where, length, expected) => {
    const { clock, events, fetch } = withLimits({ maxMessageBytes: 6 });

    fetch(undefined, post, "x".repeat(length));
    clock.advance(failureTime);

    expect(failuresIn(events)).toEqual(expected);
  });

  test("maxBufferedBytes bounds the bodies of all fetches until they are answered", () => {
    const { transport, clock, events, fetch } = withLimits({ maxBufferedBytes: 10 });
    fetch(undefined, post, "123456");
    fetch(undefined, post, "12345");
    clock.advance(failureTime);

    expect(failuresIn(events)).toEqual(["limit ERR_LIMIT"]);
    transport.exchanges[0]?.answer();
    fetch(undefined, post, "12345");
    clock.advance(failureTime);

    expect(failuresIn(events)).toEqual(["limit ERR_LIMIT"]);
  });

  test("handshakeTimeout bounds the time until the request is sent", () => {
    const { transport, clock, events, fetch } = withLimits({ handshakeTimeout: 100 });
    fetch();
    transport.lastExchange.sink.reached("connect");

    clock.advance(100);

    expect(failuresIn(events)).toEqual([]);
    transport.lastExchange.sink.failed(lost);
    expect(failuresIn(events)).toEqual(["connect ERR_CONNECT"]);
  });

  test("handshakeTimeout ends a fetch whose transport tells that it still connects", () => {
    const told: string[] = [];
    const { clock, events, fetch } = createTestNetwork({
      limits: { ...defaultLimits, handshakeTimeout: 100 },
      transport: {
        connect: () => expect.fail("not asked for"),
        request(_request, sink) {
          sink.reached("resolve");
          return { abort: () => told.push("abort"), pause() {}, resume() {} };
        },
      },
    });
    fetch();

    clock.advance(99);
    expect(failuresIn(events)).toEqual([]);
    clock.advance(1);

    expect(failuresIn(events)).toEqual(["resolve ERR_HANDSHAKE_TIMEOUT"]);
    expect(told).toEqual(["abort"]);
  });

  test("responseTimeout bounds the wait for the answer", () => {
    const { transport, clock, told, events, fetch } = withLimits({ responseTimeout: 1_000 });
    fetch();
    transport.lastExchange.sink.reached("handshake");

    clock.advance(999);
    expect(told).toEqual([]);
    clock.advance(1);
    clock.advance(failureTime);

    expect(failuresIn(events)).toEqual(["handshake ERR_RESPONSE_TIMEOUT"]);
    expect(transport.lastExchange.calls).toEqual(["abort"]);
  });

  test("responseTimeout bounds each silence within a body that is wanted", async () => {
    const { transport, clock, told, events, fetch } = withLimits({ responseTimeout: 1_000 });
    fetch();
    transport.lastExchange.answer();
    clock.advance(900);
    transport.lastExchange.sink.data(bytes(1));
    clock.advance(999);
    expect(failuresIn(events)).toEqual([]);

    clock.advance(1);
    await settled();

    expect(failuresIn(events)).toEqual(["open ERR_RESPONSE_TIMEOUT"]);
    expect(told.at(-1)).toBe("1 failed");
  });

  test("responseTimeout does not run while the guest takes nothing", async () => {
    const { network, transport, clock, events, fetch } = withLimits({ responseTimeout: 1_000 });
    const id = fetch();
    transport.lastExchange.answer();
    transport.lastExchange.sink.data(bytes(fetchWindow));
    clock.advance(10_000);
    expect(failuresIn(events)).toEqual([]);

    network.fetchRead(id);
    await settled();
    clock.advance(1_000);

    expect(failuresIn(events)).toEqual(["open ERR_RESPONSE_TIMEOUT"]);
  });

  test("maxInboundBytes ends a fetch whose transport goes on although it was told to pause", async () => {
    const { transport, told, events, fetch } = withLimits({ maxInboundBytes: 10 });
    fetch();
    transport.lastExchange.answer();
    transport.lastExchange.sink.data(bytes(fetchWindow));
    transport.lastExchange.sink.data(bytes(10));
    expect(failuresIn(events)).toEqual([]);

    transport.lastExchange.sink.data(bytes(1));
    await settled();

    expect(failuresIn(events)).toEqual(["open ERR_LIMIT"]);
    expect(told.at(-1)).toBe("1 failed");
  });

  test("a loop that fetches and drops is told to wait", () => {
    const { network, events, fetch } = withLimits({ maxConnections: 2 });
    for (let count = 0; count < 1_026; count += 1) network.fetchAbort(fetch());

    const ids = Array.from({ length: 1_100 }, () => fetch());

    expect(ids.at(-1)).toBe(-1);
    expect(events.at(-1)).toEqual({ type: "limit", limit: "maxConnections" });
  });
});

describe("a body", () => {
  test("pauses when the guest has no more room, and goes on when it has", async () => {
    const { network, transport, told, fetch } = createTestNetwork();
    const id = fetch();
    transport.lastExchange.answer();
    const { sink, calls } = transport.lastExchange;

    sink.data(bytes(fetchWindow));
    expect(calls).toEqual(["pause"]);
    sink.data(new Uint8Array(Buffer.from("late")));
    expect(told).toHaveLength(2);
    network.fetchRead(id);
    await settled();

    expect(told.at(-1)).toBe("1 data late");
    expect(calls).toEqual(["pause", "resume"]);
  });

  test("that has ended is told to have when the guest has taken it", async () => {
    const { network, transport, told, fetch } = createTestNetwork();
    const id = fetch();
    transport.lastExchange.answer();
    const { sink } = transport.lastExchange;
    sink.data(bytes(fetchWindow));
    sink.data(new Uint8Array(Buffer.from("rest")));
    sink.end();
    expect(told).toHaveLength(2);

    network.fetchRead(id);
    await settled();

    expect(told.slice(2)).toEqual(["1 data rest", "1 end"]);
    expect(network.connections).toBe(0);
  });

  test("that nobody reads leaves the network idle, and one that is under way does not", () => {
    const { network, transport, fetch } = createTestNetwork();
    fetch();
    transport.lastExchange.answer();
    transport.lastExchange.sink.data(bytes(fetchWindow - 1));
    expect(network.isIdle).toBe(false);

    transport.lastExchange.sink.data(bytes(1));

    expect(network.isIdle).toBe(true);
    expect(network.connections).toBe(1);
  });

  test("is lost with its connection", async () => {
    const { transport, told, events, fetch } = createTestNetwork();
    fetch();
    transport.lastExchange.answer();
    transport.lastExchange.sink.data(bytes(1));
    transport.lastExchange.sink.failed({ ...lost, stage: "open", code: "ERR_CONNECTION_LOST" });
    await settled();

    expect(told.slice(1)).toEqual(["1 data a", "1 failed"]);
    expect(failuresIn(events)).toEqual(["open ERR_CONNECTION_LOST"]);
  });

  test("that the guest has no room for ends the fetch", async () => {
    const { network, transport, told, events, fetch } = createTestNetwork();
    const id = fetch();
    transport.lastExchange.answer();

    network.overflow(id);
    await settled();

    expect(told.at(-1)).toBe("1 failed");
    expect(events).toContainEqual({ type: "limit", limit: "maxMemory", request: 1 });
  });
});

describe("abort", () => {
  test.each<readonly [string, (net: TestNetwork) => void]>([
    ["before its turn", () => {}],
    ["before the answer", ({ transport }) => transport.lastExchange.sink.reached("handshake")],
    ["after the answer", ({ transport }) => transport.lastExchange.answer()],
    [
      "within the body",
      ({ transport }) => {
        transport.lastExchange.answer();
        transport.lastExchange.sink.data(bytes(fetchWindow + 1));
      },
    ],
    [
      "after a failure that is not told yet",
      ({ transport }) => transport.lastExchange.sink.failed(lost),
    ],
  ])("%s ends everything at once, and the guest hears nothing more", async (when, prepare) => {
    const net = when === "before its turn" ? withLimits({ maxConnecting: 1 }) : createTestNetwork();
    const { network, clock, told, events, connect, fetch } = net;
    if (when === "before its turn") connect();
    const id = fetch();
    prepare(net);
    const before = told.length;

    network.fetchAbort(id);
    await settled();
    clock.advance(failureTime);

    expect(told).toHaveLength(before);
    expect(events.filter(({ type }) => type === "finished")).toHaveLength(1);
    expect(network.connections).toBe(when === "before its turn" ? 1 : 0);
  });

  test("of the whole network drops all fetches", async () => {
    const { network, transport, told, fetch } = createTestNetwork();
    fetch();
    fetch();
    transport.exchanges[0]?.answer();

    await network.closeAll(100);

    expect(told).toEqual(["1 head 200 http://peer.example/"]);
    expect(transport.exchanges.map(({ calls }) => calls)).toEqual([["abort"], ["abort"]]);
    expect(fetch()).toBe(3);
    expect(network.connections).toBe(0);
  });
});

const lost = {
  stage: "connect",
  code: "ERR_CONNECT",
  message: "refused",
  host: "peer.example:80",
} as const;

/** A guest that hears nothing. */
function ignoringGuest(): GuestSink {
  const ignore = (): void => {};
  return {
    open: ignore,
    text: ignore,
    binary: ignore,
    closed: ignore,
    head: ignore,
    data: ignore,
    end: ignore,
    failed: ignore,
  };
}
