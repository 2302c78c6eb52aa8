import { expect, test } from "vitest";
import type { Transport } from "../../src/transport/transport.ts";
import type {
  ExchangeCommand,
  ExchangeEvent,
  TransportCommand,
  TransportEvent,
} from "../../src/worker/messages.ts";
import { RemoteTransport, TransportHost } from "../../src/worker/remote-transport.ts";
import { createFakeTransport, type FakeExchange } from "../support/fake-transport.ts";
import { type HttpClient, sendBy } from "../support/http-client.ts";

interface Setup {
  /** The embedder's end. */
  readonly outside: () => FakeExchange;
  /** What the sandbox hears. */
  readonly client: HttpClient;
  readonly host: TransportHost;
  /** Lets the sandbox's thread take what was posted to it. */
  deliver(): void;
}

/** One request of a sandbox whose thread takes its messages when told. */
function setUp(given?: Transport): Setup {
  const transport = createFakeTransport();
  const underWay: (TransportEvent | ExchangeEvent)[] = [];
  const limits = { maxInboundBytes: 2 ** 21 };
  const host = new TransportHost(given ?? transport, limits, (event) => underWay.push(event));
  const remote = new RemoteTransport((command: TransportCommand | ExchangeCommand) =>
    host.receive(command),
  );
  return {
    outside: () => transport.lastExchange,
    client: sendBy(remote, { headers: [["A", "b"]] }),
    host,
    deliver() {
      for (const event of underWay.splice(0)) remote.receive(event);
    },
  };
}

test("what happens outside reaches the sandbox in order", async () => {
  const { outside, client, deliver } = setUp();
  const { sink, request, answer } = outside();

  sink.reached("tls");
  answer(201, [["X", "y"]], "192.0.2.1");
  sink.data(Uint8Array.of(1, 2));
  sink.end();
  deliver();

  expect(request.headers).toEqual([["A", "b"]]);
  expect(client.log).toEqual(["head 201", "data", "end"]);
  expect(client.stages).toEqual(["connect", "handshake", "tls"]);
  await expect(client.head).resolves.toMatchObject({ headers: [["X", "y"]], address: "192.0.2.1" });
});

test("a request pauses while more than 1 MiB is on its way into a busy thread, and goes on after half of it", () => {
  const { outside, deliver } = setUp();
  const { sink, calls, answer } = outside();
  answer();

  for (let count = 0; count < 5; count += 1) sink.data(new Uint8Array(2 ** 18));
  expect(calls).toEqual(["pause"]);
  deliver();

  expect(calls).toEqual(["pause", "resume"]);
});

test("a transport that goes on although it was told to pause fails its request", async () => {
  const { outside, client, deliver } = setUp();
  const { sink, calls, answer } = outside();
  answer();

  for (let count = 0; count < 20; count += 1) sink.data(new Uint8Array(2 ** 18));
  deliver();

  await expect(client.outcome).resolves.toBe("open ERR_LIMIT");
  expect(calls).toEqual(["pause", "abort"]);
});

test("pause, resume and abort reach the transport, and nothing comes after the last", () => {
  const { outside, client, deliver } = setUp();
  const { sink, calls, answer } = outside();

  client.exchange.pause();
  client.exchange.resume();
  client.exchange.abort();
  answer();
  sink.end();
  deliver();

  expect(calls).toEqual(["pause", "resume", "abort"]);
  expect(client.log).toEqual([]);
});

test("the end of the sandbox drops all requests", () => {
  const { outside, host } = setUp();

  host.abortAll();

  expect(outside().calls).toEqual(["abort"]);
});

test("a failure outside is the request's", async () => {
  const { outside, client, deliver } = setUp();

  outside().sink.failed({
    stage: "resolve",
    code: "ERR_NAME_NOT_RESOLVED",
    message: "no",
    host: "peer.example:80",
  });
  deliver();

  await expect(client.outcome).resolves.toBe("resolve ERR_NAME_NOT_RESOLVED");
});

test("a transport without request() fails it", async () => {
  const { client, deliver } = setUp({ connect: () => expect.fail("not asked for") });

  deliver();

  await expect(client.outcome).resolves.toBe("connect ERR_CONNECT");
});
