import type { Clock } from "./clock.ts";
import type { GuestLimits } from "./limits.ts";

/** Options of {@link OutputGate}. */
export interface OutputGateOptions {
  readonly limits: Pick<GuestLimits, "maxConsoleLines" | "maxConsoleBytes">;
  readonly clock: Clock;
  /** Is told of the first line that is dropped within a second. */
  exceeded(limit: "maxConsoleLines" | "maxConsoleBytes"): void;
}

/** Lets through what a script may print within a second, so that a flood of it does not reach a log or a disk. */
export class OutputGate {
  readonly #options: OutputGateOptions;
  #second = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #bytes = 0;
  #isExceeded = false;

  constructor(options: OutputGateOptions) {
    this.#options = options;
  }

  /** Whether a line may be printed. */
  admits(line: string): boolean {
    const { clock, limits } = this.#options;
    const now = clock.now();
    if (now - this.#second >= 1_000) {
      this.#second = now;
      this.#lines = this.#bytes = 0;
      this.#isExceeded = false;
    }
    const bytes = Buffer.byteLength(line);
    if (this.#lines >= limits.maxConsoleLines) return this.#drop("maxConsoleLines");
    if (this.#bytes + bytes > limits.maxConsoleBytes) return this.#drop("maxConsoleBytes");
    this.#lines += 1;
    this.#bytes += bytes;
    return true;
  }

  #drop(limit: "maxConsoleLines" | "maxConsoleBytes"): false {
    if (!this.#isExceeded) {
      this.#isExceeded = true;
      this.#options.exceeded(limit);
    }
    return false;
  }
}
