/**
 * Reports exceptions.
 *
 * @see https://html.spec.whatwg.org/#report-an-exception
 */
import type { ExceptionData } from "../src/boundary.ts";
import { Dispatch, dispatchNow } from "./dispatch.ts";
import { createErrorEvent, type ErrorEvent } from "./error-event.ts";
import { existingListeners } from "./event-target.ts";
import { endDispatch, type Event, isCanceled } from "./event.ts";
import { hostReport, hostSettled } from "./host.ts";
import {
  createList,
  createMap,
  jsonStringify,
  promiseThen,
  type SafeMap,
  StringOf,
  stringSlice,
} from "./intrinsics.ts";
import type { ListenerList } from "./listener.ts";
import { createRejectionEvent } from "./promise-rejection-event.ts";
import type { RuntimeScope } from "./scope.ts";
import { scriptStack, topPosition } from "./stack.ts";
import { isObject } from "./webidl.ts";

const maxMessageLength = 8_192;

/** Describes an exception; never throws. */
export function describe(exception: unknown): ExceptionData {
  let name = readText(exception, "name");
  let message = readText(exception, "message");
  if (message === undefined) {
    message = toText(exception);
    name = undefined;
  }
  const stack = scriptStack(readText(exception, "stack"));
  const { file, line, column } = topPosition(stack);
  const data = createList<string | number>();
  data[0] = name ?? "";
  data[1] = message;
  data[2] = stack;
  data[3] = file;
  data[4] = line;
  data[5] = column;
  return data as unknown as ExceptionData;
}

/** Fires `error` at the global and tells the host. */
export class Reporter {
  readonly #scope: () => RuntimeScope;
  /** In error reporting mode: an exception of an `error` listener goes to the host alone. */
  #isReporting = false;
  /** What was reported since the present turn began. */
  readonly #seen: SafeMap<unknown, boolean> = createMap();
  /** Whether anything was. */
  hasReported = false;
  /** Told the message of every exception; `TurbulenzEngine.onerror`. */
  onMessage: ((message: string) => void) | undefined = undefined;

  constructor(scope: () => RuntimeScope) {
    this.#scope = scope;
  }

  /** A turn begins. */
  beginTurn(): void {
    this.#seen.clear();
    this.hasReported = false;
  }

  #note(exception: unknown): void {
    this.#seen.set(exception, true);
    this.hasReported = true;
  }

  /** Reports at once: a script, or a promise job, is running. */
  report(exception: unknown): void {
    this.#note(exception);
    const data = describe(exception);
    const list = this.#listeners("error");
    if (list !== undefined) {
      const event = toEvent(data, exception);
      this.#isReporting = true;
      try {
        dispatchNow(event, this.#scope().global, list, false);
      } finally {
        // It can also run out of stack.
        this.#isReporting = false;
      }
      if (isCanceled(event)) return;
    }
    this.#tellHost(data);
  }

  /** Reports before everything else that waits, one listener in each step. */
  reportNext(exception: unknown): void {
    this.#note(exception);
    const data = describe(exception);
    this.#fireNext("error", () => toEvent(data, exception), data);
  }

  /** Reports a promise that was rejected and that nobody handles, like {@link Reporter.reportNext}. */
  rejected(promise: unknown, reason: unknown): void {
    // A module that throws rejects promises that no script sees, all with its exception.
    if (isObject(reason)) {
      if (this.#seen.has(reason)) return;
      this.#note(reason);
    }
    const create = (): Event => createRejectionEvent(promise, reason);
    this.#fireNext("unhandledrejection", create, describe(reason));
  }

  /**
   * Reports the rejection of a promise, and with an id tells the host how it settles. Returns whether it is a promise.
   */
  watch(value: unknown, id: number): boolean {
    if (!isObject(value)) return false;
    try {
      promiseThen(
        value,
        () => {
          if (id !== 0) hostSettled(id, "");
        },
        (reason) => {
          this.report(reason);
          if (id !== 0) hostSettled(id, jsonStringify(describe(reason)));
        },
      );
      return true;
    } catch {
      // Not a promise, or one with a constructor that was made to fail.
      return false;
    }
  }

  #fireNext(type: string, create: () => Event, data: ExceptionData): void {
    const { steps, global, reportNext } = this.#scope();
    const isError = type === "error";
    let event: Event | undefined;
    let dispatch: Dispatch | undefined;
    let isDispatched = false;
    steps.interrupt(() => {
      const list = event === undefined ? this.#listeners(type) : undefined;
      if (list !== undefined) {
        event = create();
        if (isError) this.#isReporting = true;
        dispatch = new Dispatch(event, global, list, reportNext, false);
      }
      if (dispatch !== undefined && !isDispatched) {
        // The last listener's promise jobs may still cancel the event: hence a step more.
        isDispatched = !dispatch.next();
        return true;
      }
      if (event !== undefined) {
        if (isError) this.#isReporting = false;
        endDispatch(event);
      }
      if (event === undefined || !isCanceled(event)) this.#tellHost(data);
      return false;
    });
  }

  #listeners(type: string): ListenerList | undefined {
    if (this.#isReporting && type === "error") return undefined;
    const list = existingListeners(this.#scope().global, type);
    return list === undefined || list.items.length === 0 ? undefined : list;
  }

  #tellHost(data: ExceptionData): void {
    this.onMessage?.(toMessage(data));
    hostReport(jsonStringify(data));
  }
}

function toEvent(data: ExceptionData, error: unknown): ErrorEvent {
  return createErrorEvent({
    message: toMessage(data),
    file: data[3],
    line: data[4],
    column: data[5],
    error,
  });
}

function toMessage(data: ExceptionData): string {
  const name = data[0];
  const message = data[1];
  return "Uncaught " + (name === "" || message === "" ? name + message : name + ": " + message);
}

/** A property as text, cut to a bearable length; `undefined` when there is none. */
function readText(value: unknown, key: string): string | undefined {
  if (!isObject(value)) return undefined;
  try {
    const property = (value as Record<string, unknown>)[key];
    return property === undefined ? undefined : toText(property);
  } catch {
    return undefined;
  }
}

function toText(value: unknown): string {
  try {
    // Symbols too: only an object's own conversion can fail.
    return stringSlice(StringOf(value), 0, maxMessageLength);
  } catch {
    return "An object that cannot be converted to a string";
  }
}
