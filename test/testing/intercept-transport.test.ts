import { describe, expect, onTestFinished, test } from "vitest";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { createSandbox } from "../../src/sandbox.ts";
import {
  type InterceptedConnection,
  interceptTransport,
} from "../../src/testing/intercept-transport.ts";
import { simulatedTransport } from "../../src/testing/simulated-transport.ts";
import { type VirtualClock, virtualClock } from "../../src/testing/virtual-clock.ts";
import type { TransportConnection } from "../../src/transport/transport.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { createRecordingSink, type RecordingSink } from "../support/recording-sink.ts";
import { openEchoServer } from "../support/sandbox.ts";
import { transportRequest } from "../support/transport-request.ts";
import { accepting } from "./support.ts";

interface Session {
  readonly clock: VirtualClock;
  readonly sink: RecordingSink;
  readonly connection: TransportConnection;
  /** What the server saw. */
  readonly server: readonly string[];
}

/** An open connection to an echo in memory, in the hands of `intercept`. */
async function open(intercept: (connection: InterceptedConnection) => void): Promise<Session> {
  const clock = virtualClock();
  const sink = createRecordingSink();
  const server: string[] = [];
  const echo = accepting((peer) => {
    peer.onmessage = (data) => {
      server.push(String(data));
      peer.send(data);
    };
    peer.onclose = (code, reason) => server.push(`close ${code} ${reason}`.trimEnd());
  });
  const inner = simulatedTransport({ "ws://echo.test": echo }, { clock });
  const transport = interceptTransport(inner, intercept, { clock });
  const connection = transport.connect(transportRequest({ url: "ws://echo.test/" }), sink);
  await clock.advance(0);
  return { clock, sink, connection, server };
}

describe("a connection in the hands of a test", () => {
  test("passes everything unless a handler is set", async () => {
    const { clock, sink, connection, server } = await open(() => {});

    connection.send("a");
    connection.send(Uint8Array.of(1));
    connection.ping?.();
    await clock.advance(0);
    connection.close(3000, "bye");
    await clock.advance(0);

    expect(server).toEqual(["a", "1", "close 3000 bye"]);
    expect(sink.log).toEqual(["opened", "text a", "binary [1]", "closed 3000"]);
    expect(sink.sentBytes).toBe(2);
    expect(sink.pending.length).toBeGreaterThan(0);
  });

  test("can be observed in order, from its start to its end", async () => {
    const seen: string[] = [];
    const { clock, connection } = await open((intercepted) => {
      const { id, url } = intercepted;
      intercepted.onopen = () => seen.push(`open ${id} ${url}`);
      intercepted.onsend = (data) => {
        seen.push(`sent ${String(data)}`);
        intercepted.sendToServer(data);
      };
      intercepted.onreceive = (data) => {
        seen.push(`received ${String(data)}`);
        intercepted.sendToScript(data);
      };
      intercepted.onclose = ({ code }) => seen.push(`close ${code}`);
    });

    connection.send("a");
    connection.close(3000);
    await clock.advance(0);

    expect(seen).toEqual(["open 1 ws://echo.test/", "sent a", "received a", "close 3000"]);
  });

  test("can have its messages changed, in both directions", async () => {
    const { clock, sink, connection, server } = await open((intercepted) => {
      intercepted.onsend = (data) => intercepted.sendToServer(`${String(data)} there`);
      intercepted.onreceive = (data) => intercepted.sendToScript(`${String(data)} and back`);
    });

    connection.send("now");
    await clock.advance(0);

    expect(server).toEqual(["now there"]);
    expect(sink.log).toEqual(["opened", "text now there and back"]);
    // What counts is what the script has sent.
    expect(sink.sentBytes).toBe(3);
  });

  test("can have its messages delayed", async () => {
    const clocks: VirtualClock[] = [];
    const { clock, sink, connection } = await open((intercepted) => {
      intercepted.onreceive = (data) =>
        clocks[0]?.schedule(() => intercepted.sendToScript(data), 100);
    });
    clocks.push(clock);

    connection.send("a");
    await clock.advance(99);
    expect(sink.log).toEqual(["opened"]);
    await clock.advance(1);

    expect(sink.log).toEqual(["opened", "text a"]);
  });

  test("can have its messages dropped, which still count as sent", async () => {
    const { clock, sink, connection, server } = await open((intercepted) => {
      intercepted.onsend = (data) => {
        if (data !== "secret") intercepted.sendToServer(data);
      };
    });

    connection.send("secret");
    connection.send("a");
    await clock.advance(0);

    expect(server).toEqual(["a"]);
    expect(sink.sentBytes).toBe(7);
  });

  test("can have messages injected, in both directions", async () => {
    let intercepted: InterceptedConnection | undefined;
    const { clock, sink, server } = await open((connection) => {
      intercepted = connection;
      connection.sendToServer("too early");
    });

    intercepted?.sendToServer("from the test");
    intercepted?.sendToScript(Uint8Array.of(7));
    await clock.advance(0);

    expect(server).toEqual(["from the test"]);
    expect(sink.log).toEqual(["opened", "binary [7]", "text from the test"]);
    expect(sink.sentBytes).toBe(0);
  });

  test("can be closed as if the server did", async () => {
    let intercepted: InterceptedConnection | undefined;
    const { clock, sink, server } = await open((connection) => {
      intercepted = connection;
    });

    intercepted?.close(4001, "enough");
    await clock.advance(0);

    expect(await sink.whenClosed).toEqual({ code: 4001, reason: "enough", wasClean: true });
    expect(server).toEqual(["close 1006"]);
  });

  test("can be dropped", async () => {
    let intercepted: InterceptedConnection | undefined;
    const { clock, sink, server } = await open((connection) => {
      intercepted = connection;
    });

    intercepted?.drop();
    intercepted?.sendToScript("too late");
    await clock.advance(0);

    expect((await sink.whenClosed).failure?.code).toBe("ERR_CONNECTION_LOST");
    expect(sink.log).toEqual(["opened", "closed 1006"]);
    expect(server).toEqual(["close 1006"]);
  });

  test("breaks when a handler throws, and the error comes out of the clock", async () => {
    const error = new Error("a bug of the test");
    const { clock, sink, connection } = await open((intercepted) => {
      intercepted.onsend = () => {
        throw error;
      };
    });

    connection.send("a");
    await expect(clock.advance(0)).rejects.toBe(error);
    await clock.advance(0);

    expect((await sink.whenClosed).failure).toMatchObject({
      code: "ERR_CONNECTION_LOST",
      message: "a handler of the test threw",
    });
  });
});

test.each(["none", "worker"] as const)(
  "a real server's messages can be changed for a sandbox with isolation %j",
  async (isolation) => {
    const { url } = await openEchoServer();
    const seen: string[] = [];
    const transport = interceptTransport(wsTransport(), (connection) => {
      connection.onsend = (data) => {
        seen.push(`sent ${String(data)}`);
        connection.sendToServer(data);
      };
      connection.onreceive = (data) => connection.sendToScript(String(data).replace("21", "99"));
    });
    const lines: string[] = [];
    const sandbox = await createSandbox({
      isolation,
      transport,
      policy: allowOrigins(allLoopback),
      observe: (event) => {
        if (event.type === "console") lines.push(event.message);
      },
    });
    onTestFinished(() => sandbox.close());

    await sandbox.run(`
      const socket = new WebSocket(${JSON.stringify(url)});
      socket.onopen = () => socket.send("temperature 21");
      socket.onmessage = ({ data }) => { console.log(data, socket.bufferedAmount); socket.close(1000); };
      socket.onclose = ({ code, wasClean }) => console.log(code, wasClean);
    `);
    await sandbox.idle();

    expect(seen).toEqual(["sent temperature 21"]);
    expect(lines).toEqual(["temperature 99 0", "1000 true"]);
  },
);
