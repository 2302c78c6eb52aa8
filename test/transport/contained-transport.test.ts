import { describe, expect, test } from "vitest";
import { containedTransport } from "../../src/transport/contained-transport.ts";
import type {
  Transport,
  TransportConnection,
  TransportSink,
} from "../../src/transport/transport.ts";
import { settled } from "../support/network.ts";
import { createRecordingSink, type RecordingSink } from "../support/recording-sink.ts";
import { transportRequest } from "../support/transport-request.ts";

const request = transportRequest();

const handshake = { protocol: "", extensions: "" };

interface Setup {
  readonly connection: TransportConnection;
  /** What the sandbox hears. */
  readonly sink: RecordingSink;
  /** What the transport tells. */
  readonly inner: TransportSink;
  /** How often the transport was told to drop the connection. */
  readonly aborts: readonly string[];
}

/** A connection of a transport whose methods are replaced. */
function setUp(methods: { readonly [name: string]: unknown } = {}): Setup {
  const aborts: string[] = [];
  let inner: TransportSink | undefined;
  const ignore = (): void => {};
  const transport: Transport = {
    connect(_request, sink) {
      inner = sink;
      const abort = (): void => void aborts.push("abort");
      return { send: ignore, close: ignore, abort, pause: ignore, resume: ignore, ...methods };
    },
  };
  const sink = createRecordingSink();
  const connection = containedTransport(transport).connect(request, sink);
  if (inner === undefined) throw new Error("nothing was connected");
  return { connection, sink, inner, aborts };
}

/** Values as callers without types pass them. */
function anything(value: unknown): never {
  return value as never;
}

/** A view of a buffer that was transferred to somebody else. */
function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

describe("what a transport tells against its contract fails its connection", () => {
  test.each<readonly [string, (sink: TransportSink) => void, string]>([
    [
      "a stage that is none",
      (sink) => sink.reached(anything("far")),
      'a stage must be one of policy, limit, resolve, connect, tls, handshake, open, closing, got "far"',
    ],
    [
      "no handshake",
      (sink) => sink.opened(anything(undefined)),
      "opened() takes a handshake, got undefined",
    ],
    [
      "a handshake without a protocol",
      (sink) => sink.opened(anything({})),
      "the protocol of a handshake must be a string, got undefined",
    ],
    [
      "a handshake with an address that is no text",
      (sink) => sink.opened(anything({ ...handshake, address: 17 })),
      "the address of a handshake must be a string, got 17",
    ],
    [
      "received NaN",
      (sink) => sink.received(Number.NaN),
      "what received() takes must be a number of bytes, got NaN",
    ],
    [
      "received a negative number",
      (sink) => sink.received(-1),
      "what received() takes must be a number of bytes, got -1",
    ],
    [
      "sent nothing",
      (sink) => sink.sent(anything(undefined)),
      "what sent() takes must be a number of bytes, got undefined",
    ],
    [
      "text that is a number",
      (sink) => sink.text(anything(42)),
      "what text() takes must be a Uint8Array, got 42",
    ],
    [
      "binary data that is text",
      (sink) => sink.binary(anything("text")),
      'what binary() takes must be a Uint8Array, got "text"',
    ],
    [
      "binary data in another view",
      (sink) => sink.binary(anything(new DataView(new ArrayBuffer(4)))),
      "what binary() takes must be a Uint8Array, got an object",
    ],
    [
      "no end",
      (sink) => sink.closed(anything(undefined)),
      "closed() takes how it ended, got undefined",
    ],
    [
      "an end without a code",
      (sink) => sink.closed(anything({ wasClean: true, reason: "" })),
      "the code of closed() must be an integer from 1000 to 4999, got undefined",
    ],
    [
      "a reason that is no text",
      (sink) => sink.closed(anything({ code: 1000, wasClean: true })),
      "the reason of closed() must be a string, got undefined",
    ],
    [
      "a reason that no close frame holds",
      (sink) => sink.closed({ code: 1000, reason: "x".repeat(124), wasClean: true }),
      "the reason of closed() is longer than 123 bytes",
    ],
    [
      "an end that may have been clean",
      (sink) => sink.closed(anything({ code: 1000, reason: "", wasClean: () => true })),
      "wasClean of closed() must be a boolean, got a function",
    ],
    [
      "a failure that is a text",
      (sink) => sink.closed(anything({ code: 1006, reason: "", wasClean: false, failure: "x" })),
      'the failure of closed() is not one, got "x"',
    ],
    [
      "a failure without a code",
      (sink) => sink.closed(anything({ code: 1006, reason: "", wasClean: false, failure: {} })),
      "the code of a failure must be one such as ERR_CONNECT, got undefined",
    ],
  ])("%s", async (_what, tell, message) => {
    const { sink, inner, aborts } = setUp();

    tell(inner);
    inner.text("late");
    inner.closed({ code: 1000, reason: "", wasClean: true });

    expect(sink.log).toEqual([]);
    await expect(sink.whenClosed).resolves.toEqual({
      code: 1006,
      reason: "",
      wasClean: false,
      failure: {
        stage: "connect",
        code: "ERR_CONNECT",
        message: `the transport broke its contract: ${message}`,
        host: "peer.example:80",
      },
    });
    expect(sink.log).toEqual(["closed 1006"]);
    expect(aborts).toEqual(["abort"]);
  });

  test("a buffer that was transferred away", async () => {
    const { sink, inner } = setUp();
    inner.opened(handshake);

    inner.binary(detached());

    await expect(sink.whenClosed).resolves.toMatchObject({
      failure: {
        stage: "open",
        code: "ERR_CONNECTION_LOST",
        message: /^the transport broke its contract: .*detached/,
      },
    });
    expect(sink.log).toEqual(["opened", "closed 1006"]);
  });
});

test("only what is known is passed on, as plain data", async () => {
  const { sink, inner } = setUp();
  const failure = { stage: "open", code: "ERR_PROTOCOL", message: "m", host: "h" } as const;

  inner.opened(anything({ ...handshake, address: "192.0.2.1", socket: () => 1 }));
  inner.closed(
    anything({ code: 1006, reason: "", wasClean: false, failure: { ...failure, error() {} } }),
  );

  await expect(sink.whenOpened).resolves.toEqual({ ...handshake, address: "192.0.2.1" });
  await expect(sink.whenClosed).resolves.toEqual({
    code: 1006,
    reason: "",
    wasClean: false,
    failure,
  });
});

test("bytes that others may change are copied, and others are not", () => {
  const { inner, sink } = setUp();
  const seen: Uint8Array[] = [];
  sink.binary = (data) => void seen.push(data);
  const own = Uint8Array.of(1, 2);
  const shared = new Uint8Array(new SharedArrayBuffer(2));

  inner.binary(own);
  inner.binary(shared);
  shared[0] = 1;

  expect(seen[0]).toBe(own);
  expect(seen[1]).toEqual(Uint8Array.of(0, 0));
});

describe("a transport that reports from inside connect()", () => {
  test("fails its connection", async () => {
    const sink = createRecordingSink();
    const aborts: string[] = [];
    const ignore = (): void => {};
    const transport: Transport = {
      connect(_request, inner) {
        inner.opened(handshake);
        const abort = (): void => void aborts.push("abort");
        return { send: ignore, close: ignore, abort, pause: ignore, resume: ignore };
      },
    };

    containedTransport(transport).connect(request, sink);

    expect(sink.log).toEqual([]);
    await expect(sink.whenClosed).resolves.toMatchObject({
      failure: {
        message: "the transport broke its contract: it reported before connect() had returned",
      },
    });
    expect(aborts).toEqual(["abort"]);
  });

  test("may tell how far the handshake is", () => {
    const sink = createRecordingSink();
    const ignore = (): void => {};
    const transport: Transport = {
      connect(_request, inner) {
        inner.reached("resolve");
        return { send: ignore, close: ignore, abort: ignore, pause: ignore, resume: ignore };
      },
    };

    containedTransport(transport).connect(request, sink);

    expect(sink.stages).toEqual(["resolve"]);
  });
});

describe("what connect() returns", () => {
  test.each<readonly [string, () => unknown, string]>([
    ["nothing", () => undefined, "connect() must return a connection, got undefined"],
    [
      "an object without methods",
      () => ({}),
      "connect() must return a connection with a method send()",
    ],
    [
      "a promise that rejects",
      () => Promise.reject(new Error("later")),
      "connect() must return a connection, not a promise",
    ],
  ])("may not be %s", async (_what, connect, message) => {
    const sink = createRecordingSink();

    containedTransport({ connect: () => anything(connect()) }).connect(request, sink);

    await expect(sink.whenClosed).resolves.toMatchObject({
      failure: { code: "ERR_CONNECT", message: `the transport threw: ${message}` },
    });
  });

  test("is dropped when it comes as a promise", async () => {
    const sink = createRecordingSink();
    const aborts: string[] = [];
    const ignore = (): void => {};
    const abort = (): void => void aborts.push("abort");
    const made = { send: ignore, close: ignore, abort, pause: ignore, resume: ignore };

    containedTransport({ connect: () => anything(Promise.resolve(made)) }).connect(request, sink);

    await sink.whenClosed;
    await settled();
    expect(aborts).toEqual(["abort"]);
  });
});

describe("a method of a connection", () => {
  test.each(["send", "close", "pause", "resume", "ping"] as const)(
    "%s() that rejects fails its connection",
    async (method) => {
      const reject = (): Promise<never> => Promise.reject(new Error("broken"));
      const { connection, sink, inner } = setUp({ [method]: reject });
      inner.opened(handshake);

      if (method === "send") connection.send("text");
      else connection[method]?.();

      await expect(sink.whenClosed).resolves.toMatchObject({
        failure: {
          stage: method === "close" ? "closing" : "open",
          code: "ERR_CONNECTION_LOST",
          message: "the transport threw: broken",
        },
      });
    },
  );

  test("abort() that rejects after the connection has failed changes nothing", async () => {
    const reject = (): Promise<never> => Promise.reject(new Error("broken"));
    const { sink, inner } = setUp({ abort: reject });

    inner.sent(-1);

    await sink.whenClosed;
    expect(sink.log).toEqual(["closed 1006"]);
  });
});
