/** A monotonic clock. */
export interface Clock {
  /** Milliseconds since an arbitrary origin. */
  now(): number;
  /** Milliseconds of the wall clock, if there is one: what `Date` shows to the scripts of a sandbox. Where it runs on alone, the machine has slept. */
  wallNow?(): number;
  /** Calls back once after `delay` milliseconds, never synchronously; disposing of the result cancels. */
  schedule(callback: () => void, delay: number, options?: ScheduleOptions): Disposable;
}

/** What a {@link Clock} may know about a callback. */
export interface ScheduleOptions {
  /** Whether nobody waits for it: it repeats as long as something else lives. @defaultValue false */
  readonly background?: boolean;
}

/** The clock of the process. A scheduled callback keeps the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  schedule(callback, delay) {
    if (delay <= 0) {
      const immediate = setImmediate(callback);
      return { [Symbol.dispose]: () => clearImmediate(immediate) };
    }
    return scheduleTimeout(callback, delay);
  },
};

/** Longest delay that one `setTimeout` can express. */
const maxTimeout = 2 ** 31 - 1;

function scheduleTimeout(callback: () => void, delay: number): Disposable {
  // Longer delays are waited for in several parts: Node turns them into 1 ms.
  let timeout = setTimeout(expire, Math.min(delay, maxTimeout), delay - maxTimeout);
  function expire(rest: number): void {
    if (rest <= 0) callback();
    else timeout = setTimeout(expire, Math.min(rest, maxTimeout), rest - maxTimeout);
  }
  return { [Symbol.dispose]: () => clearTimeout(timeout) };
}
