import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { virtualClock } from "../../src/testing/virtual-clock.ts";

describe("a virtual clock", () => {
  test("stands still until it is told to go on", async () => {
    const clock = virtualClock();
    const calls: string[] = [];

    clock.schedule(() => calls.push("due"), 5);
    await clock.advance(4);

    expect(clock.now()).toBe(4);
    expect(calls).toEqual([]);
  });

  test("runs what falls due by time, then by the order of scheduling, at its time", async () => {
    const clock = virtualClock();
    const calls: string[] = [];
    const schedule = (name: string, delay: number): void => {
      clock.schedule(() => calls.push(`${name} at ${clock.now()}`), delay);
    };

    schedule("c", 20);
    schedule("a", 10);
    schedule("b", 10);
    schedule("negative", -5);
    schedule("not a number", Number.NaN);
    await clock.advance(20);

    expect(calls).toEqual(["negative at 0", "not a number at 0", "a at 10", "b at 10", "c at 20"]);
  });

  test("runs what callbacks schedule within the same time", async () => {
    const clock = virtualClock();
    const calls: number[] = [];
    const again = (): void => {
      calls.push(clock.now());
      clock.schedule(again, 10);
    };

    clock.schedule(again, 10);
    await clock.advance(35);

    expect(calls).toEqual([10, 20, 30]);
  });

  test("lets promise jobs and immediates settle between two callbacks", async () => {
    const clock = virtualClock();
    const calls: string[] = [];
    const settleLate = async (): Promise<void> => {
      for (let count = 0; count < 100; count += 1) await Promise.resolve();
      calls.push("settled");
    };

    clock.schedule(() => void settleLate(), 0);
    clock.schedule(() => calls.push("second"), 0);
    await clock.advance(0);

    expect(calls).toEqual(["settled", "second"]);
  });

  test("forgets a callback that was cancelled, also at its own time", async () => {
    const clock = virtualClock();
    const calls: string[] = [];

    const cancelled = clock.schedule(() => calls.push("cancelled"), 1);
    clock.schedule(() => cancelled[Symbol.dispose](), 1);
    const early = clock.schedule(() => calls.push("early"), 1);
    early[Symbol.dispose]();
    early[Symbol.dispose]();
    cancelled[Symbol.dispose]();
    await clock.advance(1);

    expect(calls).toEqual([]);
    expect(clock.scheduled).toBe(0);
  });

  test("shows a wall clock that goes on with it", async () => {
    const clock = virtualClock({ startTime: new Date("2030-05-06T07:08:09Z") });

    await clock.advance(1_500);

    expect(new Date(clock.wallNow()).toISOString()).toBe("2030-05-06T07:08:10.500Z");
  });

  test("runs calls that overlap one after another", async () => {
    const clock = virtualClock();
    const calls: string[] = [];
    clock.schedule(() => calls.push(`first at ${clock.now()}`), 10);
    clock.schedule(() => calls.push(`second at ${clock.now()}`), 15);

    await Promise.all([clock.advance(10), clock.advance(10)]);

    expect(calls).toEqual(["first at 10", "second at 15"]);
    expect(clock.now()).toBe(20);
  });

  test("rejects with what a callback throws, at that time, and goes on behind it", async () => {
    const clock = virtualClock();
    const calls: number[] = [];
    const error = new Error("from a callback");
    clock.schedule(() => {
      throw error;
    }, 10);
    clock.schedule(() => calls.push(clock.now()), 10);

    await expect(clock.advance(50)).rejects.toBe(error);
    expect(clock.now()).toBe(10);
    await clock.advance(0);

    expect(calls).toEqual([10]);
  });

  test("waits for work outside of it, also for work that follows, and for work that fails", async () => {
    const clock = virtualClock();
    const calls: string[] = [];
    const read = async (name: string): Promise<void> => {
      await readFile(new URL(import.meta.url));
      calls.push(`${name} at ${clock.now()}`);
    };
    clock.schedule(() => calls.push(`due at ${clock.now()}`), 10);

    clock.waitFor(
      read("first").then(() => {
        clock.waitFor(read("second"));
        throw new Error("from work");
      }),
    );
    await clock.advance(10);

    expect(calls).toEqual(["first at 0", "second at 0", "due at 10"]);
  });

  test("runAll() goes on until only the background is left", async () => {
    const clock = virtualClock();
    const calls: string[] = [];
    const beat = (): void => {
      calls.push(`beat at ${clock.now()}`);
      clock.schedule(beat, 30, { background: true });
    };
    clock.schedule(beat, 30, { background: true });
    clock.schedule(() => clock.schedule(() => calls.push("done"), 60), 20);

    await clock.runAll();

    expect(calls).toEqual(["beat at 30", "beat at 60", "done"]);
    expect(clock.now()).toBe(80);
  });

  test("runAll() gives up on an interval that never ends, and says so", async () => {
    const clock = virtualClock();
    const again = (): void => void clock.schedule(again, 1_000);
    clock.schedule(again, 1_000);

    const run = clock.runAll({ maxCallbacks: 50 });

    await expect(run).rejects.toMatchObject({
      name: "TestError",
      code: "ERR_ENDLESS",
      message:
        "Something still waits after 50 callbacks at 50000 ms of virtual time (maxTime 86400000): an interval that is never " +
        "cleared, or two sides that answer each other for ever. Use advance(ms) to run a part of it",
    });
  });

  test("runAll() gives up when virtual time runs out", async () => {
    const clock = virtualClock();
    const again = (): void => void clock.schedule(again, 1_000);
    clock.schedule(again, 1_000);

    await expect(clock.runAll({ maxTime: 3_500 })).rejects.toMatchObject({ code: "ERR_ENDLESS" });
    expect(clock.now()).toBe(3_000);
  });

  test.each([-1, Number.NaN, "5"])("refuses to advance by %j", (ms) => {
    const clock = virtualClock();

    expect(() => clock.advance(ms as number)).toThrow(
      expect.objectContaining({
        code: "ERR_OPTION",
        message: `ms must be a number of milliseconds from 0, got ${ms}`,
      }),
    );
  });

  test("refuses a start that is no date", () => {
    expect(() => virtualClock({ startTime: new Date("never") })).toThrow(
      "startTime must be a date or milliseconds, got Invalid Date",
    );
  });
});
