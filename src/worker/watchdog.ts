import { Cell } from "./shared-state.ts";

/** Time beyond the budget in which the engine's own interrupt has the first word: it gives the clearer report. */
const grace = 50;

/** Quiet looks after which the watchdog rests. */
const quietLooks = 5;

/**
 * Ends a thread whose turn overruns, also inside a native call that the engine's interrupt never reaches.
 *
 * While the sandbox is idle it does not look at all: the thread wakes it (`wake`) with its first turn. A turn is noticed at
 * the first look after its begin, so it ends at most two looks and the grace after its deadline.
 */
export class Watchdog implements Disposable {
  readonly #state: Int32Array<SharedArrayBuffer>;
  readonly #maxTurnTime: number;
  readonly #overrun: () => void;
  readonly #interval: number;
  #looking: NodeJS.Timeout | undefined;
  #turn = 0;
  #firstSeen = 0;
  #quiet = 0;

  constructor(state: Int32Array<SharedArrayBuffer>, maxTurnTime: number, overrun: () => void) {
    this.#state = state;
    this.#maxTurnTime = maxTurnTime;
    this.#overrun = overrun;
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
    if (!isRunning) {
      this.#quiet = turn === this.#turn ? this.#quiet + 1 : 0;
      this.#turn = turn;
      if (this.#quiet >= quietLooks) this.#rest();
      return;
    }
    this.#quiet = 0;
    const isBlocked = Atomics.load(this.#state, Cell.Blocked) === 1;
    if (turn !== this.#turn || isBlocked) {
      this.#turn = turn;
      this.#firstSeen = now;
    } else if (now - this.#firstSeen > this.#maxTurnTime + grace) {
      this[Symbol.dispose]();
      this.#overrun();
    }
  }

  #rest(): void {
    Atomics.store(this.#state, Cell.Watched, 0);
    // A turn that began just before the store has seen the 1 and did not call.
    if (Atomics.load(this.#state, Cell.Turn) % 2 !== 0) Atomics.store(this.#state, Cell.Watched, 1);
    else this[Symbol.dispose]();
  }
}
