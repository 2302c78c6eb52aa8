import { setImmediate } from "node:timers";
import type { Clock, ScheduleOptions } from "../clock.ts";
import { SandboxError } from "../errors.ts";
import { TestError } from "./test-error.ts";

/** Options of {@link virtualClock}. */
export interface VirtualClockOptions {
  /** What the wall clock shows at the start; a guest's `Date.now()` begins there. @defaultValue 2020-01-01T00:00:00Z */
  readonly startTime?: number | Date;
}

/** Options of {@link VirtualClock.runAll}. */
export interface RunAllOptions {
  /** Callbacks after which it gives up. @defaultValue 100_000 */
  readonly maxCallbacks?: number;
  /** Milliseconds of virtual time after which it gives up. @defaultValue 86_400_000, a day */
  readonly maxTime?: number;
}

/** A clock that stands still until it is told to go on. */
export interface VirtualClock extends Clock {
  wallNow(): number;
  /** Callbacks that wait, without those in the background. */
  readonly scheduled: number;
  /**
   * Lets `ms` milliseconds pass. What falls due runs in order of time, what is due at the same time in the order it was scheduled;
   * after each, everything that it led to on this thread settles: turns, promise jobs, immediates. `advance(0)` runs what is due now.
   * Calls that overlap run one after another.
   *
   * Rejects with what a callback throws, at that point in time; the next call goes on behind it.
   */
  advance(ms: number): Promise<void>;
  /**
   * Lets time pass until nothing waits but what repeats in the background, such as keepalive.
   *
   * Rejects as `advance` does, and with a {@link TestError} `ERR_ENDLESS` when that does not come.
   */
  runAll(options?: RunAllOptions): Promise<void>;
  /**
   * Lets no time pass until `work` has settled, however long that takes: for work outside of virtual time, such as reading a file. Work that itself
   * waits for virtual time never settles.
   */
  waitFor(work: Promise<unknown>): void;
  /** Runs what is due next, even in the background, and lets it settle; resolves to whether there was anything up to `until`. */
  step(until?: number): Promise<boolean>;
}

/**
 * Creates a clock whose time is virtual: it starts at 0 and passes in {@link VirtualClock.advance} and {@link VirtualClock.runAll} only.
 *
 * @throws {SandboxError} `ERR_OPTION` for a start time that is none.
 *
 * @example
 * ```ts
 * const clock = virtualClock();
 * clock.schedule(() => console.log("a minute later"), 60_000);
 * await clock.advance(60_000);
 * ```
 */
export function virtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const startTime = Number(options.startTime ?? defaultStart);
  if (!Number.isFinite(startTime)) {
    throw new SandboxError(
      "ERR_OPTION",
      `startTime must be a date or milliseconds, got ${String(options.startTime)}`,
    );
  }
  return new TestClock(startTime);
}

interface Scheduled {
  readonly due: number;
  readonly isBackground: boolean;
  readonly callback: () => void;
}

class TestClock implements VirtualClock {
  readonly #startTime: number;
  #now = 0;
  /** In the order in which they run. */
  readonly #waiting: Scheduled[] = [];
  #foreground = 0;
  /** Work that time waits for. */
  readonly #awaited = new Set<Promise<unknown>>();
  /** The call that runs now, or ran last. */
  #running: Promise<unknown> = Promise.resolve();

  constructor(startTime: number) {
    this.#startTime = startTime;
  }

  get scheduled(): number {
    return this.#foreground;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#startTime + this.#now;
  }

  schedule(
    callback: () => void,
    delay: number,
    { background = false }: ScheduleOptions = {},
  ): Disposable {
    const entry = {
      due: this.#now + (delay > 0 ? delay : 0),
      isBackground: background,
      callback,
    };
    // From the end: most of what is scheduled is due last.
    let index = this.#waiting.length;
    while (index > 0 && (this.#waiting[index - 1]?.due ?? 0) > entry.due) index -= 1;
    this.#waiting.splice(index, 0, entry);
    if (!background) this.#foreground += 1;
    return { [Symbol.dispose]: () => this.#remove(this.#waiting.indexOf(entry)) };
  }

  advance(ms: number): Promise<void> {
    if (typeof ms !== "number" || !(ms >= 0)) {
      throw new SandboxError(
        "ERR_OPTION",
        `ms must be a number of milliseconds from 0, got ${String(ms)}`,
      );
    }
    return this.#inTurn(async () => {
      const until = this.#now + ms;
      await this.#settle();
      while (await this.#runNext(until));
      this.#now = until;
    });
  }

  runAll(options: RunAllOptions = {}): Promise<void> {
    const { maxCallbacks = 100_000, maxTime = 86_400_000 } = options;
    return this.#inTurn(async () => {
      const until = this.#now + maxTime;
      await this.#settle();
      for (let count = 0; this.#foreground > 0; count += 1) {
        const isOver = count >= maxCallbacks || !(await this.#runNext(until));
        if (isOver) throw endless(count, this.#now, maxTime);
      }
    });
  }

  waitFor(work: Promise<unknown>): void {
    const settled = (): void => void this.#awaited.delete(work);
    this.#awaited.add(work);
    void work.then(settled, settled);
  }

  step(until: number = Number.POSITIVE_INFINITY): Promise<boolean> {
    return this.#inTurn(async () => {
      await this.#settle();
      return this.#runNext(until);
    });
  }

  async #runNext(until: number): Promise<boolean> {
    const next = this.#waiting[0];
    if (next === undefined || next.due > until) return false;
    this.#remove(0);
    this.#now = next.due;
    try {
      next.callback();
    } finally {
      await this.#settle();
    }
    return true;
  }

  /** Lets promise jobs, ticks and immediates run that are due on this thread now, and the work that time waits for. */
  async #settle(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (this.#awaited.size === 0) return;
      await Promise.allSettled(this.#awaited);
    }
  }

  #remove(index: number): void {
    if (index < 0) return;
    const [entry] = this.#waiting.splice(index, 1);
    if (entry?.isBackground === false) this.#foreground -= 1;
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = this.#running.then(work);
    // The next call does not fail for this one.
    this.#running = result.catch(() => undefined);
    return result;
  }
}

const defaultStart: number = Date.UTC(2020, 0, 1);

function endless(callbacks: number, now: number, maxTime: number): TestError {
  return new TestError(
    "ERR_ENDLESS",
    `Something still waits after ${callbacks} callbacks at ${now} ms of virtual time (maxTime ${maxTime}): ` +
      "an interval that is never cleared, or two sides that answer each other for ever. " +
      "Use advance(ms) to run a part of it",
  );
}
