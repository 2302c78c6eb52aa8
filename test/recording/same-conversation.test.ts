import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import type { SandboxEvent } from "../../src/events.ts";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { parseHar } from "../../src/recording/parse-har.ts";
import { recordHar } from "../../src/recording/record-har.ts";
import type { RecordedEvent, Recording } from "../../src/recording/recording.ts";
import { replayPeers } from "../../src/recording/replay-peers.ts";
import { createSandbox } from "../../src/sandbox.ts";
import type { Simulator } from "../../src/simulators/simulator.ts";
import { createTestSandbox } from "../../src/testing/test-sandbox.ts";

/** Asks a lamp, waits, sends bytes, and closes; then connects again and is closed by the lamp. */
const script = `
  const [origin] = NetworkDevice.args;
  function first() {
    const socket = NetworkDevice.createWebSocket(origin + "/first", ["v2", "v1"]);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { socket.send("hello"); socket.send(JSON.stringify({ token: "s3cret" })); };
    socket.onmessage = ({ data }) => {
      if (data === "hello") setTimeout(() => socket.send(new Uint8Array([0, 255, 128])), 40);
      if (typeof data !== "string") socket.close(1000, "done \\u2713");
    };
    socket.onclose = second;
  }
  function second() {
    const socket = NetworkDevice.createWebSocket(origin + "/second", ["v2"]);
    socket.onopen = () => socket.send("bye");
    socket.onclose = ({ code, reason }) => console.log(code, reason);
  }
  first();
`;

test("A script has the same conversation with a simulator in memory, with a server on a real port, and with a recording of it", async () => {
  const inMemory = await talkInMemory({ "ws://lamp.test": echo }, "ws://lamp.test");
  const { recording: real, origin } = await talkOnRealPort();
  const replay = replayPeers(real);
  const replayed = await talkInMemory(replay.peers, origin);

  const expected = [
    "/first v2,v1 -> v2",
    "sent hello",
    'sent {"token":"REDACTED"}',
    "received hello",
    'received {"token":"REDACTED"}',
    "sent 0,255,128",
    "received 0,255,128",
    "closed by client 1000 done \u2713",
    "/second v2 -> v2",
    "sent bye",
    "closed by server 4000 as you wish",
  ];
  expect(conversation(inMemory)).toEqual(expected);
  expect(conversation(real)).toEqual(expected);
  expect(conversation(replayed)).toEqual(expected);
  expect(replay.finish()).toBeUndefined();
  expect(replay.isDone).toBe(true);
});

test("A replay takes the time that the recording took", async () => {
  const { recording, origin } = await talkOnRealPort();

  const replayed = await talkInMemory(replayPeers(recording).peers, origin);

  const [real = []] = recording.connections.map(({ events }) => events);
  const [again = []] = replayed.connections.map(({ events }) => events);
  const wait = (events: readonly RecordedEvent[]): number =>
    (events[5]?.time ?? 0) - (events[4]?.time ?? 0);
  // The answer to the bytes, which the script sends after a timer of its own.
  expect(wait(again)).toBeCloseTo(wait(real), 0);
});

/** Sends back what it gets, and closes at "bye". */
const echo: Simulator = {
  connect(peer) {
    peer.accept({ protocol: "v2" });
    peer.onmessage = (data) => {
      if (data === "bye") peer.close(4_000, "as you wish");
      else peer.send(data);
    };
  },
};

async function talkInMemory(
  peers: Readonly<Record<string, Simulator>>,
  origin: string,
): Promise<Recording> {
  const recorder = recordHar();
  await using sandbox = await createTestSandbox({
    peers,
    args: [origin],
    observe: recorder.observe,
    script,
  });
  await sandbox.idle();
  return parseHar(JSON.stringify(recorder.har()));
}

async function talkOnRealPort(): Promise<{
  readonly recording: Recording;
  readonly origin: string;
}> {
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    handleProtocols: () => "v2",
  });
  onTestFinished(() => server.close());
  server.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => {
      if (!isBinary && String(data) === "bye") socket.close(4_000, "as you wish");
      else socket.send(data, { binary: isBinary });
    });
  });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  const origin = `ws://127.0.0.1:${address.port}`;
  const recorder = recordHar();
  const ended: SandboxEvent[] = [];
  const sandbox = await createSandbox({
    policy: allowOrigins(allLoopback),
    args: [origin],
    trace: true,
    observe(event) {
      recorder.observe(event);
      if (event.type === "killed" || event.type === "error") ended.push(event);
    },
  });
  onTestFinished(() => sandbox.close());
  await sandbox.run(script);
  await sandbox.idle();
  await sandbox.close();
  expect(ended).toEqual([]);
  return { recording: parseHar(JSON.stringify(recorder.har())), origin };
}

/** A recording without times and hosts. */
function conversation({ connections }: Recording): readonly string[] {
  return connections.flatMap(({ url, protocols = [], protocol, events }) => [
    `${new URL(url).pathname} ${protocols.join(",")} -> ${protocol}`,
    ...events.map(inWords),
  ]);
}

function inWords(event: RecordedEvent): string {
  switch (event.type) {
    case "sent":
    case "received":
      return `${event.type} ${typeof event.data === "string" ? event.data : event.data.join()}`;
    case "closed":
      return `closed by ${event.by} ${event.code} ${event.reason}`;
    case "failed":
      return `failed ${event.failure}`;
  }
}
