import type { Clock } from "../../clock.ts";

/** Lets things pass later, each no earlier than the one before it. */
export class Line {
  readonly #clock: Clock;
  /** When the last of those that are under way arrives. */
  #last = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `arrive` after `delay` milliseconds, or when all before have arrived. */
  delay(arrive: () => void, delay: number): void {
    const now = this.#clock.now();
    this.#last = Math.max(this.#last, now + delay);
    this.#clock.schedule(arrive, this.#last - now);
  }

  /** Calls `arrive` when all before have arrived and then `time` milliseconds have passed: the line is busy with it. */
  occupy(arrive: () => void, time: number): void {
    const now = this.#clock.now();
    this.#last = Math.max(this.#last, now) + time;
    this.#clock.schedule(arrive, this.#last - now);
  }
}
