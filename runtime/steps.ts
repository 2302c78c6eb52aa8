/**
 * The callbacks that wait for their turn. For events from the host each {@link Steps.run} calls at most one function of the script:
 * the host runs the promise jobs between two of them, as HTML's "clean up after running script" asks for.
 */

/**
 * Runs at most one callback of the script. Returns whether it wants to be run again, before anything else that waits. What it
 * throws is reported, and it is done.
 */
export type Step = () => boolean;

interface Waiting {
  readonly step: Step;
  next: Waiting | undefined;
}

/** A queue of {@link Step}s. Its fields are read for every event, without a call. */
export class Steps {
  /** The first that waits. */
  first: Waiting | undefined = undefined;
  #last: Waiting | undefined;
  #running: Waiting | undefined;
  isRunning = false;
  /** How many times a step has run: tells whether promise jobs still belong to the same one. */
  count = 0;
  readonly #caught: (exception: unknown) => void;

  /** @param caught is told what a step throws; it may {@link Steps.interrupt}. */
  constructor(caught: (exception: unknown) => void) {
    this.#caught = caught;
  }

  /** Adds a step at the end of the queue. */
  push(step: Step): void {
    const waiting: Waiting = { step, next: undefined };
    if (this.#last === undefined) this.first = waiting;
    else this.#last.next = waiting;
    this.#last = waiting;
  }

  /** Adds a step before all others, also before the rest of the one that runs now. */
  interrupt(step: Step): void {
    this.first = { step, next: this.first };
    this.#last ??= this.first;
  }

  /** Runs the first step. Returns whether more wait. */
  run(): boolean {
    const waiting = this.first;
    if (waiting === undefined || this.isRunning) return waiting !== undefined;
    this.isRunning = true;
    this.count += 1;
    this.#running = waiting;
    let again = false;
    try {
      again = waiting.step();
    } catch (exception) {
      this.#caught(exception);
    }
    this.isRunning = false;
    // Cleared meanwhile, or done: it leaves the queue, where interrupting steps may stand before it.
    if (!again && this.#running === waiting) this.#remove(waiting);
    this.#running = undefined;
    return this.first !== undefined;
  }

  /** Drops everything that waits. */
  clear(): void {
    this.first = this.#last = this.#running = undefined;
  }

  #remove(waiting: Waiting): void {
    let before: Waiting | undefined;
    for (let one = this.first; one !== undefined && one !== waiting; one = one.next) before = one;
    if (before === undefined) this.first = waiting.next;
    else before.next = waiting.next;
    if (this.#last === waiting) this.#last = before;
  }
}
