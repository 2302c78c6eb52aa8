import { describe, expect, test } from "vitest";
import { EventKind } from "../src/boundary.ts";
import { OutOfMemoryError } from "../src/engine/values.ts";
import { Inbox, type InboxParts } from "../src/inbox.ts";

interface Setup {
  readonly inbox: Inbox;
  /** What the guest was given: kind, id, data. */
  readonly delivered: unknown[][];
  /** What was asked of the network. */
  readonly calls: string[];
  readonly network: { waitingBytes: number };
  /** Posts a turn of somebody else's. */
  post(): void;
  /** Runs the turns that wait. */
  run(count?: number): void;
}

/** An inbox whose turns wait until they are told to run, between a guest and a network that only record. */
function setUp(
  options: {
    delivery?: "auto" | "update";
    maxQueuedEvents?: number;
    maxInboundBytes?: number;
  } = {},
  deliver: () => boolean = () => false,
): Setup {
  const { delivery = "auto", maxQueuedEvents = 3, maxInboundBytes = 100 } = options;
  const delivered: unknown[][] = [];
  const calls: string[] = [];
  const waiting: (() => boolean)[] = [];
  const network = {
    waitingBytes: 0,
    setPaused: (paused: boolean) => calls.push(paused ? "pause" : "resume"),
    delivered(bytes: number) {
      network.waitingBytes -= bytes;
    },
    overflow: (id: number) => calls.push(`overflow ${id}`),
  };
  const parts = {
    network,
    guest: {
      deliver(...input: unknown[]) {
        const more = deliver();
        delivered.push(input);
        return more;
      },
    },
    turns: {
      get isIdle() {
        return waiting.length === 0;
      },
      post: (turn: () => boolean) => waiting.push(turn),
    },
    // The classes have private parts, which nobody needs here.
  } as unknown as InboxParts;
  const inbox = new Inbox({
    delivery,
    limits: { maxQueuedEvents, maxInboundBytes },
    now: () => 0,
    parts: () => parts,
  });
  return {
    inbox,
    delivered,
    calls,
    network,
    post: () => void waiting.push(() => false),
    run(count = waiting.length) {
      for (let left = count; left > 0; left -= 1) waiting.shift()?.();
    },
  };
}

describe("maxQueuedEvents", () => {
  test("that many events may wait; one more pauses the sockets, and they go on when it is gone", () => {
    const { inbox, calls, run } = setUp({ maxQueuedEvents: 3 });

    for (let count = 0; count < 3; count += 1) inbox.text(1, "x", 0);
    expect(calls).toEqual([]);
    inbox.text(1, "x", 0);
    expect(calls).toEqual(["pause"]);
    run(1);

    expect(calls).toEqual(["pause", "resume"]);
  });

  test('with delivery "update" events count until the script takes them', () => {
    const { inbox, calls, run } = setUp({ delivery: "update", maxQueuedEvents: 3 });

    for (let count = 0; count < 4; count += 1) inbox.text(1, "x", 0);
    run();
    expect(calls).toEqual(["pause"]);
    expect(inbox.length).toBe(4);
    inbox.updated();

    expect(calls).toEqual(["pause", "resume"]);
    expect(inbox.length).toBe(0);
  });
});

test("turns of others count for nothing: nobody would resume the sockets after them", () => {
  const { inbox, calls, run, post } = setUp({ maxQueuedEvents: 3 });
  inbox.text(1, "x", 0);
  for (let count = 0; count < 10; count += 1) post();

  run(1);

  expect(calls).toEqual([]);
  expect(inbox.length).toBe(0);
});

describe("maxInboundBytes", () => {
  test.each([
    ["half of it", 50, []],
    ["a byte more than half", 51, ["pause"]],
  ])("%s may wait", (_what, bytes, expected) => {
    const { inbox, calls, network } = setUp({ maxInboundBytes: 100 });

    network.waitingBytes = bytes;
    inbox.text(1, "x", bytes);

    expect(calls).toEqual(expected);
  });

  test('bytes count as delivered when the guest has them, or with "update" when the script has', () => {
    const auto = setUp();
    const update = setUp({ delivery: "update" });
    for (const { inbox, network, run } of [auto, update]) {
      network.waitingBytes = 10;
      inbox.text(1, "x", 10);
      run();
    }

    expect([auto.network.waitingBytes, update.network.waitingBytes]).toEqual([0, 10]);
    update.inbox.updated();
    expect(update.network.waitingBytes).toBe(0);
  });
});

test("text that the engine's own conversion would change goes as JSON", () => {
  const { inbox, delivered, run } = setUp();

  inbox.text(1, "plain", 5);
  inbox.text(1, "a\0b", 3);
  inbox.text(1, Buffer.from("a\0\u20ac"), 5);
  run();

  expect(delivered).toEqual([
    [EventKind.Text, 1, 0, "plain"],
    [EventKind.JsonText, 1, 0, '"a\\u0000b"'],
    [EventKind.JsonText, 1, 0, '"a\\u0000\u20ac"'],
  ]);
});

test("bytes that have to wait are a copy: the caller's buffer is only good for the call", () => {
  const { inbox, delivered, run } = setUp();
  const buffer = Buffer.from([1, 2]);

  inbox.open(1, "", "");
  inbox.binary(1, buffer);
  inbox.text(1, buffer, 2);
  buffer.fill(0);
  run();

  expect(delivered.slice(1)).toEqual([
    [EventKind.Binary, 1, 0, Uint8Array.of(1, 2)],
    [EventKind.Text, 1, 0, Uint8Array.of(1, 2)],
  ]);
});

test("a message that the guest has no room for fails its connection; other errors go on to the turn", () => {
  const full = setUp({}, () => {
    throw new OutOfMemoryError(10);
  });
  const broken = setUp({}, () => {
    throw new RangeError("stack");
  });
  for (const { inbox, network } of [full, broken]) {
    network.waitingBytes = 10;
    inbox.text(7, "x", 10);
  }

  full.run();

  expect(full.calls).toEqual(["overflow 7"]);
  expect(full.network.waitingBytes).toBe(0);
  expect(() => broken.run()).toThrow(RangeError);
});
