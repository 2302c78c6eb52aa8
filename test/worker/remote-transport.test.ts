import { expect, test } from "vitest";
import type {
  ExchangeCommand,
  ExchangeEvent,
  TransportCommand,
  TransportEvent,
} from "../../src/worker/messages.ts";
import { RemoteTransport, TransportHost } from "../../src/worker/remote-transport.ts";
import { cleanClose, createFakeTransport, type FakeConnection } from "../support/fake-transport.ts";
import { createRecordingSink, type RecordingSink } from "../support/recording-sink.ts";
import { transportRequest } from "../support/transport-request.ts";

interface Setup {
  /** The embedder's end. */
  readonly outside: FakeConnection;
  /** What the sandbox hears. */
  readonly sink: RecordingSink;
  readonly connection: ReturnType<RemoteTransport["connect"]>;
  readonly host: TransportHost;
  /** What is on its way to the sandbox's thread. */
  readonly underWay: readonly (TransportEvent | ExchangeEvent)[];
  /** Lets the sandbox's thread take what was posted to it. */
  deliver(): void;
}

/** One connection of a sandbox whose thread takes its messages when told. */
function setUp(): Setup {
  const transport = createFakeTransport();
  const underWay: (TransportEvent | ExchangeEvent)[] = [];
  const limits = { maxInboundBytes: 2 ** 21 };
  const host = new TransportHost(transport, limits, (event) => underWay.push(event));
  const remote = new RemoteTransport((command: TransportCommand | ExchangeCommand) =>
    host.receive(command),
  );
  const sink = createRecordingSink();
  const connection = remote.connect(transportRequest(), sink);
  return {
    outside: transport.last,
    sink,
    connection,
    host,
    underWay,
    deliver() {
      for (const event of underWay.splice(0)) remote.receive(event);
    },
  };
}

test("what happens outside reaches the sandbox in order", () => {
  const { outside, sink, deliver } = setUp();

  outside.sink.reached("tls");
  outside.sink.opened({ protocol: "a", extensions: "", address: "192.0.2.1" });
  outside.sink.received(3);
  outside.sink.text("hello");
  outside.sink.binary(Uint8Array.of(1, 2));
  outside.sink.sent(5);
  outside.sink.closed(cleanClose(1000));
  deliver();

  expect(sink.log).toEqual(["opened", "text hello", "binary [1 2]", "closed 1000"]);
  expect(sink.stages).toEqual(["tls"]);
  expect(sink.pending).toEqual([3]);
  expect(sink.sentBytes).toBe(5);
});

test("a connection pauses while more than 1 MiB is on its way into a busy thread, and goes on after half of it", () => {
  const { outside, deliver } = setUp();
  outside.sink.text("x".repeat(2 ** 20 - 256));
  expect(outside.calls).toEqual([]);

  outside.sink.text("");
  expect(outside.calls).toEqual(["pause"]);
  deliver();

  expect(outside.calls).toEqual(["pause", "resume"]);
});

test("empty messages count, too", () => {
  const { outside } = setUp();

  for (let count = 0; count <= 4_096; count += 1) outside.sink.binary(new Uint8Array());

  expect(outside.calls).toEqual(["pause"]);
});

test("how many messages have left crosses with their bytes", () => {
  const { outside, sink, deliver } = setUp();
  const sent: (readonly (number | undefined)[])[] = [];
  sink.sent = (...counts) => void sent.push(counts);

  outside.sink.sent(12, 3);
  outside.sink.sent(4);
  deliver();

  expect(sent).toEqual([
    [12, 3],
    [4, 1],
  ]);
});

test("a busy thread is told of bytes that have arrived by one message at a time", () => {
  const { outside, sink, underWay, deliver } = setUp();

  for (let bytes = 1; bytes <= 1_000; bytes += 1) outside.sink.received(bytes);
  expect(underWay).toHaveLength(1);
  deliver();
  expect(underWay).toHaveLength(1);
  deliver();
  deliver();

  expect(sink.pending).toEqual([1, 1_000]);
  outside.sink.received(1_001);
  deliver();
  expect(sink.pending).toEqual([1, 1_000, 1_001]);
});

test("a message takes the place of its incomplete part, also where that was not told yet", () => {
  const { outside, sink, deliver } = setUp();

  outside.sink.received(1);
  outside.sink.received(4);
  outside.sink.text("hello");
  deliver();
  deliver();

  expect(sink.pending).toEqual([1, 0]);
});

test("a transport that does not pause may bring maxInboundBytes and 2 MiB into a busy thread", () => {
  const { outside, underWay } = setUp();

  outside.sink.binary(new Uint8Array(2 ** 22 - 256));

  expect(underWay.map(({ type }) => type)).toEqual(["binary"]);
  expect(outside.calls).toEqual(["pause"]);
});

test("a transport that brings more than that loses its connection", async () => {
  const { outside, sink, underWay, deliver } = setUp();

  outside.sink.binary(new Uint8Array(2 ** 22 - 255));
  outside.sink.text("later");
  outside.sink.closed(cleanClose());

  expect(underWay.map(({ type }) => type)).toEqual(["disconnected"]);
  expect(outside.calls).toEqual(["abort"]);
  deliver();
  await expect(sink.whenClosed).resolves.toMatchObject({
    code: 1006,
    failure: {
      stage: "open",
      code: "ERR_LIMIT",
      message: "limits.maxInboundBytes of 2097152 was exceeded on the way into the sandbox",
      host: "peer.example",
    },
  });
});

test("a connection that both ends want to pause goes on when both want it to", () => {
  const { outside, connection, deliver } = setUp();
  connection.pause();
  outside.sink.text("x".repeat(2 ** 20));
  expect(outside.calls).toEqual(["pause"]);

  connection.resume();
  expect(outside.calls).toEqual(["pause"]);
  deliver();

  expect(outside.calls).toEqual(["pause", "resume"]);
});

test("the end of the sandbox drops all connections", () => {
  const { outside, host } = setUp();

  host.abortAll();

  expect(outside.calls).toEqual(["abort"]);
});
