/** What {@link ReadTurns} stops and starts. */
export interface Reading {
  pause(): void;
  resume(): void;
}

/** Milliseconds that the messages of one socket take before others go first. */
const maxBusy = 1;

/**
 * Reading from one socket, which pauses when it is told to, and for a turn of the event loop when its messages have taken a while: the
 * system hands out up to 32 chunks in a row, of a thousand small messages each.
 */
export class ReadTurns {
  readonly #reading: Reading;
  #isPaused = false;
  /** Whether others go first. */
  #isYielding = false;
  /** When the first message of the present chunk came, and how long such chunks took since others went first. */
  #since: number | undefined;
  #busy = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  pause(): void {
    this.#isPaused = true;
    this.#reading.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isYielding) this.#reading.resume();
  }

  /** A message of the present chunk is about to be handled. */
  beginMessage(): void {
    this.#since ??= performance.now();
  }

  /** All messages of the present chunk have been handled. */
  endChunk(): void {
    if (this.#since === undefined) return;
    this.#busy += performance.now() - this.#since;
    this.#since = undefined;
    if (this.#busy < maxBusy || this.#isYielding || this.#isPaused) return;
    this.#busy = 0;
    this.#isYielding = true;
    this.#reading.pause();
    setImmediate(() => {
      this.#isYielding = false;
      if (!this.#isPaused) this.#reading.resume();
    });
  }
}
