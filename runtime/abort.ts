/** @see https://dom.spec.whatwg.org/#aborting-ongoing-activities */
import { dispatchStep } from "./dispatch.ts";
import { DOMException } from "./dom-exception.ts";
import { EventTarget, fireNow, listenersOf } from "./event-target.ts";
import { createEvent } from "./event.ts";
import { createList, TypeErrorOf } from "./intrinsics.ts";
import type { Steps } from "./steps.ts";
import {
  checkArguments,
  illegalInvocation,
  isObject,
  toEnforcedUnsignedLongLong,
  toSequence,
} from "./webidl.ts";

/** Calls back once after some milliseconds, as a step of its own. */
export type Schedule = (callback: () => void, delay: number) => void;

/** Makes the constructor of `AbortSignal` legal. */
const internal: object = { __proto__: null };

let schedule: Schedule;
let steps: Steps;
let follow: (signal: AbortSignal, source: AbortSignal) => void;
let unfollow: (signal: AbortSignal, except: AbortSignal) => void;
let signalAbort: (signal: AbortSignal, reason: unknown, inStep: boolean) => void;

/** Takes what `AbortSignal.timeout` needs. */
export function connectAbort(given: Steps, timers: Schedule): void {
  steps = given;
  schedule = timers;
}

/** For `addEventListener`. Throws for what is no `AbortSignal`. */
export let isAborted: (signal: unknown) => boolean;
/** Adds an abort algorithm. */
export let whenAborted: (signal: unknown, algorithm: () => void) => void;
export let isAbortSignal: (value: unknown) => value is AbortSignal;
/** A new signal that follows another, if there is one. */
export let dependentSignal: (source: AbortSignal | undefined) => AbortSignal;
export let abortReason: (signal: AbortSignal) => unknown;

/** @see https://dom.spec.whatwg.org/#interface-AbortSignal */
export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown;
  #algorithms: (() => void)[] = createList();
  /** Signals of `AbortSignal.any` that follow this one. */
  #dependents: AbortSignal[] = createList();
  /** For a signal of `AbortSignal.any`: those that it follows. None of them follows another. */
  #sources: AbortSignal[] | undefined;

  constructor(key?: unknown) {
    if (key !== internal) throw new TypeErrorOf("Illegal constructor");
    super();
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(internal);
    signal.#aborted = true;
    signal.#reason = toReason(reason);
    return signal;
  }

  static timeout(milliseconds: unknown): AbortSignal {
    checkArguments("AbortSignal.timeout", arguments.length, 1);
    const delay = toEnforcedUnsignedLongLong(milliseconds);
    const signal = new AbortSignal(internal);
    schedule(() => {
      signalAbort(signal, new DOMException("The time is up", "TimeoutError"), true);
    }, delay);
    return signal;
  }

  static any(signals: unknown): AbortSignal {
    checkArguments("AbortSignal.any", arguments.length, 1);
    const list = toSequence(signals, (item) => {
      if (!isAbortSignal(item)) throw new TypeErrorOf("AbortSignal.any: not an AbortSignal");
      return item;
    });
    const result = new AbortSignal(internal);
    for (let index = 0; index < list.length; index++) {
      const source = list[index] as AbortSignal;
      if (!source.#aborted) continue;
      result.#aborted = true;
      result.#reason = source.#reason;
      return result;
    }
    result.#sources = createList();
    for (let index = 0; index < list.length; index++) {
      const source = list[index] as AbortSignal;
      if (source.#sources === undefined) follow(result, source);
      else {
        for (let inner = 0; inner < source.#sources.length; inner++) {
          follow(result, source.#sources[inner] as AbortSignal);
        }
      }
    }
    return result;
  }

  get aborted(): boolean {
    if (!(#aborted in this)) illegalInvocation();
    return this.#aborted;
  }

  get reason(): unknown {
    if (!(#aborted in this)) illegalInvocation();
    return this.#reason;
  }

  throwIfAborted(): void {
    if (!(#aborted in this)) illegalInvocation();
    if (this.#aborted) throw this.#reason;
  }

  static {
    follow = (signal, source) => {
      const sources = (signal.#sources ??= createList());
      for (let index = 0; index < sources.length; index++) if (sources[index] === source) return;
      sources[sources.length] = source;
      source.#dependents[source.#dependents.length] = signal;
    };
    abortReason = (signal) => signal.#reason;
    dependentSignal = (source) => {
      const signal = new AbortSignal(internal);
      if (source === undefined) return signal;
      if (source.#aborted) {
        signal.#aborted = true;
        signal.#reason = source.#reason;
        return signal;
      }
      signal.#sources = createList();
      const sources = source.#sources;
      if (sources === undefined) follow(signal, source);
      else {
        for (let index = 0; index < sources.length; index++) {
          follow(signal, sources[index] as AbortSignal);
        }
      }
      return signal;
    };
    unfollow = (signal, except) => {
      const sources = signal.#sources ?? createList<AbortSignal>();
      signal.#sources = undefined;
      for (let index = 0; index < sources.length; index++) {
        const source = sources[index] as AbortSignal;
        if (source === except) continue;
        const others = createList<AbortSignal>();
        for (let each = 0; each < source.#dependents.length; each++) {
          const dependent = source.#dependents[each] as AbortSignal;
          if (dependent !== signal) others[others.length] = dependent;
        }
        source.#dependents = others;
      }
    };
    isAbortSignal = (value): value is AbortSignal => isObject(value) && #aborted in value;
    isAborted = (signal) => {
      if (!isAbortSignal(signal)) throw new TypeErrorOf("The signal is not an AbortSignal");
      return signal.#aborted;
    };
    whenAborted = (signal, algorithm) => {
      if (isAbortSignal(signal)) signal.#algorithms[signal.#algorithms.length] = algorithm;
    };
    signalAbort = (signal, reason, inStep) => {
      if (signal.#aborted) return;
      const ended = createList<AbortSignal>();
      ended[0] = signal;
      signal.#aborted = true;
      signal.#reason = toReason(reason);
      const dependents = signal.#dependents;
      for (let index = 0; index < dependents.length; index++) {
        const dependent = dependents[index] as AbortSignal;
        if (dependent.#aborted) continue;
        dependent.#aborted = true;
        dependent.#reason = signal.#reason;
        // Its other sources may live on for long, and would keep it.
        unfollow(dependent, signal);
        ended[ended.length] = dependent;
      }
      signal.#dependents = createList();
      for (let index = 0; index < ended.length; index++) {
        const one = ended[index] as AbortSignal;
        const algorithms = one.#algorithms;
        one.#algorithms = createList();
        for (let algorithm = 0; algorithm < algorithms.length; algorithm++)
          algorithms[algorithm]?.();
        fireAbort(one, inStep);
      }
    };
  }
}

/** @see https://dom.spec.whatwg.org/#interface-abortcontroller */
export class AbortController {
  readonly #signal = new AbortSignal(internal);

  get signal(): AbortSignal {
    if (!(#signal in this)) illegalInvocation();
    return this.#signal;
  }

  abort(reason?: unknown): void {
    if (!(#signal in this)) illegalInvocation();
    signalAbort(this.#signal, reason, false);
  }
}

function toReason(reason: unknown): unknown {
  return reason === undefined
    ? new DOMException("The operation was aborted", "AbortError")
    : reason;
}

function fireAbort(signal: AbortSignal, inStep: boolean): void {
  if (inStep) {
    const list = listenersOf(signal, "abort");
    steps.push(dispatchStep(() => createEvent("abort"), signal, list));
  } else fireNow(createEvent("abort"), signal, "abort");
}
