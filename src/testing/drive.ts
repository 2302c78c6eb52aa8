import { setImmediate } from "node:timers";
import { TestError } from "./test-error.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What {@link drive} may spend, and what it says when that was not enough. */
export interface DriveOptions {
  readonly clock: VirtualClock;
  /** Milliseconds of virtual time. */
  readonly maxTime: number;
  /** Changes whenever something has happened that counts. */
  activity(): number;
  /** Describes what is left to do: the end of a sentence. */
  explain(): Promise<string>;
}

/**
 * Lets virtual time pass until `work` has settled, and no longer.
 *
 * Rejects as `work` does, with what a callback of the clock throws, with `ERR_STALLED` when nothing is left that could settle it, and with
 * `ERR_ENDLESS` when it takes too long.
 */
export async function drive<Value>(work: Promise<Value>, options: DriveOptions): Promise<Value> {
  const { clock, maxTime, activity, explain } = options;
  const until = clock.now() + maxTime;
  let isSettled = false;
  const settled = (): void => {
    isSettled = true;
  };
  void work.then(settled, settled);
  let lastActivity = activity();
  let idleSteps = 0;
  for (let steps = 0; ; steps += 1) {
    await settle();
    if (isSettled) return work;
    if (clock.scheduled === 0) {
      // Keepalive may still find out that a peer is gone; that takes it a few looks.
      const now = activity();
      idleSteps = now === lastActivity ? idleSteps + 1 : 0;
      lastActivity = now;
      if (idleSteps <= maxIdleSteps && (await clock.step(until))) continue;
      // Something outside of virtual time may be under way: a file that is read, for example.
      if (await happens(() => isSettled || clock.scheduled > 0)) continue;
      throw new TestError("ERR_STALLED", `Nothing is left to happen, but ${await explain()}`);
    }
    if (steps >= maxSteps || !(await clock.step(until))) {
      const spent = `${steps} steps and ${maxTime} ms of virtual time`;
      const message = `It goes on for ever: after up to ${spent} ${await explain()}`;
      throw new TestError("ERR_ENDLESS", message);
    }
  }
}

/** Callbacks of the background after which nothing will come of them any more, either. */
const maxIdleSteps = 8;

const maxSteps = 100_000;

/** Milliseconds of real time that work outside of virtual time gets while nothing else goes on. */
const patience = 200;

/** The same in turns of the event loop: a test may have put a clock of its own in place of the real one. */
const maxTurns = 100_000;

/** Whether `condition` comes true within a while of real time. */
async function happens(condition: () => boolean): Promise<boolean> {
  const end = performance.now() + patience;
  for (let turns = 0; turns < maxTurns && performance.now() <= end; turns += 1) {
    if (condition()) return true;
    await settle();
  }
  return condition();
}

function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
