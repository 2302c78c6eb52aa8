import { describe, expect, test } from "vitest";
import { Keepalive, type KeepaliveEntry } from "../../src/network/keepalive.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

interface Setup {
  readonly clock: ManualClock;
  /** What was asked of the connections, with the time: `"a ping 30000"`. */
  readonly log: string[];
  /** How many milliseconds the wall clock is ahead of the monotonic one. */
  readonly wall: { ahead: number };
  watch(name: string, answers?: boolean): KeepaliveEntry;
}

function setUp(keepaliveInterval = 100_000, keepaliveTimeout = 40_000): Setup {
  const clock = createManualClock();
  const log: string[] = [];
  const wall = { ahead: 0 };
  const keepalive = new Keepalive(
    {
      now: () => clock.now(),
      wallNow: () => 1e12 + clock.now() + wall.ahead,
      schedule: (callback, delay) => clock.schedule(callback, delay),
    },
    { keepaliveInterval, keepaliveTimeout },
  );
  return {
    clock,
    log,
    wall,
    watch(name, answers = false) {
      const entry: KeepaliveEntry = keepalive.watch({
        ping() {
          log.push(`${name} ping ${clock.now()}`);
          if (answers) entry.heard();
        },
        expired: () => log.push(`${name} expired ${clock.now()}`),
      });
      return entry;
    },
  };
}

test("a silent peer is pinged after the interval, again after half the timeout, and expires at its end", () => {
  const { clock, log, watch } = setUp();
  watch("a");

  clock.advance(99_999);
  expect(log).toEqual([]);
  clock.advance(40_000);
  expect(log).toEqual(["a ping 100000", "a ping 120000"]);
  clock.advance(1);

  expect(log).toEqual(["a ping 100000", "a ping 120000", "a ping 140000", "a expired 140000"]);
});

test("a sign of life before the end of the timeout starts a new interval", () => {
  const { clock, log, watch } = setUp();
  const entry = watch("a");
  clock.advance(139_999);

  entry.heard();
  clock.advance(99_999);

  expect(log).toEqual(["a ping 100000", "a ping 120000"]);
  clock.advance(1);
  expect(log.at(-1)).toMatch(/ping 239999|ping 240000/);
});

test("a transport whose data is still leaving counts as heard at the ping itself", () => {
  const { clock, log, watch } = setUp();
  watch("a", true);

  clock.advance(1_000_000);

  expect(log).toHaveLength(10);
  expect(log.filter((line) => line.includes("expired"))).toEqual([]);
});

test("a peer that talks is never pinged", () => {
  const { clock, log, watch } = setUp();
  const entry = watch("a");

  for (let count = 0; count < 20; count += 1) {
    clock.advance(50_000);
    entry.heard();
  }

  expect(log).toEqual([]);
});

test("one timer serves all connections, and none is left without them", () => {
  const { clock, watch } = setUp();
  const entries = [watch("a"), watch("b"), watch("c")];
  expect(clock.scheduled).toBe(1);

  for (const entry of entries) entry[Symbol.dispose]();

  expect(clock.scheduled).toBe(0);
});

test("an interval of 0 never pings and sets no timer", () => {
  const { clock, log, watch } = setUp(0);
  watch("a");

  clock.advance(1e9);

  expect(log).toEqual([]);
  expect(clock.scheduled).toBe(0);
});

test("a connection that does not read is left alone until it reads again", () => {
  const { clock, log, watch } = setUp();
  const entry = watch("a");
  clock.advance(110_000);
  entry.setPaused(true);
  clock.advance(1_000_000);
  expect(log).toEqual(["a ping 100000"]);

  entry.setPaused(false);
  clock.advance(250_000);

  expect(log.filter((line) => line.includes("expired"))).toHaveLength(1);
});

test("a connection that pauses again and again is found out all the same: only the time of its pauses does not count", () => {
  const { clock, log, watch } = setUp();
  const entry = watch("a");

  for (let count = 0; count < 1_000; count += 1) {
    clock.advance(500);
    entry.setPaused(true);
    clock.advance(500);
    entry.setPaused(false);
  }

  expect(log.at(-1)).toMatch(/^a expired/);
});

describe("after a sleep", () => {
  test("that stopped the timers, nobody expires before a new ping has had its time", () => {
    const { clock, log, watch } = setUp();
    watch("dead");
    const alive = watch("alive");
    clock.advance(130_000);
    log.length = 0;

    // The deadline passed while the process was stopped; its timer goes off late.
    clock.sleep(500_000);

    expect(log).toEqual(["dead ping 630000", "alive ping 630000"]);
    alive.heard();
    clock.advance(40_000);
    expect(log.at(-1)).toBe("dead expired 670000");
  });

  test("during which the monotonic clock stood still, all are pinged at the next look", () => {
    const { clock, log, wall, watch } = setUp();
    watch("old");
    clock.advance(60_000);
    watch("young");
    wall.ahead = 3_600_000;

    clock.advance(40_000);

    expect(log).toEqual(["old ping 100000", "young ping 100000"]);
  });

  test("clocks that drift apart a little are no sleep", () => {
    const { clock, log, wall, watch } = setUp();
    watch("old");
    clock.advance(60_000);
    watch("young");
    wall.ahead = 1_500;

    clock.advance(40_000);

    expect(log).toEqual(["old ping 100000"]);
  });
});
