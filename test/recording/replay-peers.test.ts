import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { type Drift } from "../../src/recording/drift.ts";
import type { RecordedConnection, RecordedEvent } from "../../src/recording/recording.ts";
import { type Replay, replayPeers, type ReplayOptions } from "../../src/recording/replay-peers.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";
import { type FakePeer, fakePeer, recordingOf } from "./support.ts";

let clock: ManualClock;

beforeEach(() => {
  clock = createManualClock();
});

const sent = (time: number, data: string | Uint8Array<ArrayBuffer>): RecordedEvent => ({
  type: "sent",
  time,
  data,
});
const received = (time: number, data: string | Uint8Array<ArrayBuffer>): RecordedEvent => ({
  type: "received",
  time,
  data,
});

/** A replay with its first connection, 10 ms later. */
function play(
  events: readonly RecordedEvent[],
  options?: ReplayOptions,
  connection?: Partial<RecordedConnection>,
): { readonly replay: Replay; readonly peer: FakePeer } {
  const replay = replayPeers(recordingOf(events, connection), options);
  const peer = fakePeer(clock);
  replay.peers["ws://lamp.test"]?.connect?.(peer);
  clock.advance(10);
  return { replay, peer };
}

describe("A recording answers as the server did", () => {
  test("with the recorded time between a message and its answer", () => {
    const { replay, peer } = play([
      sent(20, "a"),
      received(35, "b"),
      received(40, Uint8Array.of(1, 2)),
    ]);

    clock.advance(1_000);
    peer.says("a");
    clock.advance(15);
    clock.advance(5);

    expect(peer.calls).toEqual(["10 accept", "1025 send b", "1030 send [1 2]"]);
    expect(replay.isDone).toBe(true);
    expect(replay.finish()).toBeUndefined();
  });

  test("when the script is earlier than it was: messages on their way to both sides may pass each other", () => {
    const { replay, peer } = play([received(30, "news"), sent(31, "a"), received(41, "b")]);

    peer.says("a");
    clock.advance(100);

    expect(peer.calls).toEqual(["10 accept", "30 send news", "40 send b"]);
    expect(replay.finish()).toBeUndefined();
  });

  test("with its subprotocol, its close frame and its reason", () => {
    const { replay, peer } = play(
      [{ type: "closed", time: 60, by: "server", code: 4_000, reason: "full" }],
      {},
      { protocol: "v2" },
    );

    clock.advance(50);
    peer.ends(4_000, "full");

    expect(peer.calls).toEqual(["10 accept v2", "60 close 4000 full"]);
    expect(replay.finish()).toBeUndefined();
  });

  test("with the loss of the connection", () => {
    const { peer } = play([{ type: "failed", time: 30, failure: "ERR_CONNECTION_LOST" }]);

    clock.advance(50);

    expect(peer.calls).toEqual(["10 accept", "30 drop"]);
  });

  test("with silence where the keepalive failed", () => {
    const { peer } = play([
      received(20, "a"),
      { type: "failed", time: 60_000, failure: "ERR_KEEPALIVE_TIMEOUT" },
    ]);

    clock.advance(10);

    expect(peer.calls).toEqual(["10 accept", "20 send a", "20 silence"]);
  });

  test.each([
    [{ status: 401, failure: "ERR_HANDSHAKE_STATUS" }, ["30 refuse 401"]],
    [{ status: 0, failure: "ERR_CONNECT" }, ["30 drop"]],
    [{ status: 0, failure: "ERR_HANDSHAKE_TIMEOUT" }, ["0 silence"]],
    [{ status: 0, failure: "ERR_CLOSED_BY_SCRIPT" }, ["0 silence"]],
    [{ status: 0 }, ["0 silence"]],
  ])("with a handshake that came to %j", (outcome, calls) => {
    const closed = { url: "ws://lamp.test/", protocol: "", started: 0, events: [], ended: 30 };
    const connections = [{ ...closed, ...outcome }];
    const replay = replayPeers({ connections, exchanges: [], duration: 30 });
    const peer = fakePeer(clock);

    replay.peers["ws://lamp.test"]?.connect?.(peer);
    clock.advance(30);

    expect(peer.calls).toEqual(calls);
    expect(replay.finish()).toBeUndefined();
  });

  test("until the sandbox went away, which no script does again", () => {
    const { replay } = play([
      received(20, "a"),
      { type: "closed", time: 60, by: "client", code: 1_001, reason: "" },
    ]);

    clock.advance(10);

    expect(replay.isDone).toBe(true);
    expect(replay.finish()).toBeUndefined();
  });

  test("for several connections to one URL in their order", () => {
    const one = recordingOf([received(20, "first")]);
    const two = recordingOf([received(20, "second")]);
    const replay = replayPeers({
      ...one,
      connections: [...one.connections, ...two.connections],
    });
    const peers = [fakePeer(clock), fakePeer(clock)];

    for (const peer of peers) replay.peers["ws://lamp.test"]?.connect?.(peer);
    clock.advance(20);

    expect(peers.map(({ calls }) => calls[1])).toEqual(["20 send first", "20 send second"]);
  });
});

describe("What the script sends is compared", () => {
  test("by its JSON, whatever its order and spaces", () => {
    const { replay, peer } = play([sent(20, '{"a":1,"b":[true,null]}')]);

    peer.says('{ "b": [true, null], "a": 1.0 }');

    expect(replay.finish()).toBeUndefined();
  });

  test("exactly, where that is asked for", () => {
    const { replay, peer } = play([sent(20, '{"a":1}')], { match: "exact" });

    peer.says('{"a": 1}');

    expect(replay.drift).toMatchObject({ kind: "message", differences: [] });
  });

  test("without the paths that may differ", () => {
    const ignore = ["$.time", "$..id", "$.list[*].at", '$["a b"]'];
    const recorded =
      '{"time":1,"x":{"id":1,"y":[{"id":2}]},"list":[{"at":1},{"at":2}],"a b":1,"on":true}';
    const said = '{"x":{"id":9,"y":[{}]},"list":[{"at":3},{}],"a b":2,"on":false,"time":"later"}';
    const { replay, peer } = play([sent(20, recorded)], { ignore });

    peer.says(said);

    expect(replay.drift?.differences).toEqual([{ path: "$.on", expected: "true", found: "false" }]);
  });

  test("by a function of the test's own", () => {
    const { replay, peer } = play([sent(20, "a 1")], {
      match: (found, recorded) => String(found)[0] === String(recorded)[0],
    });

    peer.says("a 2");

    expect(replay.finish()).toBeUndefined();
  });

  test("with REDACTED in place of its secrets", () => {
    const { replay, peer } = play([sent(20, '{"token":"REDACTED","on":true}')]);

    peer.says('{"token":"the real one","on":true}');

    expect(replay.finish()).toBeUndefined();
  });

  test("without telling in the report what is secret in the recording", () => {
    const { replay, peer } = play([sent(20, '{"token":"REDACTED","on":true}')]);

    peer.says('{"token":"s3cret","on":false}');

    expect(replay.drift?.report).toContain('found     {"token":"REDACTED","on":false}');
    expect(JSON.stringify(replay.drift)).not.toContain("s3cret");
  });

  test("as bytes, and text is no bytes", () => {
    const right = play([sent(20, Uint8Array.of(1, 2))]);
    right.peer.says(Uint8Array.of(1, 2));
    const wrong = play([sent(20, Uint8Array.of(123, 125))]);
    wrong.peer.says("{}");

    expect(right.replay.finish()).toBeUndefined();
    expect(wrong.replay.drift?.report).toContain("expected  2 bytes 7b 7d\n    found     {}");
  });
});

describe("The first difference is reported", () => {
  test("with connection, message, both sides and the paths that differ", () => {
    const drifts: Drift[] = [];
    const { peer, replay } = play(
      [sent(20, '{"cmd":"on","to":[{"id":3}]}'), received(30, "ok"), sent(40, "end")],
      { onDrift: (drift) => drifts.push(drift) },
    );

    peer.says('{"cmd":"off","to":[{"id":3},{"id":4}]}');
    peer.says("whatever follows");
    clock.advance(100);

    expect(drifts).toEqual([replay.drift]);
    expect(peer.calls).toEqual(["10 accept"]);
    expect(replay.drift?.report).toBe(
      `The conversation is not the recorded one.
  connection 1 to ws://lamp.test/, event 1 of 3
    expected  {"cmd":"on","to":[{"id":3}]}
    found     {"cmd":"off","to":[{"id":3},{"id":4}]}
    $.cmd  expected "on", found "off"
    $.to[1]  expected nothing, found {"id":4}`,
    );
    expect(() => replay.check()).toThrow(
      expect.objectContaining({ code: "ERR_REPLAY_DRIFT", message: replay.drift?.report }),
    );
  });

  test("for a message beyond the recorded ones", () => {
    const { replay, peer } = play([sent(20, "a")]);

    peer.says("a");
    peer.says("b");

    expect(replay.drift?.report).toContain(
      'after event 1 of 1\n    expected  nothing\n    found     "b"',
    );
  });

  test.each<[RecordedEvent[], number, string, string]>([
    [
      [received(20, "a")],
      1_000,
      "bye",
      'expected  the server sends "a"\n    found     close 1000 "bye"',
    ],
    [
      [{ type: "closed", time: 20, by: "client", code: 1_000, reason: "" }],
      3_000,
      "",
      "expected  close 1000\n    found     close 3000",
    ],
    [
      [{ type: "closed", time: 20, by: "client", reason: "" }],
      1_000,
      "",
      "expected  close\n    found     close 1000",
    ],
  ])("for a close that is not the recorded one: %#", (events, code, reason, report) => {
    const { replay, peer } = play(events);

    peer.ends(code, reason);

    expect(replay.drift).toMatchObject({ kind: "close" });
    expect(replay.drift?.report).toContain(report);
  });

  test("for a URL that is not in the recording, with those that are", () => {
    const { replay } = play([]);
    const peer = fakePeer(clock, "ws://lamp.test/other");

    replay.peers["ws://lamp.test"]?.connect?.(peer);

    expect(peer.calls).toEqual(["10 refuse 404"]);
    expect(replay.drift?.report).toContain(
      "connection 2 to ws://lamp.test/other\n    expected  one of the URLs of the recording: ws://lamp.test/\n    found     ws://lamp.test/other",
    );
  });

  test("for an origin that is not in the recording", () => {
    const replay = replayPeers(recordingOf([]));

    replay.observe({
      type: "connecting",
      time: 0,
      connection: 1,
      url: "ws://hub.test/",
      protocols: [],
    });

    expect(replay.drift).toMatchObject({ kind: "unknown", found: "ws://hub.test/" });
  });

  test("for a second connection where one was recorded", () => {
    const { replay } = play([]);

    replay.peers["ws://lamp.test"]?.connect?.(fakePeer(clock));

    expect(replay.drift?.report).toContain("at most 1 connections to that URL");
  });

  test("for other subprotocols than the recorded ones", () => {
    const replay = replayPeers(recordingOf([], { protocols: ["v2"] }));

    replay.peers["ws://lamp.test"]?.connect?.(fakePeer(clock, "ws://lamp.test/", ["v3", "v2"]));

    expect(replay.drift).toMatchObject({ kind: "protocols", expected: "v2", found: "v3, v2" });
  });

  test("at the end, for what the script left unused", () => {
    const { replay, peer } = play([sent(20, "a"), sent(30, "b"), received(40, "c")]);

    peer.says("a");

    expect(replay.isDone).toBe(false);
    expect(replay.drift).toBeUndefined();
    expect(replay.finish()?.report).toContain(
      'event 2 of 3\n    expected  the script sends "b"; 2 are left\n    found     nothing',
    );
  });

  test("at the end, for a connection that was never opened", () => {
    const replay = replayPeers(recordingOf([]));

    expect(replay.finish()).toMatchObject({ kind: "unused", place: "ws://lamp.test/" });
  });
});

describe("HTTP requests are answered from the recording", () => {
  const exchange = {
    method: "POST",
    url: "http://hub.test/api/REDACTED/lights",
    started: 100,
    sent: '{"on":true}',
    status: 202,
    headers: { "content-type": "application/json" },
    received: "[]",
    ended: 130,
  };
  const request = (url: string, body: string): object => ({
    method: "POST",
    url: new URL(url),
    headers: {},
    body: new TextEncoder().encode(body),
    clock,
  });

  test("after the recorded time", async () => {
    const replay = replayPeers({ connections: [], exchanges: [exchange], duration: 130 });

    const answer = replay.peers["http://hub.test"]?.request?.(
      request("http://hub.test/api/0123456789/lights", '{ "on": true }') as never,
    );
    clock.advance(29);
    expect(clock.scheduled).toBe(1);
    clock.advance(1);

    expect(await answer).toEqual({ status: 202, headers: exchange.headers, body: "[]" });
    expect(replay.isDone).toBe(true);
    expect(replay.finish()).toBeUndefined();
  });

  test("and another request or body is a difference", async () => {
    const replay = replayPeers({ connections: [], exchanges: [exchange], duration: 130 });
    const other = replayPeers({ connections: [], exchanges: [exchange], duration: 130 });

    void replay.peers["http://hub.test"]?.request?.(request(exchange.url, '{"on":false}') as never);
    const refused = other.peers["http://hub.test"]?.request?.(
      request("http://hub.test/", "") as never,
    );

    expect(replay.drift?.report).toContain("$.on  expected true, found false");
    expect(await refused).toEqual({ status: 404 });
    expect(other.drift).toMatchObject({ kind: "unknown", place: "POST http://hub.test/" });
  });

  test("and what is left at the end is told", () => {
    const replay = replayPeers({ connections: [], exchanges: [exchange], duration: 130 });

    expect(replay.finish()).toMatchObject({ kind: "unused", place: `POST ${exchange.url}` });
  });
});

test.each([
  [{ match: "fuzzy" as never }, 'match must be "json", "exact" or a function, got "fuzzy"'],
  [{ match: "exact" as const, ignore: ["$.a"] }, 'ignore needs match "json"'],
  [
    { ignore: ["time"] },
    'Expected a JSON path such as $.time, $.lamps[*].id or $..time, got "time"',
  ],
  [{ ignore: ["$"] }, "Expected a JSON path"],
  [{ ignore: ["$.a["] }, "Expected a JSON path"],
  [{ ignore: ["$.a..", "$.b"] }, "Expected a JSON path"],
])("Wrong options are refused: %j", (options, message) => {
  const replay = (): unknown => replayPeers(recordingOf([]), options);

  expect(replay).toThrow(expect.objectContaining({ code: "ERR_REPLAY_OPTION" }));
  expect(replay).toThrow(message);
});

test("Deeply nested messages are compared as text", () => {
  const nested = (size: number): string => `${"[".repeat(size)}1${"]".repeat(size)}`;
  const shallow = play([sent(20, nested(200))]);
  shallow.peer.says(` ${nested(200)}`);
  const deep = play([sent(20, nested(201))]);
  deep.peer.says(` ${nested(201)}`);

  expect(shallow.replay.finish()).toBeUndefined();
  expect(deep.replay.drift).toMatchObject({ kind: "message", differences: [] });
});

test("A script that does what was recorded never differs, and hears all that was recorded", () => {
  const message = fc.record({
    type: fc.constantFrom("sent" as const, "received" as const),
    data: fc.oneof(
      fc.string({ unit: "binary" }),
      fc.uint8Array().map((bytes) => new Uint8Array(bytes)),
    ),
    wait: fc.nat(50),
  });
  fc.assert(
    fc.property(fc.array(message), (list) => {
      clock = createManualClock();
      let time = 10;
      const events = list.map(({ type, data, wait }): RecordedEvent => {
        time += wait;
        return { type, time, data };
      });
      const { replay, peer } = play(events);

      for (const event of events) {
        clock.advance(Math.max(0, event.time - clock.now()));
        if (event.type === "sent") peer.says(event.data);
      }
      clock.advance(1_000);

      const heard = events.flatMap((event) =>
        event.type === "received"
          ? [
              `${event.time} send ${typeof event.data === "string" ? event.data : `[${event.data.join(" ")}]`}`.trimEnd(),
            ]
          : [],
      );
      expect(peer.calls.slice(1)).toEqual(heard);
      expect(replay.finish()).toBeUndefined();
    }),
  );
});
