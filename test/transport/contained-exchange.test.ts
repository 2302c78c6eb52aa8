import { describe, expect, test } from "vitest";
import { containedTransport } from "../../src/transport/contained-transport.ts";
import type { HttpExchange, HttpSink, Transport } from "../../src/transport/transport.ts";
import { type HttpClient, sendBy } from "../support/http-client.ts";

interface Setup {
  /** What the sandbox sees. */
  readonly client: HttpClient;
  /** What the transport tells. */
  readonly inner: HttpSink;
  /** How often the transport was told to drop the request. */
  readonly aborts: readonly string[];
}

/** A request of a transport whose methods are replaced. */
function setUp(methods: { readonly [name: string]: unknown } = {}): Setup {
  const aborts: string[] = [];
  let inner: HttpSink | undefined;
  const ignore = (): void => {};
  const transport: Transport = {
    connect: () => expect.fail("not asked for"),
    request(_request, sink) {
      inner = sink;
      const abort = (): void => void aborts.push("abort");
      return { abort, pause: ignore, resume: ignore, ...methods };
    },
  };
  const client = sendBy(containedTransport(transport), {});
  if (inner === undefined) throw new Error("nothing was requested");
  return { client, inner, aborts };
}

/** Values as callers without types pass them. */
function anything(value: unknown): never {
  return value as never;
}

const head = { status: 200, statusText: "OK", headers: [] };

describe("what a transport tells against its contract fails its request", () => {
  test.each<readonly [string, (sink: HttpSink) => void, string]>([
    ["no head", (sink) => sink.head(anything(undefined)), "head() takes a head, got undefined"],
    [
      "a status that is none",
      (sink) => sink.head({ ...head, status: 99 }),
      "the status of head() must be an integer from 200 to 599, got 99",
    ],
    [
      "a status that is a text",
      (sink) => sink.head(anything({ ...head, status: "200" })),
      'the status of head() must be an integer from 200 to 599, got "200"',
    ],
    [
      "headers that are no list",
      (sink) => sink.head(anything({ ...head, headers: {} })),
      "the headers of head() must be a list, got an object",
    ],
    [
      "headers that are no pairs",
      (sink) => sink.head(anything({ ...head, headers: ["a: b"] })),
      "the name of a header must be a string, got undefined",
    ],
    [
      "an address that is none",
      (sink) => sink.head(anything({ ...head, address: 1 })),
      "the address of head() must be a string, got 1",
    ],
    [
      "data that is text",
      (sink) => sink.data(anything("x")),
      'what data() takes must be a Uint8Array, got "x"',
    ],
    [
      "a failure that is none",
      (sink) => sink.failed(anything("x")),
      'failed() takes a failure, got "x"',
    ],
    [
      "a stage that is none",
      (sink) => sink.reached(anything("x")),
      'a stage must be one of policy, limit, resolve, connect, tls, handshake, open, closing, got "x"',
    ],
  ])("%s", async (_what, tell, message) => {
    const { client, inner, aborts } = setUp();

    tell(inner);
    inner.head(head);
    inner.end();

    expect(client.log).toEqual([]);
    await expect(client.outcome).resolves.toBe("connect ERR_CONNECT");
    expect(client.message()).toBe(`the transport broke its contract: ${message}`);
    expect(client.log).toEqual(["failed"]);
    expect(aborts).toEqual(["abort"]);
  });
});

test.each<readonly [string, Transport["request"], string]>([
  [
    "throws",
    () => {
      throw new Error("no");
    },
    "the transport threw: no",
  ],
  [
    "answers nothing",
    () => anything(undefined),
    "the transport threw: request() must return an exchange, got undefined",
  ],
  [
    "answers a promise",
    () => anything(Promise.resolve()),
    "the transport threw: request() must return an exchange, not a promise",
  ],
  [
    "answers an exchange without abort()",
    () => anything({ pause() {}, resume() {} }),
    "the transport threw: request() must return an exchange with a method abort()",
  ],
  [
    "tells before it has returned",
    (_request, sink): HttpExchange => {
      sink.head(head);
      return { abort() {}, pause() {}, resume() {} };
    },
    "the transport broke its contract: it reported before request() had returned",
  ],
])("a transport whose request() %s fails the request alone", async (_what, request, message) => {
  const transport = containedTransport({
    connect: () => expect.fail("not asked for"),
    ...(request === undefined ? {} : { request }),
  });

  const client = sendBy(transport, {});

  await expect(client.outcome).resolves.toBe("connect ERR_CONNECT");
  expect(client.message()).toBe(message);
});

test("methods that throw or reject fail the request", async () => {
  const throwing = setUp({
    pause() {
      throw new Error("no");
    },
  });
  const rejecting = setUp({ resume: () => Promise.reject(new Error("later")) });
  throwing.inner.head(head);

  throwing.client.exchange.pause();
  rejecting.client.exchange.resume();

  await expect(throwing.client.outcome).resolves.toBe("open ERR_CONNECTION_LOST");
  await expect(rejecting.client.outcome).resolves.toBe("connect ERR_CONNECT");
});

test("abort() drops the request and lets nothing through", () => {
  const { client, inner, aborts } = setUp();

  client.exchange.abort();
  client.exchange.abort();
  inner.head(head);
  inner.failed(anything(undefined));

  expect(aborts).toEqual(["abort"]);
  expect(client.log).toEqual([]);
});

test("what a transport tells as it should arrives", async () => {
  const { client, inner } = setUp();

  inner.reached("tls");
  inner.head({ ...head, headers: [["A", "b"]], address: "192.0.2.1" });
  inner.data(Uint8Array.of(1, 2));
  inner.end();

  await expect(client.head).resolves.toEqual({
    ...head,
    headers: [["A", "b"]],
    address: "192.0.2.1",
  });
  expect([...(await client.body())]).toEqual([1, 2]);
  expect(client.stages).toEqual(["tls"]);
});

test("a transport without request() stays one", () => {
  const contained = containedTransport({ connect: () => expect.fail("not asked for") });

  expect(contained.request).toBeUndefined();
});
