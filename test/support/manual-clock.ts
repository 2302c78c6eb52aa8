import type { Clock } from "../../src/clock.ts";

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /** Lets time pass; callbacks that fall due run in order. */
  advance(ms: number): void;
  /** Lets time pass in one leap, as for a process that was stopped: what fell due runs late. */
  sleep(ms: number): void;
  /** Callbacks that wait. */
  readonly scheduled: number;
}

/** Creates a clock at 0. */
export function createManualClock(): ManualClock {
  let now = 0;
  let waiting: { readonly due: number; readonly callback: () => void }[] = [];
  return {
    now: () => now,
    get scheduled() {
      return waiting.length;
    },
    schedule(callback, delay) {
      const entry = { due: now + delay, callback };
      waiting = [...waiting, entry].toSorted((a, b) => a.due - b.due);
      return {
        [Symbol.dispose]() {
          waiting = waiting.filter((other) => other !== entry);
        },
      };
    },
    sleep(ms) {
      now += ms;
      for (let next = waiting[0]; next !== undefined && next.due <= now; next = waiting[0]) {
        waiting = waiting.slice(1);
        next.callback();
      }
    },
    advance(ms) {
      const until = now + ms;
      for (let next = waiting[0]; next !== undefined && next.due <= until; next = waiting[0]) {
        waiting = waiting.slice(1);
        now = next.due;
        next.callback();
      }
      now = until;
    },
  };
}
