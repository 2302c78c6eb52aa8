import { RuntimeLimit } from "../src/boundary.ts";
import { DOMException } from "./dom-exception.ts";
import { tellExceeded } from "./host.ts";
import { defineFunction } from "./interface.ts";
import { apply, createMap, type SafeMap, TypeErrorOf } from "./intrinsics.ts";
import type { RuntimeScope } from "./scope.ts";
import { type Timer, TimerHeap } from "./timer-heap.ts";
import { isCallable, toLong } from "./webidl.ts";

/** Nesting from which on a delay is at least {@link clampedDelay}. */
const maxNesting = 5;
const clampedDelay = 4;
const maxId = 2 ** 31 - 1;

/**
 * The timers of one guest. The host has a single alarm, for the earliest of them.
 *
 * @see https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timers
 */
export class Timers {
  readonly #scope: RuntimeScope;
  readonly #heap = new TimerHeap();
  readonly #byId: SafeMap<number, Timer> = createMap();
  #lastId = 0;
  #sequence = 0;
  #live = 0;
  /** What the host's alarm is set to; -1 for none. */
  #alarm = -1;
  #isReportedEmpty = true;
  /** Whether due callbacks are being run: the alarm is set after the last of them. */
  #isDraining = false;
  /** Nesting level of the timer callback that ran last, and the number of its step: its promise jobs belong to it. */
  #nesting = 0;
  #nestingStep = -1;

  constructor(scope: RuntimeScope) {
    this.#scope = scope;
  }

  /** Timers that wait. */
  get count(): number {
    return this.#live;
  }

  /**
   * Calls back once, or repeatedly, after `delay` milliseconds, as a step of its own. Returns a positive id.
   *
   * @throws {DOMException} `QuotaExceededError` when the guest has as many timers as it may.
   */
  schedule(callback: () => void, delay: number, repeat: boolean = false): number {
    const { maxTimers } = this.#scope.options;
    if (this.#live >= maxTimers) {
      tellExceeded(RuntimeLimit.Timers);
      throw new DOMException("More than " + maxTimers + " timers", "QuotaExceededError");
    }
    const timer: Timer = {
      id: this.#nextId(),
      callback,
      delay: delay > 0 ? delay : 0,
      repeat,
      due: 0,
      sequence: 0,
      nesting: 0,
    };
    this.#live += 1;
    this.#byId.set(timer.id, timer);
    this.#enqueue(timer, this.#currentNesting());
    return timer.id;
  }

  /**
   * Calls back in a task of its own, soon and in order. It is no timer: it has no id, counts for no limit, and is not slowed down when
   * tasks lead to tasks.
   */
  task(callback: () => void): void {
    this.#enqueue(
      { id: 0, callback, delay: 0, repeat: false, due: 0, sequence: 0, nesting: 0 },
      -1,
    );
  }

  /** Cancels a timer; unknown ids are ignored. */
  cancel(id: number): void {
    const timer = this.#byId.get(id);
    if (timer === undefined) return;
    this.#forget(timer);
    this.#heap.noteDropped();
    // With timers left, the alarm may go off for nothing: cheaper than a host call for each cancelled timer.
    if (this.#live === 0 && !this.#isDraining) this.#setAlarm();
  }

  /** The host's alarm went off: runs every callback that is due, one step each. */
  alarm(): void {
    this.#alarm = -1;
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#drain(this.#scope.host.now(), this.#sequence);
  }

  /** Drops all timers; the host is not told. */
  clear(): void {
    this.#byId.clear();
    this.#heap.clear();
    this.#live = 0;
  }

  /**
   * Queues a step for the next timer that is due at `now` and not younger than `sequence`. The last step finds none: by then the
   * promise jobs of the last callback have run, too.
   */
  #drain(now: number, sequence: number): void {
    this.#scope.steps.push(() => {
      const timer = this.#heap.first();
      if (timer === undefined || timer.due > now || timer.sequence > sequence) {
        this.#isDraining = false;
        this.#nestingStep = -1;
        this.#setAlarm();
        return false;
      }
      try {
        this.#run(timer);
      } finally {
        this.#drain(now, sequence);
      }
      return false;
    });
  }

  #run(timer: Timer): void {
    const { callback } = timer;
    this.#heap.removeFirst();
    if (!timer.repeat) this.#forget(timer);
    this.#nesting = timer.nesting;
    this.#nestingStep = this.#scope.steps.count;
    try {
      callback?.();
    } finally {
      // From the end of the callback on, so that a slow one does not pile up.
      if (timer.callback !== undefined) this.#enqueue(timer, timer.nesting);
    }
  }

  #enqueue(timer: Timer, nesting: number): void {
    const { host } = this.#scope;
    const delay = nesting > maxNesting && timer.delay < clampedDelay ? clampedDelay : timer.delay;
    timer.nesting = nesting + 1;
    timer.due = host.now() + delay;
    timer.sequence = ++this.#sequence;
    this.#heap.add(timer);
    if (!this.#isDraining && (this.#alarm < 0 || timer.due < this.#alarm)) this.#setAlarm();
  }

  #setAlarm(): void {
    const { host } = this.#scope;
    const first = this.#heap.first();
    if (first === undefined) {
      this.#alarm = -1;
      if (!this.#isReportedEmpty) host.setAlarm(-1);
      this.#isReportedEmpty = true;
      return;
    }
    if (first.due === this.#alarm) return;
    this.#alarm = first.due;
    this.#isReportedEmpty = false;
    const delay = first.due - host.now();
    host.setAlarm(delay > 0 ? delay : 0);
  }

  #forget(timer: Timer): void {
    timer.callback = undefined;
    if (timer.id === 0) return;
    this.#byId.delete(timer.id);
    this.#live -= 1;
  }

  #currentNesting(): number {
    return this.#nestingStep === this.#scope.steps.count ? this.#nesting : 0;
  }

  #nextId(): number {
    do {
      this.#lastId = this.#lastId < maxId ? this.#lastId + 1 : 1;
    } while (this.#byId.has(this.#lastId));
    return this.#lastId;
  }
}

/** Installs `setTimeout`, `setInterval`, `clearTimeout` and `clearInterval` at the global, or at another object. */
export function installTimers(
  { global }: RuntimeScope,
  timers: Timers,
  target: object = global,
): void {
  const define = (name: string, repeat: boolean): void => {
    const start = (handler: unknown, timeout: unknown, ...args: readonly unknown[]): number => {
      // Deviation: HTML also evaluates strings.
      if (!isCallable(handler)) {
        throw new TypeErrorOf(name + ": the handler must be a function, strings are not evaluated");
      }
      const callback = (): void => void apply(handler, global, args);
      return timers.schedule(callback, toLong(timeout), repeat);
    };
    defineFunction(target, name, start, 1);
  };
  const cancel = (id: unknown): void => timers.cancel(toLong(id));
  define("setTimeout", false);
  define("setInterval", true);
  defineFunction(target, "clearTimeout", cancel, 0);
  defineFunction(target, "clearInterval", (id: unknown) => cancel(id), 0);
}
