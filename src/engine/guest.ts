import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten";
import { Scope } from "quickjs-emscripten-core";
import { EventKind, type GuestRuntime, type RuntimeOptions } from "../boundary.ts";
import type { ScriptException } from "../errors.ts";
import { parseException } from "./exception.ts";
import {
  adoptHostCalls,
  type CallingContext,
  exposeHostCalls,
  type HostActions,
  runtimeName,
} from "./host-calls.ts";
import { RawEngine } from "./raw-engine.ts";
import type { Rejections } from "./rejections.ts";
import { checked, createValues, OutOfMemoryError, type Values } from "./values.ts";

/** What came of evaluating a script. */
export type Evaluation =
  | { readonly type: "done" }
  /** The value is a promise: its outcome comes as {@link HostCalls.settled}. */
  | { readonly type: "waiting" }
  | { readonly type: "thrown"; readonly exception: ScriptException };

/** An entry into the guest ended with an exception that the guest runtime could not catch: interrupted or out of memory. */
export class GuestEntryError extends Error {
  constructor(entry: string) {
    super(`The guest runtime was interrupted or out of memory in ${entry}`);
    this.name = "GuestEntryError";
  }
}

/** Bytes beside a script's source that the engine needs without asking: a handful of values, and a little of its own. */
const roomForCompiling = 4_096;

/** Whether an error leaves the engine in working order: after any other it must not be touched again. */
export function isGuestFailure(error: unknown): boolean {
  return error instanceof GuestEntryError || error instanceof OutOfMemoryError;
}

/** Handles of the entries into the guest runtime. */
export type Entries = Readonly<Record<keyof GuestRuntime, QuickJSHandle>>;

/** What a {@link Guest} is made from. */
export interface GuestSource {
  /** The guest bundle, or the entries of a runtime that is installed already. Those are consumed. */
  readonly runtime: string | Entries;
  /** Promises that nobody handled, when the engine can tell. */
  readonly rejections?: Rejections | undefined;
  /** Whether the turn is over its time: then nothing more of the script may run, not even its `onerror`. @defaultValue never */
  isOverdue?(): boolean;
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
  readonly #raw: RawEngine | undefined;
  readonly #entries: Entries;
  /** Address of the entry that is called for every event. */
  readonly #deliver: number;
  readonly #rejections: Rejections | undefined;
  readonly #isOverdue: () => boolean;
  #disposed = false;

  constructor(
    context: QuickJSContext,
    actions: HostActions,
    options: RuntimeOptions,
    source: GuestSource,
  ) {
    this.#context = context;
    this.#raw = RawEngine.open(context);
    this.#rejections = source.rejections;
    this.#isOverdue = () => source.isOverdue?.() ?? false;
    this.#values = createValues(context, this.#raw);
    const calling: CallingContext = { context, values: this.#values, raw: this.#raw };
    if (typeof source.runtime === "string") {
      try {
        this.#entries = installRuntime(calling, source.runtime, actions);
      } catch (error) {
        this.#raw?.[Symbol.dispose]();
        throw error;
      }
    } else {
      this.#entries = source.runtime;
      adoptHostCalls(calling, actions);
    }
    this.#deliver = this.#raw?.addressOf(this.#entries.deliver) ?? 0;
    try {
      this.#call("configure", [this.#values.text(JSON.stringify(options))]).dispose();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * See {@link GuestRuntime.deliver}. `time` is in milliseconds since the sandbox started. Text must be well-formed and without
   * U+0000, as a string or in UTF-8; bytes are copied.
   */
  deliver(kind: EventKind, id: number, time: number, data?: string | Uint8Array): boolean {
    const raw = this.#raw;
    const tenths = toTenths(time);
    if (raw === undefined) return this.#deliverPublicly(kind, id, tenths, data);
    let value = 0;
    if (data !== undefined) {
      const isText = typeof data === "string" || !isBytes(kind);
      value = checked(isText ? raw.newText(data) : raw.newBuffer(data), data.length);
    }
    const more = raw.call(this.#deliver, kind, id, tenths, value);
    if (more === undefined) throw new GuestEntryError("deliver");
    return more;
  }

  #deliverPublicly(
    kind: EventKind,
    id: number,
    tenths: number,
    data: string | Uint8Array | undefined,
  ): boolean {
    const context = this.#context;
    let handle = context.undefined;
    if (typeof data === "string") handle = this.#values.text(data);
    else if (data !== undefined) {
      handle = isBytes(kind) ? this.#values.buffer(data) : this.#values.text(decodeUtf8(data));
    }
    const numbers = [kind, id, tenths].map((number) => context.newNumber(number));
    return this.#flag("deliver", [...numbers, handle]);
  }

  /** Throws `OutOfMemoryError` unless the guest has room for so many bytes. */
  checkRoom(bytes: number): void {
    this.#values.checkRoom(bytes);
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
   * The promise of a module's top level is watched with `id`; that of a classic script's last expression is only when the engine
   * cannot tell of rejections itself.
   */
  evaluate(
    source: string,
    options: { readonly name: string; readonly type: "script" | "module"; readonly id: number },
  ): { readonly evaluation: Evaluation; readonly more: boolean } {
    const { name, type, id } = options;
    // The engine would write a source that it has no room for over its own data.
    this.#values.checkRoom(Buffer.byteLength(source) + Buffer.byteLength(name) + roomForCompiling);
    this.#call("begin", []).dispose();
    const result = this.#context.evalCode(source, name, {
      type: type === "module" ? "module" : "global",
    });
    if (this.#isOverdue()) {
      // The script is over, whatever became of the interrupt: it must not hear of it by its own `onerror`.
      result.dispose();
      throw new GuestEntryError("evaluate");
    }
    if (result.error !== undefined) return this.#caught(result.error);
    if (type === "script" && this.#rejections !== undefined) {
      // Nothing waits for the promise that a classic script may end with.
      result.value.dispose();
      return { evaluation: { type: "done" }, more: false };
    }
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
    return this.#raw?.hasJobs ?? this.#context.runtime.hasPendingJob();
  }

  /** Runs at most `limit` promise jobs and answers how many. An exception in one of them ends the call; the others stay. */
  runJobs(limit: number): number {
    const result = this.#context.runtime.executePendingJobs(limit);
    if (result.error === undefined) return result.value;
    result.error.dispose();
    // The engine does not tell how many there were.
    return 1;
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
    this.#raw?.[Symbol.dispose]();
  }

  /** Describes the exception of a script and has it reported; disposes of it. */
  #caught(error: QuickJSHandle): ReturnType<Guest["evaluate"]> {
    return Scope.withScope((scope) => {
      const exception = this.describe(scope.manage(error));
      const more = this.#flag("caught", [error.dup()]);
      return { evaluation: { type: "thrown", exception }, more };
    });
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
      return unwrap(entry, result);
    } finally {
      for (const handle of input) handle.dispose();
    }
  }
}

/** Evaluates the bundle in a context and installs the runtime. */
export function installRuntime(
  calling: CallingContext,
  bundle: string,
  actions: HostActions,
): Entries {
  const { context } = calling;
  return Scope.withScope((scope) => {
    const manage = (result: ReturnType<QuickJSContext["evalCode"]>): QuickJSHandle =>
      scope.manage(unwrap("install", result));
    const install = manage(context.evalCode(bundle, runtimeName, { type: "global", strict: true }));
    // Not `context.global`: that handle stays as long as its context, also in the memory of an image.
    const global = manage(context.evalCode("this", runtimeName, { type: "global" }));
    const host = scope.manage(exposeHostCalls(calling, actions));
    const runtime = manage(context.callFunction(install, context.undefined, global, host));
    const entry = (name: Entry): QuickJSHandle => context.getProp(runtime, name);
    return {
      configure: entry("configure"),
      begin: entry("begin"),
      deliver: entry("deliver"),
      step: entry("step"),
      describe: entry("describe"),
      caught: entry("caught"),
      rejected: entry("rejected"),
      watch: entry("watch"),
      timers: entry("timers"),
      shutDown: entry("shutDown"),
    };
  });
}

/** Whether the data of an event is an `ArrayBuffer`. */
function isBytes(kind: EventKind): boolean {
  return kind === EventKind.Binary || kind === EventKind.Data || kind === EventKind.Result;
}

/** Tenths of a millisecond, as the guest is told times; -1 where a whole number of 32 bits does not reach: then the guest asks. */
function toTenths(time: number): number {
  const tenths = Math.floor(time * 10);
  return tenths <= maxTenths ? tenths : -1;
}

const maxTenths = 2 ** 31 - 1;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

function unwrap(entry: string, result: ReturnType<QuickJSContext["evalCode"]>): QuickJSHandle {
  if (result.error === undefined) return result.value;
  // Nothing of the exception is read: its properties could be the script's, and its getters would run.
  result.error.dispose();
  throw new GuestEntryError(entry);
}
