import { RuntimeLimit } from "../src/boundary.ts";
import { dispatchNow } from "./dispatch.ts";
import { DOMException } from "./dom-exception.ts";
import { canDispatch, type Event, eventType, isCanceled, isEvent } from "./event.ts";
import { tellExceeded } from "./host.ts";
import { createRecord, TypeErrorOf } from "./intrinsics.ts";
import { Listener, type ListenerCount, ListenerList } from "./listener.ts";
import {
  checkArguments,
  illegalInvocation,
  isObject,
  toBoolean,
  toDictionary,
  toDOMString,
} from "./webidl.ts";

/** What `addEventListener` needs of an `AbortSignal`. */
export interface SignalReader {
  /** Throws for what is no `AbortSignal`. */
  isAborted(signal: unknown): boolean;
  /** Adds an abort algorithm. */
  whenAborted(signal: unknown, algorithm: () => void): void;
}

/** The listeners of a target for one type; makes the list when there is none. */
export let listenersOf: (target: object, type: string) => ListenerList;
/** The same, or `undefined` where nobody ever listened. */
export let existingListeners: (target: object, type: string) => ListenerList | undefined;
/** Removes every listener of a target; no listener of a dispatch under way runs any more. */
export let removeAllListeners: (target: object) => void;

let signals: SignalReader;
let limits: { readonly maxListeners: number };
let globalObject: object;
const globalLists = createRecord<ListenerList>();
const globalCount: ListenerCount = { listeners: 0 };

/** Makes the global a target and gives access to signals and limits. */
export function connectEventTarget(
  global: object,
  given: { readonly maxListeners: number },
  reader: SignalReader,
): void {
  globalObject = global;
  limits = given;
  signals = reader;
}

/** The target that an operation was called on: the global in a plain call. Throws for other objects. */
export let toTarget: (value: unknown) => object;

/** Fires a trusted event while a script runs. Returns whether it was canceled. */
export function fireNow(event: Event, target: object, type: string): boolean {
  const list = existingListeners(target, type);
  if (list !== undefined && list.items.length > 0) dispatchNow(event, target, list, false);
  return isCanceled(event);
}

/** @see https://dom.spec.whatwg.org/#interface-eventtarget */
export class EventTarget {
  readonly #lists: Record<string, ListenerList> = createRecord();
  readonly #count: ListenerCount = { listeners: 0 };

  addEventListener(type: unknown, callback: unknown, options?: unknown): void {
    const target = toTarget(this);
    checkArguments("addEventListener", arguments.length, 2);
    const name = toDOMString(type);
    const object = toCallback(callback);
    const capture = toCapture(options);
    let once = false;
    let passive = false;
    let signal: unknown;
    if (isObject(options)) {
      const members = toDictionary(options);
      once = toBoolean(members?.["once"]);
      passive = toBoolean(members?.["passive"]);
      signal = members?.["signal"];
    }
    if (signal !== undefined && signals.isAborted(signal)) return;
    if (object === null) return;
    const list = listenersOf(target, name);
    if (list.find(object, capture) !== undefined) return;
    if (list.count.listeners >= limits.maxListeners) {
      tellExceeded(RuntimeLimit.Listeners);
      throw new DOMException(
        "The target has " + limits.maxListeners + " listeners already",
        "QuotaExceededError",
      );
    }
    const listener = new Listener(object, capture, once, passive);
    list.add(listener);
    if (signal !== undefined) signals.whenAborted(signal, () => list.remove(listener));
  }

  removeEventListener(type: unknown, callback: unknown, options?: unknown): void {
    const target = toTarget(this);
    checkArguments("removeEventListener", arguments.length, 2);
    const name = toDOMString(type);
    const object = toCallback(callback);
    const capture = toCapture(options);
    const list = existingListeners(target, name);
    const listener = object === null ? undefined : list?.find(object, capture);
    if (listener !== undefined) list?.remove(listener);
  }

  dispatchEvent(event: unknown): boolean {
    const target = toTarget(this);
    checkArguments("dispatchEvent", arguments.length, 1);
    if (!isEvent(event)) throw new TypeErrorOf("dispatchEvent: the argument is not an Event");
    if (!canDispatch(event)) {
      throw new DOMException("The event is already being dispatched", "InvalidStateError");
    }
    dispatchNow(event, target, listenersOf(target, eventType(event)), true);
    return !isCanceled(event);
  }

  static {
    const listsOf = (target: object): Record<string, ListenerList> =>
      #lists in target ? target.#lists : globalLists;
    toTarget = (value) => {
      if (value === undefined || value === null || value === globalObject) return globalObject;
      if (!isObject(value) || !(#lists in value)) illegalInvocation();
      return value;
    };
    existingListeners = (target, type) => listsOf(target)[type];
    listenersOf = (target, type) =>
      (listsOf(target)[type] ??= new ListenerList(#lists in target ? target.#count : globalCount));
    removeAllListeners = (target) => {
      const lists = listsOf(target);
      for (const type in lists) lists[type]?.clear();
    };
  }
}

/** `EventListener?`. */
function toCallback(callback: unknown): object | null {
  if (callback === undefined || callback === null) return null;
  if (!isObject(callback)) throw new TypeErrorOf("The listener is not an object");
  return callback;
}

/** The member `capture` of the options, or the options as a boolean. */
function toCapture(options: unknown): boolean {
  if (isObject(options)) return toBoolean(toDictionary(options)?.["capture"]);
  return toBoolean(options);
}
