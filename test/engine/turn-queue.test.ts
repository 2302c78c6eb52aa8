import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { Clock } from "../../src/clock.ts";
import { TurnOverrunError, TurnQueue, type TurnTarget } from "../../src/engine/turn-queue.ts";

/** A guest that records what runs: scripted jobs and steps. */
function recordingTarget(log: string[], jobs: string[] = [], steps: string[] = []): TurnTarget {
  return {
    step() {
      log.push(steps.shift() ?? "no step");
      return steps.length > 0;
    },
    get hasJobs() {
      return jobs.length > 0;
    },
    runJobs(limit) {
      const run = jobs.splice(0, limit);
      log.push(...run);
      return run.length;
    },
    reportRejection: () => undefined,
  };
}

interface Setup {
  readonly queue: TurnQueue;
  readonly log: string[];
  readonly failures: unknown[];
  /** Callbacks that the queue asked the clock for. */
  readonly scheduled: (() => void)[];
}

interface Options {
  readonly jobs?: string[];
  readonly steps?: string[];
  readonly maxTurnTime?: number;
  readonly maxMicrotasks?: number;
  readonly maxSlice?: number;
}

function setUp(options: Options = {}): Setup {
  const log: string[] = [];
  const failures: unknown[] = [];
  const scheduled: (() => void)[] = [];
  const clock: Clock = {
    now: () => 0,
    schedule(callback) {
      scheduled.push(callback);
      return { [Symbol.dispose]: () => void scheduled.splice(scheduled.indexOf(callback), 1) };
    },
  };
  const queue = new TurnQueue({
    target: recordingTarget(log, options.jobs, options.steps),
    clock,
    maxTurnTime: options.maxTurnTime ?? 1_000,
    maxMicrotasks: options.maxMicrotasks ?? Number.POSITIVE_INFINITY,
    maxSlice: options.maxSlice,
    failed: (error) => failures.push(error),
    drained: () => log.push("drained"),
  });
  return { queue, log, failures, scheduled };
}

test("a turn runs at once when nothing else runs, with its jobs after it", () => {
  const { queue, log } = setUp({ jobs: ["job 1", "job 2"] });

  queue.post(() => {
    log.push("turn");
    return false;
  });

  expect(log).toEqual(["turn", "job 1", "job 2", "drained"]);
});

test("the jobs of an entry run before its next step", () => {
  const jobs = ["job"];
  const { queue, log } = setUp({ jobs, steps: ["step 1", "step 2"] });

  queue.post(() => true);

  expect(log).toEqual(["job", "step 1", "step 2", "drained"]);
});

test("a turn posted from inside another runs after it and all of its steps", () => {
  const { queue, log } = setUp({ steps: ["step"] });

  queue.post(() => {
    queue.post(() => {
      log.push("inner");
      return false;
    });
    log.push("outer");
    return true;
  });

  expect(log).toEqual(["outer", "step", "inner", "drained"]);
});

test("a turn that throws fails the queue, and turns posted later never run", () => {
  const { queue, log, failures } = setUp();
  const error = new Error("broken");

  queue.post(() => {
    throw error;
  });
  queue.post(() => {
    log.push("later");
    return false;
  });

  expect(failures).toEqual([error]);
  expect(log).not.toContain("later");
});

test("a turn over its time fails the queue even when it returns", () => {
  const { queue, failures } = setUp({ maxTurnTime: 0 });

  queue.post(() => {
    while (!queue.isOverdue());
    return false;
  });

  expect(failures).toEqual([expect.any(TurnOverrunError)]);
});

test("an interrupt is latched: what the entry throws because of it is not the failure", () => {
  const { queue, failures } = setUp({ maxTurnTime: 0 });

  queue.post(() => {
    while (!queue.isOverdue());
    throw new Error("interrupted");
  });

  expect(failures).toEqual([expect.any(TurnOverrunError)]);
});

test("outside of a turn nothing is overdue", () => {
  const { queue } = setUp({ maxTurnTime: 0 });

  queue.post(() => false);

  expect(queue.isOverdue()).toBe(false);
});

test("a stop inside a turn calls back when the turn has unwound", () => {
  const { queue, log } = setUp({ steps: ["step"] });

  queue.post(() => {
    queue.stop(() => log.push("unwound"));
    log.push("still in the turn");
    return true;
  });

  expect(log).toEqual(["still in the turn", "unwound", "drained"]);
});

test("a long burst of turns gives way to the event loop and then goes on", () => {
  const { queue, log, scheduled } = setUp();
  const slow = (name: string) => (): boolean => {
    const end = performance.now() + 6;
    while (performance.now() < end);
    log.push(name);
    return false;
  };

  queue.post(() => {
    for (const name of ["a", "b", "c", "d"]) queue.post(slow(name));
    return false;
  });
  const before = [...log];
  while (scheduled.length > 0) scheduled.shift()?.();

  expect(before.length).toBeLessThan(4);
  expect(log).toEqual(["a", "b", "c", "d", "drained"]);
});

test("a burst of turns without a slice gives way to nobody, however long it takes", () => {
  const { queue, log, scheduled } = setUp({ maxSlice: Number.POSITIVE_INFINITY });
  const slow = (name: string) => (): boolean => {
    const end = performance.now() + 12;
    while (performance.now() < end);
    log.push(name);
    return false;
  };

  queue.post(() => {
    for (const name of ["a", "b"]) queue.post(slow(name));
    return false;
  });

  expect(scheduled).toEqual([]);
  expect(log).toEqual(["a", "b", "drained"]);
});

test("a turn that has run is let go of while others still wait", async () => {
  const { queue, scheduled } = setUp();
  let message: object | undefined = { data: "a message" };
  const held = new WeakRef(message);
  const turnWith = (data: object | undefined) => () => data === undefined;

  queue.post(() => {
    queue.post(turnWith(message));
    message = undefined;
    queue.post(turnWith({}));
    queue.post(untilSliceEnds);
    queue.post(turnWith({}));
    return false;
  });
  // A weak reference holds its target until the job that made it has ended.
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();

  expect([queue.length, scheduled.length, held.deref()]).toEqual([1, 1, undefined]);
});

/** A turn longer than the queue runs without a break. */
function untilSliceEnds(): boolean {
  const end = performance.now() + 11;
  while (performance.now() < end);
  return false;
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
