import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import type { SandboxEvent } from "../../src/events.ts";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { parseHar } from "../../src/recording/parse-har.ts";
import { recordHar } from "../../src/recording/record-har.ts";
import type { RecordedEvent, Recording } from "../../src/recording/recording.ts";
import { replayPeers } from "../../src/recording/replay-peers.ts";
import { createSandbox } from "../../src/sandbox.ts";
import { type ClownHub, createClownHub } from "../../src/simulators/clown-hub.ts";
import { serveSimulator } from "../../src/simulators/serve.ts";
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

test("A script has the same conversation with a simulator in memory, with the simulator on a real port, and with a recording of it", async () => {
  const inMemory = await talkInMemory(script, { "ws://lamp.test": echo }, ["ws://lamp.test"]);
  const { origin, close } = await serveSimulator(echo);
  onTestFinished(close);
  const real = await talkOnRealPort(script, [origin]);
  const replay = replayPeers(real);
  const replayed = await talkInMemory(script, replay.peers, [origin]);

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

test("scripts/clown-hub.js has the same conversation with a Clown.Hub in memory, on a real port, and from a recording", async () => {
  const source = readFileSync(new URL("../../scripts/clown-hub.js", import.meta.url), "utf8");
  // Far enough apart that no machine is too slow for the answers in between.
  const create = (): ClownHub => createClownHub({ publishInterval: 500 });
  const args = (origin: string): readonly string[] => [create().url(origin), "23.6", "3"];
  const inMemory = await talkInMemory(source, { "ws://hub.test": create() }, args("ws://hub.test"));
  const { origin, close } = await serveSimulator(create());
  onTestFinished(close);
  const real = await talkOnRealPort(source, args(origin));
  const replay = replayPeers(real);
  const replayed = await talkInMemory(source, replay.peers, args(origin));

  const expected = conversation(inMemory);
  expect(expected.length).toBeGreaterThan(7);
  expect(expected.at(-1)).toBe("closed by client 1000 done");
  expect(conversation(real)).toEqual(expected);
  expect(conversation(replayed)).toEqual(expected);
  expect(replay.finish()).toBeUndefined();
});

test("A replay takes the time that the recording took", async () => {
  const { origin, close } = await serveSimulator(echo);
  onTestFinished(close);
  const recording = await talkOnRealPort(script, [origin]);

  const replayed = await talkInMemory(script, replayPeers(recording).peers, [origin]);

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
  source: string,
  peers: Readonly<Record<string, Simulator>>,
  args: readonly string[],
): Promise<Recording> {
  const recorder = recordHar();
  await using sandbox = await createTestSandbox({ peers, args, observe: recorder.observe });
  await sandbox.run(source);
  await sandbox.idle();
  return parseHar(JSON.stringify(recorder.har()));
}

async function talkOnRealPort(source: string, args: readonly string[]): Promise<Recording> {
  const recorder = recordHar();
  const failures: SandboxEvent[] = [];
  const sandbox = await createSandbox({
    policy: allowOrigins(allLoopback),
    args,
    trace: true,
    observe(event) {
      recorder.observe(event);
      if (event.type === "killed" || event.type === "error") failures.push(event);
    },
  });
  onTestFinished(() => sandbox.close());
  await sandbox.run(source);
  await sandbox.idle();
  await sandbox.close();
  expect(failures).toEqual([]);
  return parseHar(JSON.stringify(recorder.har()));
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
