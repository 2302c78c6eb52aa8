import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import type { TestGuest } from "../support/guest.ts";
import { createTimedGuest, runUntil } from "../support/timed-guest.ts";

function log(guest: TestGuest): unknown {
  return JSON.parse(guest.evaluate("JSON.stringify(log.splice(0))") as string) as unknown;
}

describe.each(buildNames)("%s", (build) => {
  test("callbacks run by due time, then by creation, with their arguments and the global as this", async () => {
    using guest = await createTimedGuest({ build });
    guest.evaluate(`
      setTimeout(function (...rest) { log.push(["c", this === globalThis, ...rest]) }, 20, 1, "x");
      setTimeout(() => log.push("a"), 10);
      setTimeout(() => log.push("b"), 10);
    `);

    runUntil(guest, 30);

    expect(log(guest)).toEqual(["a", "b", ["c", true, 1, "x"]]);
    expect(guest.callsOf("setAlarm").at(-1)).toEqual([-1]);
  });

  test("delays are converted as Web IDL's long", async () => {
    using guest = await createTimedGuest({ build });
    guest.evaluate(`
      [-5, NaN, "7", 2 ** 32 + 3, 2 ** 31, undefined, 1.9, Infinity].forEach((delay, index) => {
        setTimeout(() => log.push([index, performance.now()]), delay);
      });
    `);

    runUntil(guest, 100);

    expect(log(guest)).toEqual([
      [0, 0],
      [1, 0],
      [4, 0],
      [5, 0],
      [7, 0],
      [6, 1],
      [3, 3],
      [2, 7],
    ]);
  });

  test("promise jobs run between two callbacks that are due together", async () => {
    using guest = await createTimedGuest({ build });
    guest.evaluate(`
      setTimeout(() => { log.push(1); Promise.resolve().then(() => log.push("job")) });
      setTimeout(() => log.push(2));
    `);

    runUntil(guest, 0);

    expect(log(guest)).toEqual([1, "job", 2]);
  });

  test("after five levels of nesting a delay is at least 4 ms, also through promises", async () => {
    using guest = await createTimedGuest({ build });
    guest.evaluate(`
      async function next() {
        log.push(performance.now());
        await undefined;
        if (log.length < 9) setTimeout(next, 0);
      }
      setTimeout(next, 0);
    `);

    runUntil(guest, 100);

    expect(log(guest)).toEqual([0, 0, 0, 0, 0, 0, 4, 8, 12]);
  });

  test("a script that runs later is not nested in the timers before it", async () => {
    using guest = await createTimedGuest({ build });
    for (const time of [0, 1, 2, 3, 4, 5, 6, 7]) {
      guest.evaluate("setTimeout(() => log.push(performance.now()), 1)");
      runUntil(guest, time + 1);
    }

    expect(log(guest)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("an interval repeats from the end of its callback and ends inside of it", async () => {
    using guest = await createTimedGuest({ build });
    guest.evaluate(`
      const id = setInterval(() => {
        log.push(performance.now());
        if (log.length === 3) clearTimeout(id);
      }, 10);
    `);

    runUntil(guest, 100);

    expect(log(guest)).toEqual([10, 20, 30]);
    expect(guest.callsOf("setAlarm").at(-1)).toEqual([-1]);
  });

  test("a timer may cancel one that is due at the same time", async () => {
    using guest = await createTimedGuest({ build });
    guest.evaluate(`
      setTimeout(() => { log.push(1); clearInterval(second) });
      const second = setTimeout(() => log.push(2));
      setTimeout(() => log.push(3));
    `);

    runUntil(guest, 10);

    expect(log(guest)).toEqual([1, 3]);
  });

  test("an exception is reported and stops neither the interval nor the others", async () => {
    using guest = await createTimedGuest({ build });
    guest.evaluate(`
      const id = setInterval(() => { log.push("tick"); throw new Error("boom") }, 5);
      setTimeout(() => log.push("other"), 5);
      setTimeout(() => clearInterval(id), 12);
    `);

    runUntil(guest, 20);

    expect(log(guest)).toEqual(["tick", "other", "tick"]);
    expect(guest.callsOf("report")).toHaveLength(2);
  });

  test("the host hears of a new earliest timer only, and of the last that is gone", async () => {
    using guest = await createTimedGuest({ build });
    guest.evaluate(`
      var ids = [50, 60, 40].map((delay) => setTimeout(() => {}, delay));
      ids.forEach(clearTimeout);
    `);

    expect(guest.callsOf("setAlarm")).toEqual([[50], [40], [-1]]);
  });

  test("handlers that are no functions throw a TypeError", async () => {
    using guest = await createTimedGuest({ build });

    expect(() => guest.evaluate(`setTimeout("log.push(1)", 0)`)).toThrow("must be a function");
    expect(() => guest.evaluate("setInterval()")).toThrow("must be a function");
  });

  test("one timer more than the limit throws a QuotaExceededError, and cancelled ones do not count", async () => {
    using guest = await createTimedGuest({ build, maxTimers: 2 });
    guest.evaluate(`
      for (let i = 0; i < 10_000; i++) clearTimeout(setTimeout(() => {}, 1e6));
      setTimeout(() => {}, 1); setTimeout(() => {}, 1);
      try { setTimeout(() => {}, 1) } catch (error) { log.push(error.name) }
    `);

    expect(log(guest)).toEqual(["QuotaExceededError"]);
  });

  test("scripts that replace prototypes do not disturb timers", async () => {
    using guest = await createTimedGuest({ build });
    guest.evaluate(`
      var runs = 0;
      Map.prototype.get = Map.prototype.set = Array.prototype.push = Function.prototype.call = () => { throw 1 };
      Object.defineProperty(Array.prototype, "0", { set() { throw 2 }, configurable: true });
      Object.defineProperty(Object.prototype, "1", { set() { throw 3 }, configurable: true });
      setTimeout(() => { runs += 1 }, 1);
      clearTimeout(setTimeout(() => { runs += 10 }, 1));
    `);

    runUntil(guest, 5);

    expect(guest.evaluate("runs")).toBe(1);
  });
});

test("timers run in the order of a sorted list, whatever is cancelled", async () => {
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.record({ delay: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ cancel: fc.nat(40) }) },
  );
  using guest = await createTimedGuest();
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const expected: { index: number; delay: number }[] = [];
      const created: { index: number; delay: number }[] = [];
      for (const one of actions) {
        if ("delay" in one) {
          const timer = { index: created.length, delay: one.delay };
          created.push(timer);
          expected.push(timer);
        } else {
          const position = expected.findIndex((timer) => timer.index === one.cancel);
          if (position >= 0) expected.splice(position, 1);
        }
      }
      const order = expected
        .toSorted((a, b) => a.delay - b.delay || a.index - b.index)
        .map((timer) => timer.index);

      guest.evaluate(`{
        const ids = [];
        for (const one of ${JSON.stringify(actions)}) {
          const index = ids.length;
          if ("delay" in one) ids.push(setTimeout(() => log.push(index), one.delay));
          else clearTimeout(ids[one.cancel]);
        }
      }`);
      runUntil(guest, guest.time + 31);

      expect(log(guest)).toEqual(order);
    }),
  );
});
