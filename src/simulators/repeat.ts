import type { Clock, ScheduleOptions } from "../clock.ts";

/** Calls back every `interval` milliseconds until disposed of. */
export function repeat(
  clock: Clock,
  interval: number,
  callback: () => void,
  options: ScheduleOptions = {},
): Disposable {
  let next = clock.schedule(run, interval, options);
  function run(): void {
    next = clock.schedule(run, interval, options);
    callback();
  }
  return { [Symbol.dispose]: () => next[Symbol.dispose]() };
}
