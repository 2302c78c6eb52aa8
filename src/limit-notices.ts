import type { Clock } from "./clock.ts";
import type { Limits } from "./limits.ts";

/** Tells of each limit once within a second, however often a script meets it. */
export class LimitNotices {
  readonly #clock: Clock;
  readonly #notify: (limit: keyof Limits) => void;
  readonly #last = new Map<keyof Limits, number>();

  constructor(clock: Clock, notify: (limit: keyof Limits) => void) {
    this.#clock = clock;
    this.#notify = notify;
  }

  /** A script has met the limit. */
  exceeded(limit: keyof Limits): void {
    const now = this.#clock.now();
    const last = this.#last.get(limit);
    if (last !== undefined && now - last < 1_000) return;
    this.#last.set(limit, now);
    this.#notify(limit);
  }
}
