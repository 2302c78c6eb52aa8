import { hostNow } from "./host.ts";
import { createList, defineProperty, toArray } from "./intrinsics.ts";
import {
  checkArguments,
  illegalInvocation,
  toBoolean,
  toDictionary,
  toDOMString,
} from "./webidl.ts";

// One number for all flags: each private field costs as much as a call.
const bubbles = 1;
const cancelable = 2;
const composed = 4;
const canceled = 8;
const propagationStopped = 16;
const immediatelyStopped = 32;
const inPassiveListener = 64;
const dispatching = 128;
const initialized = 256;
const isTrusted = 512;

/** Passed as the dictionary of an event that the runtime makes itself. */
export const trusted: object = { __proto__: null };
/** The same, for an event that can be canceled. */
export const trustedCancelable: object = { __proto__: null };

/** Functions for the dispatch; scripts cannot reach them. */
export let isEvent: (value: unknown) => value is Event;
export let eventType: (event: Event) => string;
/** Whether `dispatchEvent` may take the event. */
export let canDispatch: (event: Event) => boolean;
/** Starts a dispatch; with `byScript` the event is not trusted. */
export let beginDispatch: (event: Event, target: object, byScript: boolean) => void;
export let endDispatch: (event: Event) => void;
export let isStopped: (event: Event) => boolean;
export let isPropagationStopped: (event: Event) => boolean;
export let setPassive: (event: Event, passive: boolean) => void;
/** `preventDefault()`, whatever a script made of it. */
export let cancelEvent: (event: Event) => void;
export let isCanceled: (event: Event) => boolean;
/** `initEvent()`; returns whether it was done: not during a dispatch. */
export let initializeEvent: (
  event: Event,
  type: string,
  mayBubble: unknown,
  mayCancel: unknown,
) => boolean;

let trustDescriptor: PropertyDescriptor;

/** @see https://dom.spec.whatwg.org/#interface-event */
export class Event {
  #type: string;
  #flags: number;
  /** Stays after the dispatch. While it lasts this is the current target too: there is no tree of targets. */
  #target: object | null;
  readonly #timeStamp: number;

  constructor(type: unknown, init?: unknown) {
    this.#target = null;
    if (init === trusted || init === trustedCancelable) {
      this.#type = type as string;
      this.#flags =
        init === trusted ? initialized | isTrusted : initialized | isTrusted | cancelable;
    } else {
      checkArguments("Event", arguments.length, 1);
      this.#type = toDOMString(type);
      const members = toDictionary(init);
      let flags = initialized;
      if (members !== undefined) {
        if (toBoolean(members["bubbles"])) flags |= bubbles;
        if (toBoolean(members["cancelable"])) flags |= cancelable;
        if (toBoolean(members["composed"])) flags |= composed;
      }
      this.#flags = flags;
    }
    this.#timeStamp = hostNow();
    // [LegacyUnforgeable]: an accessor of every event itself, with one getter for all.
    defineProperty(this, "isTrusted", trustDescriptor);
  }

  get type(): string {
    return read(this).#type;
  }

  get target(): object | null {
    return read(this).#target;
  }

  get srcElement(): object | null {
    return read(this).#target;
  }

  get currentTarget(): object | null {
    return read(this).#flags & dispatching ? this.#target : null;
  }

  composedPath(): object[] {
    const path = createList<object>();
    if (read(this).#flags & dispatching && this.#target !== null) path[0] = this.#target;
    return toArray(path);
  }

  get eventPhase(): number {
    return read(this).#flags & dispatching ? 2 : 0;
  }

  stopPropagation(): void {
    read(this).#flags |= propagationStopped;
  }

  get cancelBubble(): boolean {
    return (read(this).#flags & propagationStopped) !== 0;
  }

  set cancelBubble(value: boolean) {
    read(this);
    if (value) this.#flags |= propagationStopped;
  }

  stopImmediatePropagation(): void {
    read(this).#flags |= propagationStopped | immediatelyStopped;
  }

  get bubbles(): boolean {
    return (read(this).#flags & bubbles) !== 0;
  }

  get cancelable(): boolean {
    return (read(this).#flags & cancelable) !== 0;
  }

  get returnValue(): boolean {
    return (read(this).#flags & canceled) === 0;
  }

  set returnValue(value: boolean) {
    read(this);
    if (!value) cancelEvent(this);
  }

  preventDefault(): void {
    cancelEvent(read(this));
  }

  get defaultPrevented(): boolean {
    return (read(this).#flags & canceled) !== 0;
  }

  get composed(): boolean {
    return (read(this).#flags & composed) !== 0;
  }

  get timeStamp(): number {
    return read(this).#timeStamp;
  }

  initEvent(type: unknown, mayBubble?: unknown, mayCancel?: unknown): void {
    read(this);
    checkArguments("initEvent", arguments.length, 1);
    initializeEvent(this, toDOMString(type), mayBubble, mayCancel);
  }

  static {
    isEvent = (value): value is Event =>
      typeof value === "object" && value !== null && #flags in value;
    eventType = (event) => event.#type;
    canDispatch = (event) => (event.#flags & (dispatching | initialized)) === initialized;
    beginDispatch = (event, target, byScript) => {
      event.#target = target;
      event.#flags = (byScript ? event.#flags & ~isTrusted : event.#flags) | dispatching;
    };
    endDispatch = (event) => {
      event.#flags &= ~(dispatching | propagationStopped | immediatelyStopped);
    };
    isStopped = (event) => (event.#flags & immediatelyStopped) !== 0;
    isPropagationStopped = (event) => (event.#flags & propagationStopped) !== 0;
    setPassive = (event, passive) => {
      if (passive) event.#flags |= inPassiveListener;
      else event.#flags &= ~inPassiveListener;
    };
    cancelEvent = (event) => {
      if ((event.#flags & (cancelable | inPassiveListener)) === cancelable)
        event.#flags |= canceled;
    };
    isCanceled = (event) => (event.#flags & canceled) !== 0;
    initializeEvent = (event, type, mayBubble, mayCancel) => {
      if (event.#flags & dispatching) return false;
      event.#type = type;
      event.#target = null;
      event.#flags =
        initialized |
        (event.#flags & composed) |
        (toBoolean(mayBubble) ? bubbles : 0) |
        (toBoolean(mayCancel) ? cancelable : 0);
      return true;
    };
    const get = {
      get isTrusted(): boolean {
        return (read(this).#flags & isTrusted) !== 0;
      },
    };
    trustDescriptor = {
      __proto__: null,
      get: Object.getOwnPropertyDescriptor(get, "isTrusted")?.get,
      enumerable: true,
      configurable: false,
    } as PropertyDescriptor;
  }
}

/** The event, unless a script called an accessor on something else. */
function read(value: unknown): Event {
  if (!isEvent(value)) illegalInvocation();
  return value;
}
