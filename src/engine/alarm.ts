import type { Clock } from "../clock.ts";

/** The host's half of the guest's timers: one alarm, for the earliest of them. */
export class Alarm implements Disposable {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #scheduled: Disposable | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  get isSet(): boolean {
    return this.#scheduled !== undefined;
  }

  /** Sets the alarm, in place of the one before; a negative delay or NaN cancels. The value is the guest's. */
  set(delay: number): void {
    this[Symbol.dispose]();
    if (!(delay >= 0)) return;
    this.#scheduled = this.#clock.schedule(
      () => {
        this.#scheduled = undefined;
        this.#ring();
      },
      Math.min(delay, Number.MAX_SAFE_INTEGER),
    );
  }

  [Symbol.dispose](): void {
    this.#scheduled?.[Symbol.dispose]();
    this.#scheduled = undefined;
  }
}
