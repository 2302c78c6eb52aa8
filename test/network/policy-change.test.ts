import { describe, expect, test } from "vitest";
import { defaultLimits } from "../../src/limits.ts";
import { allowOrigins } from "../../src/policy/allow-origins.ts";
import type { ConnectOptions, PolicyFunction, Verdict } from "../../src/policy/policy.ts";
import { createTestNetwork, settled } from "../support/network.ts";
import { deferred } from "../support/recording-sink.ts";

const lamp = { origin: "ws://lamp.example" };
const hub = { origin: "ws://hub.example" };

describe("an open connection", () => {
  test("fails when its grant is revoked, and others live on", async () => {
    const { network, transport, told, events, open } = createTestNetwork({
      policy: allowOrigins([lamp, hub]),
    });
    open("ws://lamp.example/");
    open("ws://hub.example/");

    await network.setPolicy(allowOrigins([hub]));

    await settled();
    expect(told.slice(2)).toEqual(["1 closed 1006 failed"]);
    expect(transport.connections.map(({ calls }) => calls)).toEqual([["abort"], []]);
    expect(events.at(-1)).toMatchObject({
      failure: {
        stage: "open",
        code: "ERR_POLICY_REVOKED",
        message: "the policy was changed: no grant covers ws://lamp.example",
        host: "lamp.example:80",
      },
    });
  });

  test("fails when a denial covers it", async () => {
    const { network, told, open } = createTestNetwork({ policy: allowOrigins([lamp]) });
    open("ws://lamp.example/");

    await network.setPolicy(allowOrigins([lamp], { deny: ["ws://*.example"] }));

    await settled();
    expect(told).toEqual(["1 open", "1 closed 1006 failed"]);
  });

  test("lives on under rules that allow it just as before", async () => {
    const grant = { ...lamp, connect: { headers: { A: "b" } } };
    const { network, told, open } = createTestNetwork({ policy: allowOrigins([grant]) });
    open("ws://lamp.example/");

    await network.setPolicy(allowOrigins([hub, { ...grant, connect: { headers: { A: "b" } } }]));

    await settled();
    expect(told).toEqual(["1 open"]);
  });

  test.each<readonly [string, ConnectOptions, ConnectOptions]>([
    ["headers in another order", { headers: { A: "1", B: "2" } }, { headers: { B: "2", A: "1" } }],
    ["headers in another case", { headers: { A: "1" } }, { headers: { a: "1" } }],
    ["a default that is spelled out", { perMessageDeflate: false }, {}],
    ["options in another order", { origin: "o", tls: {} }, { tls: {}, origin: "o" }],
    ["empty options", {}, { headers: {}, tls: {} }],
    ["one authority in a list", { tls: { ca: "pem" } }, { tls: { ca: ["pem"] } }],
  ])("lives on when its grant says the same by %s", async (_how, before, after) => {
    const { network, told, open } = createTestNetwork({
      policy: allowOrigins([{ ...lamp, connect: before }]),
    });
    open("ws://lamp.example/");

    await network.setPolicy(allowOrigins([{ ...lamp, connect: after }]));

    await settled();
    expect(told).toEqual(["1 open"]);
  });

  test.each<readonly [string, ConnectOptions, ConnectOptions]>([
    ["another header", { headers: { A: "1" } }, { headers: { B: "1" } }],
    ["another value of a header", { headers: { A: "1" } }, { headers: { A: "2" } }],
    ["an origin", {}, { origin: "o" }],
    ["compression", {}, { perMessageDeflate: true }],
    ["authorities in another order", { tls: { ca: ["a", "b"] } }, { tls: { ca: ["b", "a"] } }],
    ["a key in place of a certificate", { tls: { cert: "pem" } }, { tls: { key: "pem" } }],
    ["another server name", { tls: { servername: "a" } }, { tls: { servername: "b" } }],
  ])("fails when its grant has %s now", async (_what, before, after) => {
    const { network, told, open } = createTestNetwork({
      policy: allowOrigins([{ ...lamp, connect: before }]),
    });
    open("ws://lamp.example/");

    await network.setPolicy(allowOrigins([{ ...lamp, connect: after }]));

    await settled();
    expect(told).toEqual(["1 open", "1 closed 1006 failed"]);
  });

  test("whose address is not known lives on when the address rules say the same in another order", async () => {
    const blocks = ["10.0.0.0/8", "192.168.0.0/16"];
    const { network, told, open } = createTestNetwork({
      policy: allowOrigins([{ ...lamp, addresses: { allow: blocks, loopback: false } }]),
    });
    open("ws://lamp.example/");

    await network.setPolicy(allowOrigins([{ ...lamp, addresses: { allow: blocks.toReversed() } }]));

    await settled();
    expect(told).toEqual(["1 open"]);
  });

  test("fails when the grant has other connect options: its credentials are revoked", async () => {
    const grant = (password: string): object => ({ credentials: { username: "u", password } });
    const { network, told, open } = createTestNetwork({
      policy: allowOrigins([{ ...lamp, connect: grant("old") }]),
    });
    open("ws://lamp.example/");

    await network.setPolicy(allowOrigins([{ ...lamp, connect: grant("new") }]));

    await settled();
    expect(told).toEqual(["1 open", "1 closed 1006 failed"]);
  });

  test.each([
    ["is refused now", ["10.0.0.0/8"], ["1 open", "1 closed 1006 failed"]],
    ["is still allowed", ["10.1.0.0/16"], ["1 open"]],
  ])("whose address %s is judged by it", async (_name, deny, expected) => {
    const addresses = { privateNetworks: true };
    const { network, transport, told, connect } = createTestNetwork({
      policy: allowOrigins([{ ...lamp, addresses }]),
    });
    connect("ws://lamp.example/");
    transport.last.sink.opened({ protocol: "", extensions: "", address: "10.0.0.7" });

    await network.setPolicy(allowOrigins([{ ...lamp, addresses: { ...addresses, deny } }]));

    await settled();
    expect(told).toEqual(expected);
  });

  test("whose address is not known fails when the address rules differ", async () => {
    const { network, told, open } = createTestNetwork({ policy: allowOrigins([lamp]) });
    open("ws://lamp.example/");

    await network.setPolicy(allowOrigins([{ ...lamp, addresses: { privateNetworks: true } }]));

    await settled();
    expect(told).toEqual(["1 open", "1 closed 1006 failed"]);
  });

  test("in its closing handshake fails, too", async () => {
    const { network, transport, told, open } = createTestNetwork({ policy: allowOrigins([lamp]) });
    network.close(open("ws://lamp.example/"), 1000, "");

    await network.setPolicy({ allow: [] });

    await settled();
    expect(told).toEqual(["1 open", "1 closed 1006 failed"]);
    expect(transport.last.calls).toEqual(["resume", "close 1000", "abort"]);
  });
});

describe("a connection under way", () => {
  test("fails when its grant is revoked", async () => {
    const { network, transport, clock, told, events, connect } = createTestNetwork({
      policy: allowOrigins([lamp]),
    });
    connect("ws://lamp.example/");

    await network.setPolicy({ allow: [] });

    clock.advance(20);
    expect(told).toEqual(["1 closed 1006 failed"]);
    expect(transport.last.calls).toEqual(["abort"]);
    expect(events.at(-1)).toMatchObject({ failure: { code: "ERR_POLICY_REVOKED" } });
  });

  test("whose old policy has not answered is the new one's to decide", async () => {
    const late = deferred<Verdict>();
    const { network, transport, connect } = createTestNetwork({ policy: () => late.promise });
    connect("ws://lamp.example/");

    await network.setPolicy(allowOrigins([{ ...lamp, connect: { origin: "new" } }]));
    late.resolve({ allow: true, connect: { origin: "old" } });
    await settled();

    expect(transport.connections.map(({ request }) => request.connect)).toEqual([
      { origin: "new" },
    ]);
  });

  test("that waits for its turn asks the new policy when it comes", async () => {
    const { network, transport, clock, told, connect } = createTestNetwork({
      policy: allowOrigins([lamp]),
      limits: { ...defaultLimits, maxConnecting: 1 },
    });
    connect("ws://lamp.example/");
    connect("ws://lamp.example/");

    await network.setPolicy({ allow: [] });

    clock.advance(40);
    expect(told).toEqual(["1 closed 1006 failed", "2 closed 1006 failed"]);
    expect(transport.connections).toHaveLength(1);
  });
});

describe("a policy function", () => {
  test("is asked about each connection, and setPolicy() settles when it has answered", async () => {
    const verdicts = { a: deferred<Verdict>(), b: deferred<Verdict>() };
    const asked: string[] = [];
    const policy: PolicyFunction = ({ url }) => {
      asked.push(url.href);
      return url.hostname === "lamp.example" ? verdicts.a.promise : verdicts.b.promise;
    };
    const { network, told, open } = createTestNetwork({ policy: allowOrigins([lamp, hub]) });
    open("ws://lamp.example/");
    open("ws://hub.example/");
    let isSettled = false;

    const change = network.setPolicy(policy).then(() => (isSettled = true));
    verdicts.b.resolve({ allow: true });
    await settled();

    expect(asked).toEqual(["ws://lamp.example/", "ws://hub.example/"]);
    expect(isSettled).toBe(false);
    verdicts.a.resolve({ allow: false, reason: "no" });
    await change;
    await settled();
    expect(told.slice(2)).toEqual(["1 closed 1006 failed"]);
  });

  test("that never answers loses the connection at the handshake timeout", async () => {
    const { network, clock, told, open } = createTestNetwork({ policy: allowOrigins([lamp]) });
    open("ws://lamp.example/");

    const change = network.setPolicy(() => deferred<Verdict>().promise);
    clock.advance(defaultLimits.handshakeTimeout);

    await change;
    await settled();
    expect(told).toEqual(["1 open", "1 closed 1006 failed"]);
  });

  test("that is overtaken by another policy has no say any more, and both changes settle", async () => {
    const signals: AbortSignal[] = [];
    const { network, clock, told, open } = createTestNetwork({ policy: allowOrigins([lamp]) });
    open("ws://lamp.example/");

    const first = network.setPolicy(({ signal }) => {
      signals.push(signal);
      return deferred<Verdict>().promise;
    });
    const second = network.setPolicy(() => ({ allow: true }));
    await Promise.all([first, second]);
    const third = network.setPolicy(() => deferred<Verdict>().promise);
    await network.setPolicy(allowOrigins([lamp]));
    await third;
    clock.advance(defaultLimits.handshakeTimeout);

    await settled();
    expect(told).toEqual(["1 open"]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(clock.scheduled).toBe(0);
  });

  test("that answers after the connection has opened judges its address", async () => {
    const late = deferred<Verdict>();
    const { network, transport, told, connect } = createTestNetwork({
      policy: allowOrigins([lamp]),
      limits: { ...defaultLimits, keepaliveInterval: 0 },
    });
    connect("ws://lamp.example/");

    const change = network.setPolicy(() => late.promise);
    transport.last.sink.opened({ protocol: "", extensions: "", address: "203.0.113.7" });
    late.resolve({ allow: true, addresses: { allow: ["203.0.113.0/24"] } });
    await change;

    await settled();
    expect(told).toEqual(["1 open"]);
  });

  test("of which nobody waits for the answer any more lets setPolicy() settle", async () => {
    const { network, told, open } = createTestNetwork({ policy: allowOrigins([lamp]) });
    const id = open("ws://lamp.example/");

    const change = network.setPolicy(() => deferred<Verdict>().promise);
    network.abort(id);

    await change;
    expect(told).toEqual(["1 open"]);
  });
});
