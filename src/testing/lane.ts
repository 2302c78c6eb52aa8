import type { Clock } from "../clock.ts";

/** One direction of a connection in memory: what is posted arrives in order, later, and not while the far end does not read. */
export class Lane {
  readonly #clock: Clock;
  /** What has arrived and waits for the far end to read. */
  #unread: (() => void)[] = [];
  #isPaused = false;
  #isEnded = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `arrive` when it is its turn. */
  post(arrive: () => void): void {
    this.#clock.schedule(() => this.#arrived(arrive), 0);
  }

  /** Lets nothing arrive until {@link Lane.resume}. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#clock.schedule(() => this.#readOn(), 0);
  }

  /** Drops everything that has not arrived, now and later. */
  end(): void {
    this.#isEnded = true;
    this.#unread = [];
  }

  #arrived(arrive: () => void): void {
    if (this.#isEnded) return;
    if (this.#isPaused || this.#unread.length > 0) this.#unread.push(arrive);
    else arrive();
  }

  #readOn(): void {
    while (!this.#isPaused) {
      const arrive = this.#unread.shift();
      if (arrive === undefined) return;
      arrive();
    }
  }
}
