import type { Clock } from "../clock.ts";

/** Calls back every `interval` milliseconds until disposed of. */
export function repeat(clock: Clock, interval: number, callback: () => void): Disposable {
  let next = clock.schedule(run, interval);
  function run(): void {
    next = clock.schedule(run, interval);
    callback();
  }
  return { [Symbol.dispose]: () => next[Symbol.dispose]() };
}
