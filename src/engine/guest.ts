import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten";
import { guestBundle } from "#guest-bundle";
import type { EventKind, GuestRuntime, HostCalls, RuntimeOptions } from "../boundary.ts";
import type { ScriptException } from "../errors.ts";
import { parseException } from "./exception.ts";
import { exposeHostCalls } from "./host-calls.ts";
import type { Rejections } from "./rejections.ts";
import { createValues, OutOfMemoryError, type Values } from "./values.ts";

/** Name of the guest runtime in stack traces. */
const runtimeName = "netdevice:runtime";

/** What came of evaluating a script. */
export type Evaluation =
  | { readonly type: "done" }
  /** The value is a promise: its outcome comes as {@link HostCalls.settled}. */
  | { readonly type: "waiting" }
  | { readonly type: "thrown"; readonly exception: ScriptException };

/** An entry into the guest ended with an exception that the guest runtime could not catch: interrupted or out of memory. */
export class GuestEntryError extends Error {
  readonly exception: ScriptException | undefined;

  constructor(entry: string, exception: ScriptException | undefined) {
    super(`The guest runtime failed in ${entry}: ${exception?.message ?? "no exception"}`);
    this.name = "GuestEntryError";
    this.exception = exception;
  }
}

/** Whether an error leaves the engine in working order: after any other it must not be touched again. */
export function isGuestFailure(error: unknown): boolean {
  return error instanceof GuestEntryError || error instanceof OutOfMemoryError;
}

/** What an engine of our own brings along. */
export interface GuestEngine {
  /** What the guest bundle evaluates to, when that has been done. Consumed. */
  readonly install?: QuickJSHandle | undefined;
  /** Promises that nobody handled, when the engine can tell. */
  readonly rejections?: Rejections | undefined;
}

type Entry = keyof GuestRuntime;

/**
 * The guest runtime in one context: installs it and calls its entries.
 *
 * No method runs promise jobs: after each call the caller runs them ({@link Guest.runJobs}) and goes on with
 * {@link Guest.step} while a call answered `true`. Each may throw: {@link GuestEntryError}, or whatever the engine throws
 * when it breaks.
 */
export class Guest implements Disposable {
  readonly #context: QuickJSContext;
  readonly #values: Values;
  readonly #entries: Readonly<Record<Entry, QuickJSHandle>>;
  readonly #rejections: Rejections | undefined;
  #disposed = false;

  constructor(
    context: QuickJSContext,
    calls: HostCalls,
    options: RuntimeOptions,
    engine: GuestEngine = {},
  ) {
    this.#context = context;
    this.#rejections = engine.rejections;
    this.#values = createValues(context);
    this.#entries = this.#install(calls, options, engine.install);
  }

  /** See {@link GuestRuntime.deliver}. Text must be well-formed and without U+0000; bytes are copied. */
  deliver(kind: EventKind, id: number, data?: string | Uint8Array<ArrayBufferLike>): boolean {
    const context = this.#context;
    const handle =
      data === undefined
        ? context.undefined
        : typeof data === "string"
          ? this.#values.text(data)
          : this.#values.buffer(data);
    return this.#flag("deliver", [context.newNumber(kind), context.newNumber(id), handle]);
  }

  /** See {@link GuestRuntime.step}. */
  step(): boolean {
    return this.#flag("step", []);
  }

  /** See {@link GuestRuntime.timers}. */
  countTimers(): number {
    return this.#call("timers", []).consume((handle) => this.#context.getNumber(handle));
  }

  /** See {@link GuestRuntime.shutDown}. */
  shutDown(): void {
    this.#call("shutDown", []).dispose();
  }

  /**
   * Evaluates a script. Its exception is reported in the guest as HTML does; `more` tells whether steps wait.
   * A promise that a module's top level or a classic script's last expression leaves is watched with `id`.
   */
  evaluate(
    source: string,
    options: { readonly name: string; readonly type: "script" | "module"; readonly id: number },
  ): { readonly evaluation: Evaluation; readonly more: boolean } {
    const { name, type, id } = options;
    const result = this.#context.evalCode(source, name, {
      type: type === "module" ? "module" : "global",
    });
    if (result.error !== undefined) {
      const exception = this.describe(result.error);
      const more = this.#flag("caught", [result.error]);
      return { evaluation: { type: "thrown", exception }, more };
    }
    // A classic script does not wait for the promise it ends with: only a rejection is of interest.
    const watched = this.#flag("watch", [
      result.value,
      this.#context.newNumber(type === "module" ? id : 0),
    ]);
    const waiting = type === "module" && watched;
    return { evaluation: { type: waiting ? "waiting" : "done" }, more: false };
  }

  /** Describes an exception; keeps the handle. */
  describe(exception: QuickJSHandle): ScriptException {
    const text = this.#call("describe", [exception.dup()]);
    return parseException(text.consume((handle) => this.#context.getString(handle)));
  }

  get hasJobs(): boolean {
    return this.#context.runtime.hasPendingJob();
  }

  /** Runs at most `limit` promise jobs. An exception in one of them ends the call; the others stay. */
  runJobs(limit: number): void {
    const result = this.#context.runtime.executePendingJobs(limit);
    if (result.error !== undefined) result.error.dispose();
  }

  /** Reports one promise that was rejected and not handled; `undefined` when there is none, else whether steps wait. */
  reportRejection(): boolean | undefined {
    const rejection = this.#rejections?.take();
    if (rejection === undefined) return undefined;
    return this.#flag("rejected", [rejection.promise, rejection.reason]);
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const handle of Object.values(this.#entries)) handle.dispose();
  }

  #install(
    calls: HostCalls,
    options: RuntimeOptions,
    evaluated: QuickJSHandle | undefined,
  ): Readonly<Record<Entry, QuickJSHandle>> {
    const context = this.#context;
    const install =
      evaluated ??
      this.#unwrap(
        "install",
        context.evalCode(guestBundle, runtimeName, { type: "global", strict: true }),
      );
    const host = exposeHostCalls(context, this.#values, calls);
    const json = this.#values.text(JSON.stringify(options));
    const runtime = this.#unwrap(
      "install",
      context.callFunction(install, context.undefined, context.global, host, json),
    );
    for (const handle of [install, host, json]) handle.dispose();
    const entry = (name: Entry): QuickJSHandle => context.getProp(runtime, name);
    const entries = {
      deliver: entry("deliver"),
      step: entry("step"),
      describe: entry("describe"),
      caught: entry("caught"),
      rejected: entry("rejected"),
      watch: entry("watch"),
      timers: entry("timers"),
      shutDown: entry("shutDown"),
    };
    runtime.dispose();
    return entries;
  }

  #flag(entry: Entry, input: readonly QuickJSHandle[]): boolean {
    // The ng build cannot compare handles; as a number `true` is 1.
    return this.#call(entry, input).consume((handle) => this.#context.getNumber(handle) === 1);
  }

  /** Calls an entry; disposes of `input`. */
  #call(entry: Entry, input: readonly QuickJSHandle[]): QuickJSHandle {
    const { undefined: thisValue } = this.#context;
    try {
      const result = this.#context.callFunction(this.#entries[entry], thisValue, ...input);
      return this.#unwrap(entry, result);
    } finally {
      for (const handle of input) handle.dispose();
    }
  }

  #unwrap(entry: string, result: ReturnType<QuickJSContext["evalCode"]>): QuickJSHandle {
    if (result.error === undefined) return result.value;
    // Nothing of the exception is read: its properties could be the script's, and its getters would run.
    result.error.dispose();
    throw new GuestEntryError(entry, undefined);
  }
}
