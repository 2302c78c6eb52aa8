import { describe, expect, test } from "vitest";
import { defaultLimits } from "../../src/limits.ts";
import { cleanClose } from "../support/fake-transport.ts";
import { createTestNetwork, settled } from "../support/network.ts";

describe("connect()", () => {
  test("answers an id, the URL without credentials and the origin", () => {
    const { network } = createTestNetwork();

    expect(network.connect("http://us:pw@peer.example/a?b", ["one"])).toEqual([
      1,
      "ws://peer.example/a?b",
      "ws://peer.example",
    ]);
    expect(network.connect("ws://peer.example", [])[0]).toBe(2);
  });

  test("uses the base URL for relative ones", () => {
    const { network } = createTestNetwork({ baseUrl: "https://page.example/app/" });

    expect(network.connect("socket", [])).toEqual([
      1,
      "wss://page.example/app/socket",
      "wss://page.example",
    ]);
  });

  test.each([
    ["a fragment", "ws://peer.example/#", []],
    ["another scheme", "file:///etc/passwd", []],
    ["a subprotocol that is no token", "ws://peer.example", ["a b"]],
    ["a subprotocol twice", "ws://peer.example", ["a", "a"]],
  ])("answers a message and starts nothing for %s", async (_name, url, protocols) => {
    const { network, transport, events, told } = createTestNetwork();

    const [id, message] = network.connect(url, protocols);

    expect([id, typeof message]).toEqual([0, "string"]);
    await settled();
    expect([transport.connections, events, told, network.connections]).toEqual([[], [], [], 0]);
  });

  test("hands the transport a request of plain data with limits and policy in it", () => {
    const connect = { headers: { a: "b" } };
    const { transport, connect: start } = createTestNetwork({
      policy: {
        allow: [{ origin: "ws://peer.example", addresses: { privateNetworks: true }, connect }],
      },
    });

    start("ws://peer.example/x", ["p"]);

    const { request } = transport.last;
    expect(structuredClone(request)).toEqual({
      url: "ws://peer.example/x",
      protocols: ["p"],
      maxMessageBytes: defaultLimits.maxMessageBytes,
      maxFragments: defaultLimits.maxFragments,
      closeTimeout: defaultLimits.closeTimeout,
      addresses: { privateNetworks: true, loopback: false, allow: [], deny: [] },
      connect,
    });
  });
});

describe("an open connection", () => {
  test("tells the guest of messages and of the end, and the observer of the states", () => {
    const { network, transport, told, events, open, counts } = createTestNetwork();

    const id = open();
    transport.last.sink.text("a");
    transport.last.sink.binary(Uint8Array.of(1, 2));
    transport.last.sink.closed(cleanClose(3000, "bye"));

    expect(told).toEqual([`${id} open`, `${id} text a`, `${id} binary 1,2`, `${id} closed 3000`]);
    expect(events).toEqual([
      { type: "connecting", connection: id, url: "ws://peer.example/", protocols: [] },
      { type: "open", connection: id, protocol: "", extensions: "" },
      { type: "closed", connection: id, code: 3000, reason: "bye", wasClean: true },
    ]);
    expect([network.connections, counts]).toEqual([0, [1, 0]]);
  });

  test("traces messages as copies when asked to", () => {
    const { network, transport, events, open } = createTestNetwork({ trace: true });
    const id = open();
    const bytes = Uint8Array.of(1, 2);

    network.send(id, "out");
    transport.last.sink.binary(bytes);
    transport.last.sink.text(new TextEncoder().encode("\u{feff}in"));
    bytes.fill(0);

    expect(events.slice(2)).toEqual([
      { type: "sent", connection: id, data: "out" },
      { type: "received", connection: id, data: Uint8Array.of(1, 2) },
      { type: "received", connection: id, data: "\u{feff}in" },
    ]);
  });

  test("drops messages that arrive after close()", () => {
    const { network, transport, told, open } = createTestNetwork();
    const id = open();

    network.close(id, 1000, "");
    transport.last.sink.text("late");
    transport.last.sink.closed(cleanClose());

    expect(told).toEqual([`${id} open`, `${id} closed 1000`]);
  });

  test.each([
    [undefined, "", "close -"],
    [undefined, "why", "close 1000 why"],
    [1000, "why", "close 1000 why"],
    [4999, "", "close 4999"],
  ])("close(%j, %j) becomes %s", (code, reason, call) => {
    const { network, transport, open } = createTestNetwork();

    network.close(open(), code, reason);

    expect(transport.last.calls).toEqual(["resume", call]);
  });

  test.each([
    [1001, ""],
    [5000, ""],
    [1000, "x".repeat(124)],
  ])("close(%j, %j) of a tampered guest does nothing", (code, reason) => {
    const { network, transport, open } = createTestNetwork();

    network.close(open(), code, reason);

    expect(transport.last.calls).toEqual([]);
  });

  test("that is lost fails with 1006 and an empty reason, whatever the transport says", () => {
    const { transport, told, closes, events, open } = createTestNetwork();
    const id = open();

    transport.last.sink.closed({ code: 1011, reason: "internals", wasClean: false });

    expect(told.at(-1)).toBe(`${id} closed 1006 failed`);
    expect(closes).toEqual([{ code: 1006, reason: "", wasClean: false, failed: true, unsent: 0 }]);
    expect(events.at(-1)).toMatchObject({
      code: 1006,
      failure: { stage: "open", code: "ERR_CONNECTION_LOST", host: "peer.example:80" },
    });
  });
});

describe("bufferedAmount()", () => {
  test("grows by the payload as UTF-8 and falls as it leaves", () => {
    const { network, transport, open } = createTestNetwork();
    const [first, second] = [open(), open()];

    network.send(first, "€");
    network.send(second, Uint8Array.of(1, 2));
    expect([
      network.bufferedAmount(first),
      network.bufferedAmount(second),
      network.bufferedBytes,
    ]).toEqual([3, 2, 5]);

    transport.connections[0]?.sink.sent(2);
    transport.connections[1]?.sink.sent(5);
    expect([
      network.bufferedAmount(first),
      network.bufferedAmount(second),
      network.bufferedBytes,
    ]).toEqual([1, 0, 1]);
  });

  test("counts what is sent while closing, sends none of it, and is told with the end", () => {
    const { network, transport, closes, open } = createTestNetwork();
    const id = open();
    network.send(id, "before");
    network.close(id, 1000, "");

    network.send(id, "after");

    expect(network.bufferedAmount(id)).toBe(11);
    transport.last.sink.sent(6);
    transport.last.sink.closed(cleanClose());
    expect(closes[0]?.unsent).toBe(5);
    expect(transport.last.calls).toEqual(["send before", "resume", "close 1000"]);
  });
});

describe("ids that name no connection", () => {
  test("are ignored by every call", () => {
    const { network, transport, open } = createTestNetwork();
    open();

    for (const id of [0, -1, 2, 1.5, Number.NaN]) {
      network.send(id, "a");
      network.close(id, 1000, "");
      network.abort(id);
      expect(network.bufferedAmount(id)).toBe(0);
    }

    expect(transport.last.calls).toEqual([]);
  });

  test("are also those of connections that are over or not open yet", () => {
    const { network, transport, open, connect } = createTestNetwork();
    const over = open();
    transport.last.sink.closed(cleanClose());
    const connecting = connect();

    network.send(over, "a");
    network.send(connecting, "a");

    expect([network.bufferedAmount(over), network.bufferedAmount(connecting)]).toEqual([0, 0]);
    expect(transport.last.calls).toEqual([]);
  });
});

describe("setPaused()", () => {
  test("pauses and resumes every open connection, also those that open meanwhile", () => {
    const { network, transport, open } = createTestNetwork();
    open();
    network.setPaused(true);
    network.setPaused(true);
    open();
    network.setPaused(false);

    expect(transport.connections.map(({ calls }) => calls)).toEqual([
      ["pause", "resume"],
      ["pause", "resume"],
    ]);
  });

  test("does not keep a closing connection from hearing the peer's answer", () => {
    const { network, transport, open } = createTestNetwork();
    const id = open();
    network.setPaused(true);

    network.close(id, 1000, "");
    network.setPaused(false);
    network.setPaused(true);

    expect(transport.last.calls).toEqual(["pause", "resume", "close 1000"]);
  });
});

describe("abort()", () => {
  test("drops the connection at once; the guest hears nothing more", async () => {
    const { network, transport, told, events, open } = createTestNetwork();
    const id = open();

    network.abort(id);
    transport.last.sink.text("late");
    transport.last.sink.closed(cleanClose());

    await settled();
    expect(told).toEqual([`${id} open`]);
    expect(transport.last.calls).toEqual(["abort"]);
    expect(events.filter(({ type }) => type === "closed")).toMatchObject([
      { failure: { code: "ERR_ABORTED" } },
    ]);
    expect(network.connections).toBe(0);
  });

  test("takes back an end that the guest has not been told yet", async () => {
    const { network, told, events, connect } = createTestNetwork({ policy: { allow: [] } });
    const id = connect();

    network.abort(id);

    await settled();
    expect(told).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(["connecting", "closed"]);
    expect(network.connections).toBe(0);
  });
});

describe("closeAll()", () => {
  test("closes open connections with 1001, drops the others, and settles when all are gone", async () => {
    const { network, transport, told, open, connect } = createTestNetwork();
    open();
    connect();
    let isOver = false;

    const over = network.closeAll(1_000).finally(() => {
      isOver = true;
    });

    await settled();
    expect(transport.connections.map(({ calls }) => calls)).toEqual([
      ["resume", "close 1001"],
      ["abort"],
    ]);
    expect(isOver).toBe(false);
    transport.connections[0]?.sink.closed(cleanClose(1001));
    await over;
    expect(told).toEqual(["1 open"]);
    expect(network.connections).toBe(0);
  });

  test("drops what is left after the grace time", async () => {
    const { network, transport, clock, events, open } = createTestNetwork();
    open();
    const over = network.closeAll(1_000);

    clock.advance(1_000);

    await over;
    expect(transport.last.calls).toEqual(["resume", "close 1001", "abort"]);
    expect(events.at(-1)).toMatchObject({
      type: "closed",
      failure: { stage: "closing", code: "ERR_ABORTED" },
    });
    expect(clock.scheduled).toBe(0);
  });

  test("leaves a guest that connects afterwards without a connection", async () => {
    const { network, transport, told, events } = createTestNetwork();
    await network.closeAll(0);

    expect(network.connect("ws://peer.example", [])).toEqual([
      1,
      "ws://peer.example/",
      "ws://peer.example",
    ]);

    await settled();
    expect([transport.connections, told, events, network.connections]).toEqual([[], [], [], 0]);
  });
});
