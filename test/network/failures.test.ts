import { describe, expect, test } from "vitest";
import type { SandboxEventDetail } from "../../src/events.ts";
import { defaultLimits, type NetworkLimits } from "../../src/limits.ts";
import type { NetworkPolicy, PolicyFunction, Verdict } from "../../src/policy/policy.ts";
import { cleanClose } from "../support/fake-transport.ts";
import { createTestNetwork, settled, type TestNetwork } from "../support/network.ts";
import { deferred } from "../support/recording-sink.ts";

/** Stage, code and address of the only failure. */
function failureIn(events: readonly SandboxEventDetail[]): string {
  const failures = events.flatMap((event) => (event.type === "closed" ? [event.failure] : []));
  expect(failures).toHaveLength(1);
  const [failure] = failures;
  return [failure?.stage, failure?.code, failure?.address].join(" ").trimEnd();
}

/** Milliseconds that every connection takes to fail, at least. */
const failureTime = 20;

function withLimits(limits: Partial<NetworkLimits>): TestNetwork {
  return createTestNetwork({ limits: { ...defaultLimits, ...limits } });
}

/** Connects under a policy and waits for the failure. */
async function fail(policy: NetworkPolicy, url?: string): Promise<string> {
  const { transport, clock, told, events, connect } = createTestNetwork({ policy });
  connect(url);
  await settled();
  clock.advance(failureTime - 1);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told).toEqual(["1 closed 1006 failed"]);
  expect(transport.connections).toHaveLength(0);
  return failureIn(events);
}

describe("a policy of rules", () => {
  test("refuses after connect() has returned, without asking the transport", async () => {
    await expect(fail({ allow: [] })).resolves.toBe("policy ERR_POLICY_REFUSED");
  });

  test("refuses addresses with the address", async () => {
    await expect(fail({ allow: [{ origin: "ws://*" }] }, "ws://0x7f.1")).resolves.toBe(
      "policy ERR_ADDRESS_REFUSED 127.0.0.1",
    );
  });

  test("hands credentials of the URL on where a grant permits it, decoded", () => {
    const { transport, connect } = createTestNetwork({
      policy: { allow: [{ origin: "ws://*@h.example" }] },
    });

    connect("ws://us%C3%A9r:p%3Aw@h.example");

    expect(transport.last.request).toMatchObject({
      url: "ws://h.example/",
      connect: { credentials: { username: "usér", password: "p:w" } },
    });
  });

  test("prefers its own credentials to those of the URL", () => {
    const credentials = { username: "own", password: "secret" };
    const { transport, connect } = createTestNetwork({
      policy: { allow: [{ origin: "ws://*@h.example", connect: { credentials } }] },
    });

    connect("ws://user:pass@h.example");

    expect(transport.last.request.connect.credentials).toEqual(credentials);
  });

  test("prefers its own Authorization header to credentials of the URL", () => {
    const headers = { authorization: "Bearer secret" };
    const { transport, connect } = createTestNetwork({
      policy: { allow: [{ origin: "ws://*@h.example", connect: { headers } }] },
    });

    connect("ws://other:word@h.example/");

    expect(transport.last.request.connect).toEqual({ headers });
  });

  test("refuses credentials of the URL otherwise", async () => {
    await expect(
      fail({ allow: [{ origin: "ws://h.example" }] }, "ws://u:p@h.example"),
    ).resolves.toBe("policy ERR_POLICY_REFUSED");
  });
});

describe("a policy function", () => {
  test("is asked with the URL without credentials, and its verdict reaches the transport", async () => {
    const asked: unknown[] = [];
    const policy: PolicyFunction = ({ url, protocols, hasUrlCredentials, signal }) => {
      asked.push([url.href, protocols, hasUrlCredentials, signal.aborted]);
      url.host = "changed.example";
      return {
        allow: true,
        addresses: { loopback: true },
        connect: { origin: "x" },
        urlCredentials: true,
      };
    };
    const { transport, connect } = createTestNetwork({ policy });

    connect("wss://u:p@h.example/a", ["chat"]);

    await settled();
    expect(asked).toEqual([["wss://h.example/a", ["chat"], true, false]]);
    expect(transport.last.request).toMatchObject({
      url: "wss://h.example/a",
      addresses: { loopback: true },
      connect: { origin: "x", credentials: { username: "u", password: "p" } },
    });
  });

  test.each<[string, PolicyFunction, string]>([
    ["refuses", () => ({ allow: false, reason: "no" }), "policy ERR_POLICY_REFUSED"],
    ["refuses in time", async () => ({ allow: false, reason: "no" }), "policy ERR_POLICY_REFUSED"],
    [
      "throws",
      () => {
        throw new Error("no");
      },
      "policy ERR_POLICY_FAILED",
    ],
    ["rejects", () => Promise.reject(new Error("no")), "policy ERR_POLICY_FAILED"],
    [
      "rejects with nothing",
      () => Promise.reject(Object.create(null) as Error),
      "policy ERR_POLICY_FAILED",
    ],
    ["answers nothing", () => undefined as unknown as Verdict, "policy ERR_POLICY_FAILED"],
    ["answers true", () => true as unknown as Verdict, "policy ERR_POLICY_FAILED"],
    [
      "answers a truthy allow",
      () => ({ allow: 1 }) as unknown as Verdict,
      "policy ERR_POLICY_FAILED",
    ],
    ["misspells", () => ({ allow: true, adresses: {} }) as Verdict, "policy ERR_POLICY_FAILED"],
    [
      "answers wrong addresses",
      () => ({ allow: true, addresses: { allow: ["x"] } }),
      "policy ERR_POLICY_FAILED",
    ],
  ])("that %s fails the connection", async (_name, policy, expected) => {
    await expect(fail(policy)).resolves.toBe(expected);
  });

  test("allows no private address unless it says so", async () => {
    await expect(fail(() => ({ allow: true }), "ws://192.168.1.1")).resolves.toBe(
      "policy ERR_ADDRESS_REFUSED 192.168.1.1",
    );
  });

  test("allows no credentials of the URL unless it says so", async () => {
    await expect(fail(() => ({ allow: true }), "ws://u:p@h.example")).resolves.toBe(
      "policy ERR_POLICY_REFUSED",
    );
  });

  test("that never answers ends at the handshake timeout, with its signal aborted", async () => {
    const signals: AbortSignal[] = [];
    const { clock, told, events, connect } = createTestNetwork({
      policy: ({ signal }) => {
        signals.push(signal);
        return deferred<Verdict>().promise;
      },
    });
    connect();

    clock.advance(defaultLimits.handshakeTimeout - 1);
    await settled();
    expect(told).toEqual([]);
    clock.advance(1);
    await settled();

    expect(told).toEqual(["1 closed 1006 failed"]);
    expect(failureIn(events)).toBe("policy ERR_HANDSHAKE_TIMEOUT");
    expect(signals[0]?.aborted).toBe(true);
  });

  test("that answers after abort() starts nothing", async () => {
    const verdict = deferred<Verdict>();
    const { network, transport, connect } = createTestNetwork({ policy: () => verdict.promise });
    network.abort(connect());

    verdict.resolve({ allow: true });

    await settled();
    expect(transport.connections).toEqual([]);
  });
});

describe("limits", () => {
  test("maxConnections: one more fails later, is no active one, and the place is free again after a close", () => {
    const { transport, clock, told, events, open, connect } = withLimits({ maxConnections: 2 });
    open();
    open();

    connect();
    connect();
    clock.advance(failureTime);

    expect(told.slice(2)).toEqual(["3 closed 1006 failed", "4 closed 1006 failed"]);
    expect(events.filter(({ type }) => type === "limit")).toEqual([
      { type: "limit", limit: "maxConnections", connection: 3 },
      { type: "limit", limit: "maxConnections", connection: 4 },
    ]);
    expect(events.at(-1)).toMatchObject({ failure: { stage: "limit", code: "ERR_LIMIT" } });
    transport.connections[0]?.sink.closed(cleanClose());
    open();
    expect(told.at(-1)).toBe("5 open");
  });

  test("connections beyond maxConnections take their turn in maxConnectRate, and hold no place", async () => {
    const { network, clock, told, open, connect } = withLimits({
      maxConnections: 1,
      maxConnectRate: 2,
    });
    const first = open();
    connect();
    connect();

    clock.advance(failureTime);
    expect(told).toEqual(["1 open", "2 closed 1006 failed"]);
    network.abort(first);
    clock.advance(30_000);
    await settled();

    expect(told).toEqual(["1 open", "2 closed 1006 failed", "3 closed 1006 failed"]);
    clock.advance(30_000);
    expect(open()).toBe(4);
  });

  test("being refused a connection more is told once, until one has ended", async () => {
    const { network, events, connect } = withLimits({ maxConnections: 0, maxConnectDelay: 0 });
    const ids = Array.from({ length: 1_024 }, () => connect());
    const told = (): number => events.filter(({ type }) => type === "limit").length;
    const before = told();

    for (let count = 0; count < 3; count += 1) network.connect("ws://peer.example", []);
    expect(told()).toBe(before + 1);
    network.abort(ids[0] ?? 0);
    await settled();
    connect();
    network.connect("ws://peer.example", []);

    expect(told()).toBe(before + 3);
  });

  test.each([
    ["text", "€€", "€€€"],
    ["binary", new Uint8Array(6), new Uint8Array(7)],
  ])(
    "maxMessageBytes: a %s message of that size is sent and a larger one fails the connection",
    async (_kind, fits, large) => {
      const { network, transport, told, events, closes, open } = withLimits({ maxMessageBytes: 6 });
      const id = open();

      network.send(id, fits);
      network.send(id, large);

      expect(told).toEqual(["1 open"]);
      await settled();
      expect(told).toEqual(["1 open", "1 closed 1006 failed"]);
      expect(transport.last.calls.map((call) => call.split(" ")[0])).toEqual(["send", "abort"]);
      expect(failureIn(events)).toBe("open ERR_MESSAGE_TOO_LARGE");
      expect(closes[0]?.unsent).toBeGreaterThan(12);
    },
  );

  test("maxMessageBytes: a larger incoming message fails the connection", async () => {
    const { transport, told, events, open } = withLimits({ maxMessageBytes: 4 });
    open();

    transport.last.sink.text("1234");
    transport.last.sink.binary(new Uint8Array(5));

    await settled();
    expect(told).toEqual(["1 open", "1 text 1234", "1 closed 1006 failed"]);
    expect(failureIn(events)).toBe("open ERR_MESSAGE_TOO_LARGE");
  });

  test("maxBufferedBytes: that much may wait and one byte more fails the connection", async () => {
    const { network, transport, told, events, open } = withLimits({ maxBufferedBytes: 10 });
    const id = open();

    network.send(id, "1234567890");
    transport.last.sink.sent(1);
    network.send(id, "1");
    await settled();
    expect(told).toEqual(["1 open"]);
    network.send(id, "1");

    await settled();
    expect(told).toEqual(["1 open", "1 closed 1006 failed"]);
    expect(failureIn(events)).toBe("open ERR_LIMIT");
    expect(events).toContainEqual({ type: "limit", limit: "maxBufferedBytes", connection: 1 });
  });

  const message = "More than 1024 connections wait to fail, or were dropped in this minute";

  test("a script that makes and drops connections in turn after turn may do so as often as maxConnectRate says", async () => {
    const { network, clock, events, connect } = withLimits({
      maxConnections: 2,
      maxConnecting: 1,
      maxConnectRate: 60,
    });
    connect();
    for (let turn = 0; turn < 60 + 1_025; turn += 1) {
      network.abort(connect());
      await settled();
    }

    expect(network.connect("ws://peer.example", [])).toEqual([-1, message]);
    expect(events.at(-1)).toEqual({ type: "limit", limit: "maxConnections" });
    clock.advance(1_000);
    network.abort(connect());
    await settled();

    expect(network.connect("ws://peer.example", [])).toEqual([-1, message]);
  });

  describe("URLs and subprotocols of all connections", () => {
    const tooLong = [-1, "The URLs and subprotocols of all connections are too long together"];
    const prefix = "ws://peer.example/";
    const room = (2 + 256) * 16 * 2 ** 10;

    /** A network where connections hold all of the room but for `left` bytes. */
    function fill(left: number): ReturnType<typeof createTestNetwork> {
      const net = withLimits({ maxConnections: 2 });
      const long = 60_000;
      for (let held = 0; held < room - left;) {
        const length = Math.min(long, room - left - held);
        net.connect(prefix.padEnd(length, "x"));
        held += length;
      }
      return net;
    }

    test.each([
      ["below", 99, 100],
      ["at", 100, 100],
    ])("%s their bound connect", (_where, length, left) => {
      const { connect } = fill(left);

      expect(connect(prefix.padEnd(length, "x"))).toBeGreaterThan(0);
    });

    test("above their bound are refused, until a connection has ended", async () => {
      const { network, events, connect } = fill(100);

      expect(network.connect(prefix.padEnd(101, "x"), [])).toEqual(tooLong);
      expect(events.at(-1)).toEqual({ type: "limit", limit: "maxConnections" });
      network.abort(1);
      await settled();

      expect(connect(prefix.padEnd(101, "x"))).toBeGreaterThan(0);
    });

    test("count each subprotocol for what it takes beside its text", () => {
      const { network, connect } = fill(132);
      const url = prefix.padEnd(32, "x");

      expect(network.connect(url, ["ab", "cd"])).not.toEqual(tooLong);
      expect(network.connect(url, ["ab"])).toEqual(tooLong);
      expect(connect(url)).toBeGreaterThan(0);
    });

    test("count credentials of the URL", () => {
      const { network } = fill(100);

      expect(network.connect(`ws://${"u".repeat(30)}:${"p".repeat(30)}@peer.example/`, [])).toEqual(
        tooLong,
      );
    });
  });

  test("a turn may start 1,024 connections beyond maxConnections, also dropped ones, and the next may go on", async () => {
    const { network, events, connect } = withLimits({ maxConnections: 2 });
    for (let count = 0; count < 1_026; count += 1) network.abort(connect());

    const answer = network.connect("ws://peer.example", []);

    expect(answer).toEqual([-1, message]);
    expect(events.at(-1)).toEqual({ type: "limit", limit: "maxConnections" });
    await settled();
    expect(network.connections).toBe(0);
    expect(connect()).toBe(1_027);
  });

  test("maxBufferedBytes also bounds empty messages: 1,024 may wait and one more fails the connection", async () => {
    const { network, transport, told, events, open } = withLimits({ maxBufferedBytes: 10 });
    const id = open();
    for (let count = 0; count < 1_024; count += 1) network.send(id, "");
    transport.last.sink.sent(0);

    network.send(id, "");
    await settled();
    expect(told).toEqual(["1 open"]);
    network.send(id, "");

    await settled();
    expect(told).toEqual(["1 open", "1 closed 1006 failed"]);
    expect(failureIn(events)).toBe("open ERR_LIMIT");
  });

  test("handshakeTimeout covers policy and transport together and names the transport's stage", async () => {
    const verdict = deferred<Verdict>();
    const { transport, clock, events, connect } = createTestNetwork({
      policy: () => verdict.promise,
      limits: { ...defaultLimits, handshakeTimeout: 100 },
    });
    connect();
    clock.advance(60);
    verdict.resolve({ allow: true });
    await settled();
    transport.last.sink.reached("resolve");

    clock.advance(40);

    await settled();
    expect(failureIn(events)).toBe("resolve ERR_HANDSHAKE_TIMEOUT");
    expect(transport.last.calls).toEqual(["abort"]);
  });

  test("handshakeTimeout ends with the handshake", () => {
    const { clock, told, open } = createTestNetwork();
    open();

    clock.advance(1e9);

    expect(told).toEqual(["1 open"]);
    expect(clock.scheduled).toBe(0);
  });
});

test("close() before the handshake ends fails the connection after it has returned", async () => {
  const { network, transport, told, events, connect } = createTestNetwork();
  const id = connect();

  network.close(id, 1000, "bye");
  transport.last.sink.opened({ protocol: "", extensions: "" });

  expect(told).toEqual([]);
  await settled();
  expect(told).toEqual(["1 closed 1006 failed"]);
  expect(transport.last.calls).toEqual(["abort"]);
  expect(failureIn(events)).toBe("handshake ERR_CLOSED_BY_SCRIPT");
});

test("a transport that throws fails the connection", () => {
  const { clock, told, events, connect } = createTestNetwork({
    transport: {
      connect() {
        throw new Error("no");
      },
    },
  });

  connect();

  clock.advance(failureTime);
  expect(told).toEqual(["1 closed 1006 failed"]);
  expect(failureIn(events)).toBe("connect ERR_CONNECT");
});
