import { describe, expect, test } from "vitest";
import type { SimulatedPeer, Simulator } from "../../src/simulators/simulator.ts";
import {
  peerOrigins,
  type Peers,
  simulatedTransport,
} from "../../src/testing/simulated-transport.ts";
import { type VirtualClock, virtualClock } from "../../src/testing/virtual-clock.ts";
import type { TransportConnection, TransportRequest } from "../../src/transport/transport.ts";
import { createRecordingSink, type RecordingSink } from "../support/recording-sink.ts";
import { transportRequest } from "../support/transport-request.ts";

interface Session {
  readonly clock: VirtualClock;
  readonly sink: RecordingSink;
  readonly connection: TransportConnection;
  /** What the server saw, in order. */
  readonly server: readonly string[];
  /** The server's end. */
  readonly peer: () => SimulatedPeer;
}

/** Connects to a peer that accepts unless told otherwise, and writes down what it hears. */
function connect(
  request: Partial<TransportRequest> = {},
  answer: (peer: SimulatedPeer) => void = (peer) => peer.accept(),
): Session {
  const clock = virtualClock();
  const sink = createRecordingSink();
  const server: string[] = [];
  let peer: SimulatedPeer | undefined;
  const simulator: Simulator = {
    connect(connected) {
      peer = connected;
      connected.onmessage = (data) =>
        server.push(typeof data === "string" ? data : `[${data.join(" ")}]`);
      connected.onpong = () => server.push("pong");
      connected.onclose = (code, reason) => server.push(`close ${code} ${reason}`.trimEnd());
      answer(connected);
    },
  };
  const transport = simulatedTransport({ "ws://lamp.test": simulator }, { clock });
  const connection = transport.connect(
    transportRequest({ url: "ws://lamp.test/", ...request }),
    sink,
  );
  return {
    clock,
    sink,
    connection,
    server,
    peer() {
      if (peer === undefined) throw new Error("nobody has connected");
      return peer;
    },
  };
}

async function open(request: Partial<TransportRequest> = {}): Promise<Session> {
  const session = connect(request);
  await session.clock.advance(0);
  return session;
}

describe("a handshake in memory", () => {
  test("reaches the simulator later, and opens", async () => {
    const { clock, sink } = connect();

    expect(sink.stages).toEqual(["connect"]);
    expect(sink.log).toEqual([]);
    await clock.advance(0);

    expect(sink.stages).toEqual(["connect", "handshake"]);
    expect(await sink.whenOpened).toEqual({ protocol: "", extensions: "" });
  });

  test("tells the simulator URL, subprotocols, headers and time", async () => {
    const { clock, peer } = connect(
      {
        url: "ws://lamp.test/a?b",
        protocols: ["x", "y"],
        connect: {
          headers: { "X-Key": "1" },
          origin: "https://page.test",
          credentials: { username: "u", password: "pä" },
        },
      },
      (peer) => peer.accept({ protocol: "y" }),
    );

    await clock.advance(0);

    expect(peer().url.href).toBe("ws://lamp.test/a?b");
    expect(peer().protocols).toEqual(["x", "y"]);
    expect(peer().clock).toBe(clock);
    expect(peer().headers).toMatchObject({
      host: "lamp.test",
      upgrade: "websocket",
      "x-key": "1",
      origin: "https://page.test",
      authorization: `Basic ${Buffer.from("u:pä").toString("base64")}`,
      "sec-websocket-protocol": "x,y",
    });
  });

  test("opens with the subprotocol that the server chose", async () => {
    const { clock, sink } = connect({ protocols: ["x", "y"] }, (peer) =>
      peer.accept({ protocol: "y" }),
    );

    await clock.advance(0);

    expect(await sink.whenOpened).toMatchObject({ protocol: "y" });
  });

  // RFC 6455, section 4.1; the WebSockets standard adds the answer without one.
  test.each([
    { offered: ["x"], chosen: "z" },
    { offered: ["x"], chosen: undefined },
    { offered: [], chosen: "x" },
  ])("fails when $offered are offered and $chosen is chosen", async ({ offered, chosen }) => {
    const { clock, sink, server } = connect({ protocols: offered }, (peer) =>
      peer.accept(chosen === undefined ? {} : { protocol: chosen }),
    );

    await clock.advance(0);

    expect((await sink.whenClosed).failure).toMatchObject({
      code: "ERR_HANDSHAKE_INVALID",
      stage: "handshake",
    });
    expect(server).toEqual(["close 1006"]);
  });

  test("fails with the status that the server refuses with", async () => {
    const { clock, sink, server } = connect({}, (peer) => peer.refuse({ status: 401 }));

    await clock.advance(0);

    expect(await sink.whenClosed).toEqual({
      code: 1006,
      reason: "",
      wasClean: false,
      failure: {
        stage: "handshake",
        code: "ERR_HANDSHAKE_STATUS",
        message: "the server answered with status 401 Unauthorized in place of 101",
        host: "lamp.test:80",
        status: 401,
      },
    });
    expect(server).toEqual(["close 1006"]);
  });

  test("fails with 404 at a simulator without WebSockets", async () => {
    const clock = virtualClock();
    const sink = createRecordingSink();
    const transport = simulatedTransport({ "ws://lamp.test": {} }, { clock });

    transport.connect(transportRequest({ url: "ws://lamp.test/" }), sink);
    await clock.advance(0);

    expect((await sink.whenClosed).failure).toMatchObject({ status: 404 });
  });

  test("waits for a server that does not answer", async () => {
    const { clock, sink } = connect({}, () => {});

    await clock.advance(60_000);

    expect(sink.log).toEqual([]);
  });

  test("is lost with a server that drops it", async () => {
    const { clock, sink } = connect({}, (peer) => peer.drop());

    await clock.advance(0);

    expect((await sink.whenClosed).failure).toMatchObject({
      code: "ERR_CONNECTION_LOST",
      stage: "handshake",
    });
  });

  test("that the client gives up fails, and the server hears of it", async () => {
    const { clock, sink, connection, server } = connect({}, () => {});
    await clock.advance(0);

    connection.close();
    expect(sink.log).toEqual([]);
    await clock.advance(0);

    expect((await sink.whenClosed).failure?.code).toBe("ERR_CLOSED_BY_SCRIPT");
    expect(server).toEqual(["close 1006"]);
  });
});

describe("messages in memory", () => {
  test("arrive as they were sent, in order, in both directions, once the clock goes on", async () => {
    const { clock, sink, connection, server, peer } = await open();

    connection.send("grüße");
    connection.send(Uint8Array.of(1, 2));
    peer().send("a");
    peer().send(Uint8Array.of(3));
    expect(server).toEqual([]);
    await clock.advance(0);

    expect(server).toEqual(["grüße", "[1 2]"]);
    expect(sink.log).toEqual(["opened", "text a", "binary [3]"]);
    expect(sink.sentBytes).toBe(9);
  });

  test("are copies: the sender's buffer is the sender's", async () => {
    const { clock, sink, peer } = await open();
    const bytes = Uint8Array.of(1);

    peer().send(bytes);
    bytes[0] = 9;
    await clock.advance(0);

    expect(sink.log).toEqual(["opened", "binary [1]"]);
  });

  test("wait while the client does not read, in order with the close frame", async () => {
    const { clock, sink, connection, peer } = await open();

    connection.pause();
    peer().send("a");
    await clock.advance(0);
    peer().send("b");
    peer().close(1000, "bye");
    await clock.advance(5_000);
    expect(sink.log).toEqual(["opened"]);
    connection.resume();
    await clock.advance(0);

    expect(sink.log).toEqual(["opened", "text a", "text b", "closed 1000"]);
  });

  test("end the connection when they are larger than the client takes", async () => {
    const { clock, sink, server, peer } = await open({ maxMessageBytes: 4 });

    peer().send("1234");
    peer().send("12345");
    await clock.advance(0);

    expect(sink.log).toEqual(["opened", "text 1234", "closed 1006"]);
    expect((await sink.whenClosed).failure?.code).toBe("ERR_MESSAGE_TOO_LARGE");
    expect(server).toEqual(["close 1009"]);
  });

  test("of a peer that talks before the client is told of the open connection arrive after it", async () => {
    const { clock, sink } = connect({}, (peer) => {
      peer.accept();
      peer.send("welcome");
    });

    await clock.advance(0);

    expect(sink.log).toEqual(["opened", "text welcome"]);
  });

  test("pings are answered by either side, and are a sign of life", async () => {
    const { clock, sink, connection, server, peer } = await open();

    connection.ping?.();
    await clock.advance(0);
    expect(sink.pending).toEqual([0]);
    peer().ping();
    await clock.advance(0);

    expect(sink.pending).toEqual([0, 0]);
    expect(server).toEqual(["pong"]);
  });
});

describe("the end of a connection in memory", () => {
  test("by the client is a closing handshake with the client's code", async () => {
    const { clock, sink, connection, server } = await open();

    connection.send("last");
    connection.close(3000, "done");
    connection.send("too late");
    await clock.advance(0);

    expect(server).toEqual(["last", "close 3000 done"]);
    expect(await sink.whenClosed).toEqual({ code: 3000, reason: "done", wasClean: true });
  });

  test("by the client without a code is 1005 on both sides", async () => {
    const { clock, sink, connection, server } = await open();

    connection.close();
    await clock.advance(0);

    expect(server).toEqual(["close 1005"]);
    expect((await sink.whenClosed).code).toBe(1005);
  });

  test("by the server is a closing handshake with the server's code", async () => {
    const { clock, sink, server, peer } = await open();

    peer().close(1001, "going");
    peer().send("too late");
    await clock.advance(0);

    expect(server).toEqual(["close 1001 going"]);
    expect(await sink.whenClosed).toEqual({ code: 1001, reason: "going", wasClean: true });
  });

  test("by both at once gives each the other's code", async () => {
    const { clock, sink, connection, server, peer } = await open();

    connection.close(3000);
    peer().close(4000);
    await clock.advance(0);

    expect(server).toEqual(["close 3000"]);
    expect((await sink.whenClosed).code).toBe(4000);
  });

  test("with a code that no close frame may carry is a failure", async () => {
    const { clock, sink, server, peer } = await open();

    peer().close(1006);
    await clock.advance(0);

    expect((await sink.whenClosed).failure).toMatchObject({
      code: "ERR_PROTOCOL",
      message: "the close frame has the invalid status code 1006",
    });
    expect(server).toEqual(["close 1002"]);
  });

  test("without a close frame is 1006 on both sides", async () => {
    const { clock, sink, server, peer } = await open();

    peer().drop();
    await clock.advance(0);

    expect((await sink.whenClosed).failure).toMatchObject({
      code: "ERR_CONNECTION_LOST",
      stage: "open",
      systemCode: "ECONNRESET",
    });
    expect(server).toEqual(["close 1006"]);
  });

  test("by the client's abort is told later, and to the server as 1006", async () => {
    const { clock, sink, connection, server, peer } = await open();

    connection.abort();
    peer().send("too late");
    expect(sink.log).toEqual(["opened"]);
    await clock.advance(0);

    expect((await sink.whenClosed).failure?.code).toBe("ERR_ABORTED");
    expect(sink.log).toEqual(["opened", "closed 1006"]);
    expect(server).toEqual(["close 1006"]);
  });

  test("never comes from a silent server, which hears and answers nothing", async () => {
    const { clock, sink, connection, server, peer } = await open({ closeTimeout: 10_000 });

    peer().silence();
    peer().send("unheard");
    connection.send("lost");
    connection.ping?.();
    connection.close(1000);
    await clock.advance(9_999);
    expect(sink.log).toEqual(["opened"]);
    await clock.advance(1);

    expect((await sink.whenClosed).failure?.code).toBe("ERR_CLOSE_TIMEOUT");
    expect(sink.pending).toEqual([]);
    expect(server).toEqual([]);
  });

  test("of a silent server that is dropped comes", async () => {
    const { clock, sink, server, peer } = await open();

    peer().silence();
    peer().drop();
    await clock.advance(0);

    expect((await sink.whenClosed).failure?.code).toBe("ERR_CONNECTION_LOST");
    expect(server).toEqual(["close 1006"]);
  });

  test("a silent server's network takes 64 KiB, and no more leaves", async () => {
    const { clock, sink, connection, peer } = await open();

    peer().silence();
    for (let count = 0; count < 4; count += 1) connection.send(new Uint8Array(32_768));
    await clock.advance(0);

    expect(sink.sentBytes).toBe(65_536);
  });
});

describe("a simulator that throws", () => {
  test("in a message handler closes with 1011, and the error comes out of the clock", async () => {
    const { clock, sink, connection, peer } = await open();
    const error = new Error("a bug of the peer");
    peer().onmessage = () => {
      throw error;
    };

    connection.send("go");
    await expect(clock.advance(0)).rejects.toBe(error);
    await clock.advance(0);

    expect((await sink.whenClosed).code).toBe(1011);
  });

  test("in the handshake answers with 500", async () => {
    const { clock, sink } = connect({}, () => {
      throw new Error("a bug of the peer");
    });

    await expect(clock.advance(0)).rejects.toThrow("a bug of the peer");
    await clock.advance(0);

    expect((await sink.whenClosed).failure).toMatchObject({ status: 500 });
  });
});

describe("origins", () => {
  function connectTo(peers: Peers, url: string): { sink: RecordingSink; clock: VirtualClock } {
    const clock = virtualClock();
    const sink = createRecordingSink();
    simulatedTransport(peers, { clock }).connect(transportRequest({ url }), sink);
    return { sink, clock };
  }
  const accepting: Simulator = { connect: (peer) => peer.accept() };

  test.each(["ws://lamp.test", "ws://lamp.test:80/", "http://lamp.test", "HTTP://LAMP.test"])(
    "a peer at %s serves ws://lamp.test",
    async (origin) => {
      const { sink, clock } = connectTo({ [origin]: accepting }, "ws://lamp.test/path");

      await clock.advance(0);

      expect(sink.log).toEqual(["opened"]);
    },
  );

  test("a secure origin is reached through the stage tls", async () => {
    const { sink, clock } = connectTo({ "https://lamp.test": accepting }, "wss://lamp.test/");

    await clock.advance(0);

    expect(sink.stages).toEqual(["connect", "tls", "handshake"]);
  });

  test("a further port of a peer is found as it is at the time", async () => {
    const ports = [{ port: 1, simulator: accepting }];
    const peers = { "http://lamp.test": { ports } };
    ports.splice(0, 1, { port: 8443, simulator: accepting });

    const { sink, clock } = connectTo(peers, "ws://lamp.test:8443/");
    await clock.advance(0);

    expect(sink.log).toEqual(["opened"]);
    expect(peerOrigins(peers)).toEqual([
      "http://lamp.test",
      "ws://lamp.test",
      "http://lamp.test:8443",
      "ws://lamp.test:8443",
    ]);
  });

  test("an origin without a peer refuses the connection, and says which there are", async () => {
    const { sink, clock } = connectTo({ "ws://lamp.test": accepting }, "ws://lamp.test:81/");

    expect(sink.log).toEqual([]);
    await clock.advance(0);

    expect((await sink.whenClosed).failure).toEqual({
      stage: "connect",
      code: "ERR_CONNECT",
      message:
        "no connection to the server: no peer is simulated for ws://lamp.test:81; there are peers for ws://lamp.test",
      host: "lamp.test:81",
      systemCode: "ECONNREFUSED",
    });
  });

  test.each([
    ["lamp.test", "got no URL"],
    ["ftp://lamp.test", "got the scheme ftp:"],
    ["ws://lamp.test/api", "got a path, query, fragment or credentials"],
    ["ws://me@lamp.test", "got a path, query, fragment or credentials"],
  ])("%s is no origin", (key, got) => {
    expect(() => simulatedTransport({ [key]: accepting })).toThrow(
      expect.objectContaining({ code: "ERR_OPTION", message: expect.stringContaining(got) }),
    );
  });

  test("what is no simulator, and an origin that is named twice, are refused", () => {
    expect(() => simulatedTransport({ "ws://a.test": "echo" as unknown as Simulator })).toThrow(
      'peers["ws://a.test"] must be a simulator, got string',
    );
    expect(() =>
      simulatedTransport({ "ws://a.test": accepting, "ws://a.test:80": accepting }),
    ).toThrow('peers["ws://a.test:80"] must be named once, got ws://a.test a second time');
  });
});
