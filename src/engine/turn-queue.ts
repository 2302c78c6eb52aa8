import type { Clock } from "../clock.ts";

/** Enters the guest once; returns whether steps wait. */
export type Turn = () => boolean;

/** What a {@link TurnQueue} drives: the guest between two entries. */
export interface TurnTarget {
  step(): boolean;
  readonly hasJobs: boolean;
  /** Runs at most `limit` promise jobs; answers how many. */
  runJobs(limit: number): number;
  /** Reports one promise that was rejected and not handled; `undefined` when there is none, else whether steps wait. */
  reportRejection(): boolean | undefined;
}

/** Options of {@link TurnQueue}. */
export interface TurnQueueOptions {
  readonly target: TurnTarget;
  readonly clock: Clock;
  /** Milliseconds that one entry and its jobs may take; `Infinity` for no bound. */
  readonly maxTurnTime: number;
  /** Promise jobs that one entry may lead to; `Infinity` for no bound. */
  readonly maxMicrotasks: number;
  /**
   * Milliseconds after which the event loop of the host goes on before the next turn; `Infinity` makes the order of everything independent of
   * how fast the machine is. @defaultValue 10
   */
  readonly maxSlice?: number | undefined;
  /** Is told when an entry or a job threw, or the time was over. The queue has stopped by then. */
  failed(error: unknown): void;
  /** Is told whenever the queue has run empty. */
  drained(): void;
  /** Is told of every entry: the watchdog of a worker listens. */
  readonly watch?: { begin(): void; end(): void } | undefined;
}

/** A turn took longer than it may. */
export class TurnOverrunError extends Error {}

/** A turn had more promise jobs than it may. */
export class JobOverrunError extends Error {}

/** Default of {@link TurnQueueOptions.maxSlice}. */
const usualSlice = 10;

/** Promise jobs between two looks at the deadline: the engine swallows an interrupt inside a job. */
const jobsPerLook = 1_000;

/**
 * Runs turns in the guest one after another: an entry, its promise jobs, its waiting steps with theirs.
 *
 * A turn posted from inside another (a host call that leads to an event) waits; otherwise it runs at once. So every event
 * is a task of its own, and no entry happens on top of a script's stack.
 */
export class TurnQueue {
  readonly #options: TurnQueueOptions;
  // Linked, so that a turn that has run is let go of even when the queue never runs empty.
  #first: Waiting | undefined;
  #last: Waiting | undefined;
  #length = 0;
  #running = false;
  #stepsWait = false;
  #resumption: Disposable | undefined;
  #stopped = false;
  #deadline = Number.POSITIVE_INFINITY;
  #overran = false;
  #turnStart = 0;
  #unwound: (() => void)[] = [];

  constructor(options: TurnQueueOptions) {
    this.#options = options;
  }

  /** Turns that wait. */
  get length(): number {
    return this.#length;
  }

  /** Whether nothing runs or waits. */
  get isIdle(): boolean {
    return !this.#running && !this.#stepsWait && this.#length === 0;
  }

  post(turn: Turn): void {
    if (this.#stopped) return;
    const waiting: Waiting = { turn, next: undefined };
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.next = waiting;
    this.#last = waiting;
    this.#length += 1;
    if (!this.#running && this.#resumption === undefined) this.#pump();
  }

  /** For the engine's interrupt handler: whether the turn is over its time. Once `true`, the queue fails. */
  isOverdue(): boolean {
    if (performance.now() <= this.#deadline) return false;
    this.#overran = true;
    return true;
  }

  /** Gives the running turn more time: it waited for the host. */
  extend(ms: number): void {
    this.#deadline += ms;
  }

  /** Drops all turns that wait and takes no more. Calls back when no entry is on the stack: at once or later. */
  stop(unwound: () => void): void {
    this.#stopped = true;
    this.#first = this.#last = undefined;
    this.#length = 0;
    this.#stepsWait = false;
    this.#resumption?.[Symbol.dispose]();
    this.#resumption = undefined;
    if (this.#running) this.#unwound.push(unwound);
    else unwound();
  }

  /** Enters the guest a last time after {@link TurnQueue.stop}, for at most `ms`. Throws what the entry throws. */
  runLast(entry: () => void, ms: number): void {
    this.#overran = false;
    this.#deadline = performance.now() + ms;
    try {
      entry();
    } finally {
      this.#deadline = Number.POSITIVE_INFINITY;
    }
  }

  #pump(): void {
    this.#resumption = undefined;
    this.#running = true;
    let failure: { readonly error: unknown } | undefined;
    try {
      this.#runSlice();
    } catch (error) {
      failure = { error };
    }
    this.#running = false;
    if (failure !== undefined && !this.#stopped) {
      this.stop(() => {});
      this.#options.failed(failure.error);
    }
    if (this.#unwound.length > 0) for (const unwound of this.#unwound.splice(0)) unwound();
    if (this.isIdle) this.#options.drained();
  }

  #runSlice(): void {
    const { target, clock, maxSlice = usualSlice } = this.#options;
    // The usual case is one turn, after which nothing waits: the end of a slice is not asked for.
    let sliceEnd: number | undefined;
    while (!this.#stopped) {
      const turn = this.#stepsWait ? () => target.step() : this.#shift();
      if (turn === undefined) return;
      this.#stepsWait = this.#bounded(turn) && !this.#stopped;
      if (this.#isDone) return;
      sliceEnd ??= this.#turnStart + maxSlice;
      if (performance.now() > sliceEnd) {
        this.#resumption = clock.schedule(() => this.#pump(), 0);
        return;
      }
    }
  }

  get #isDone(): boolean {
    return !this.#stepsWait && this.#length === 0;
  }

  #bounded(entry: Turn): boolean {
    const { target, watch, maxTurnTime, maxMicrotasks } = this.#options;
    this.#turnStart = performance.now();
    this.#deadline = this.#turnStart + maxTurnTime;
    watch?.begin();
    let more = false;
    let jobs = 0;
    try {
      more = entry();
      for (;;) {
        while (!this.#overran && target.hasJobs) {
          if (jobs >= maxMicrotasks) throw new JobOverrunError();
          jobs += target.runJobs(Math.min(jobsPerLook, maxMicrotasks - jobs));
          // A flood of short jobs may never be polled by the engine.
          this.isOverdue();
        }
        const reported = this.#overran ? undefined : target.reportRejection();
        if (reported === undefined) break;
        more ||= reported;
      }
    } catch (error) {
      // An overrun is the cause of whatever the entry threw.
      if (!this.#overran) throw error;
    } finally {
      watch?.end();
      this.#deadline = Number.POSITIVE_INFINITY;
    }
    if (this.#overran) throw new TurnOverrunError();
    return more;
  }

  #shift(): Turn | undefined {
    const waiting = this.#first;
    if (waiting === undefined) return undefined;
    this.#first = waiting.next;
    if (this.#first === undefined) this.#last = undefined;
    this.#length -= 1;
    return waiting.turn;
  }
}

interface Waiting {
  readonly turn: Turn;
  next: Waiting | undefined;
}
