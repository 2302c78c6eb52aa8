import { Cell } from "./shared-state.ts";

/** Time beyond the budget in which the engine's own interrupt has the first word: it gives the clearer report. */
const grace = 50;

/** Quiet looks after which the watchdog rests. */
const quietLooks = 5;

/** Milliseconds of a processor within one turn after which a thread counts as busy. */
const busyTime = 20;

/** What a {@link Watchdog} tells. */
export interface WatchdogCallbacks {
  /** The turn is over its time. */
  overrun(): void;
  /** A turn was running at several looks, and has had a processor for {@link busyTime}. Told once. */
  busy(): void;
  /** Milliseconds for which the thread has had a processor, where that can be told. */
  processorTime(): number | undefined;
}

/**
 * Ends a thread whose turn overruns, also inside a native call that the engine's interrupt never reaches.
 *
 * While the sandbox is idle it does not look at all: the thread wakes it (`wake`) with its first turn. A turn is noticed at
 * the first look after its begin, so it ends at most two looks and the grace after its deadline.
 */
export class Watchdog implements Disposable {
  readonly #state: Int32Array<SharedArrayBuffer>;
  readonly #maxTurnTime: number;
  readonly #callbacks: WatchdogCallbacks;
  readonly #interval: number;
  #looking: NodeJS.Timeout | undefined;
  #turn = 0;
  #firstSeen = 0;
  #lastLook = 0;
  #quiet = 0;
  /** Processor time at the first look at the present turn. */
  #firstTime: number | undefined;
  #isBusy = false;

  constructor(
    state: Int32Array<SharedArrayBuffer>,
    maxTurnTime: number,
    callbacks: WatchdogCallbacks,
  ) {
    this.#state = state;
    this.#maxTurnTime = maxTurnTime;
    this.#callbacks = callbacks;
    this.#interval = Math.max(5, Math.min(50, maxTurnTime / 4));
  }

  wake(): void {
    if (this.#looking !== undefined) return;
    this.#quiet = 0;
    this.#turn = 0;
    this.#looking = setInterval(() => this.#look(), this.#interval);
    // The thread itself keeps the process alive.
    this.#looking.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #look(): void {
    const turn = Atomics.load(this.#state, Cell.Turn);
    const isRunning = turn % 2 !== 0;
    const now = performance.now();
    const sinceLook = now - this.#lastLook;
    this.#lastLook = now;
    if (!isRunning) {
      this.#quiet = turn === this.#turn ? this.#quiet + 1 : 0;
      this.#turn = turn;
      if (this.#quiet >= quietLooks) this.#rest();
      return;
    }
    this.#quiet = 0;
    const isBlocked = Atomics.load(this.#state, Cell.Blocked) === 1;
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#firstSeen = now;
      this.#firstTime = this.#isBusy ? undefined : this.#callbacks.processorTime();
    } else if (isBlocked) {
      // Only the wait does not count: a turn that waits again and again is no new one.
      this.#firstSeen += sinceLook;
    } else if (now - this.#firstSeen > this.#maxTurnTime + grace) {
      this[Symbol.dispose]();
      this.#callbacks.overrun();
    } else if (!this.#isBusy) this.#lookAtTime();
  }

  #lookAtTime(): void {
    const before = this.#firstTime;
    const time = before === undefined ? undefined : this.#callbacks.processorTime();
    if (before === undefined || time === undefined || time - before < busyTime) return;
    this.#isBusy = true;
    this.#callbacks.busy();
  }

  #rest(): void {
    Atomics.store(this.#state, Cell.Watched, 0);
    // A turn that began just before the store has seen the 1 and did not call.
    if (Atomics.load(this.#state, Cell.Turn) % 2 !== 0) Atomics.store(this.#state, Cell.Watched, 1);
    else this[Symbol.dispose]();
  }
}
