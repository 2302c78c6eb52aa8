import { hostNow } from "./host.ts";
import { createList, defineProperty, toArray } from "./intrinsics.ts";
import { hideSource } from "./native-source.ts";
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

/**
 * Everything an event knows, in one array: a private field for each would make an event four times as costly. All indices exist
 * from the start, so that nothing is looked up on a prototype. The last two belong to the interface that `kind` tells.
 */
export type EventState = [
  type: string,
  flags: number,
  /** Stays after the dispatch. While it lasts this is the current target too: there is no tree of targets. */
  target: object | null,
  timeStamp: number,
  kind: number,
  first: unknown,
  second: unknown,
];

/** State of an event that the runtime makes itself. */
export function trustedState(
  type: string,
  kind: number,
  first: unknown,
  second: unknown,
): EventState {
  return [type, initialized | isTrusted, null, hostNow(), kind, first, second];
}

/** Flags of a trusted event. */
export const trusted: number = initialized | isTrusted;
/** Flags of a trusted event whose dispatch has begun. */
export const trustedDispatching: number = trusted | dispatching;

/** The same for an event that can be canceled. */
export function cancelableState(
  type: string,
  kind: number,
  first: unknown,
  second: unknown,
): EventState {
  return [type, initialized | isTrusted | cancelable, null, hostNow(), kind, first, second];
}

/** State of an event that a script makes: converts the arguments of the constructor. */
export function scriptState(type: unknown, init: unknown): EventState {
  const name = toDOMString(type);
  const members = toDictionary(init);
  let flags = initialized;
  if (members !== undefined) {
    if (toBoolean(members["bubbles"])) flags |= bubbles;
    if (toBoolean(members["cancelable"])) flags |= cancelable;
    if (toBoolean(members["composed"])) flags |= composed;
  }
  return [name, flags, null, hostNow(), 0, undefined, undefined];
}

/** Functions for the dispatch; scripts cannot reach them. */
export let isEvent: (value: unknown) => value is Event;
export let eventType: (event: Event) => string;
export let eventKind: (event: Event) => number;
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
/** State of an event, unless a script called an accessor on something else. */
let read: (value: unknown) => EventState;

/** State of an event of one kind; throws for everything else. */
export let stateOf: (value: unknown, kind: number) => EventState;

/**
 * What is behind the interface `Event`: its constructor is not the one that scripts see, see `defineEventInterface`.
 *
 * @see https://dom.spec.whatwg.org/#interface-event
 */
export class Event {
  readonly #state: EventState;

  constructor(state: EventState) {
    this.#state = state;
    // [LegacyUnforgeable]: an accessor of every event itself, with one getter for all.
    defineProperty(this, "isTrusted", trustDescriptor);
  }

  get type(): string {
    return read(this)[0];
  }

  get target(): object | null {
    return read(this)[2];
  }

  get srcElement(): object | null {
    return read(this)[2];
  }

  get currentTarget(): object | null {
    return read(this)[1] & dispatching ? this.#state[2] : null;
  }

  composedPath(): object[] {
    const path = createList<object>();
    if (read(this)[1] & dispatching && this.#state[2] !== null) path[0] = this.#state[2];
    return toArray(path);
  }

  get eventPhase(): number {
    return read(this)[1] & dispatching ? 2 : 0;
  }

  stopPropagation(): void {
    read(this)[1] |= propagationStopped;
  }

  get cancelBubble(): boolean {
    return (read(this)[1] & propagationStopped) !== 0;
  }

  set cancelBubble(value: boolean) {
    read(this);
    if (value) this.#state[1] |= propagationStopped;
  }

  stopImmediatePropagation(): void {
    read(this)[1] |= propagationStopped | immediatelyStopped;
  }

  get bubbles(): boolean {
    return (read(this)[1] & bubbles) !== 0;
  }

  get cancelable(): boolean {
    return (read(this)[1] & cancelable) !== 0;
  }

  get returnValue(): boolean {
    return (read(this)[1] & canceled) === 0;
  }

  set returnValue(value: boolean) {
    read(this);
    if (!value) cancelEvent(this);
  }

  preventDefault(): void {
    read(this);
    cancelEvent(this);
  }

  get defaultPrevented(): boolean {
    return (read(this)[1] & canceled) !== 0;
  }

  get composed(): boolean {
    return (read(this)[1] & composed) !== 0;
  }

  get timeStamp(): number {
    return read(this)[3];
  }

  initEvent(type: unknown, mayBubble?: unknown, mayCancel?: unknown): void {
    read(this);
    checkArguments("initEvent", arguments.length, 1);
    initializeEvent(this, toDOMString(type), mayBubble, mayCancel);
  }

  static {
    isEvent = (value): value is Event =>
      typeof value === "object" && value !== null && #state in value;
    read = (value) => (isEvent(value) ? value.#state : illegalInvocation());
    // Without a further call: it is in every `event.data`.
    stateOf = (value, kind) => {
      if (typeof value === "object" && value !== null && #state in value) {
        const state = value.#state;
        if (state[4] === kind) return state;
      }
      return illegalInvocation();
    };
    eventKind = (event) => event.#state[4];
    eventType = (event) => event.#state[0];
    canDispatch = (event) => (event.#state[1] & (dispatching | initialized)) === initialized;
    beginDispatch = (event, target, byScript) => {
      event.#state[2] = target;
      event.#state[1] = (byScript ? event.#state[1] & ~isTrusted : event.#state[1]) | dispatching;
    };
    endDispatch = (event) => {
      event.#state[1] &= ~(dispatching | propagationStopped | immediatelyStopped);
    };
    isStopped = (event) => (event.#state[1] & immediatelyStopped) !== 0;
    isPropagationStopped = (event) => (event.#state[1] & propagationStopped) !== 0;
    setPassive = (event, passive) => {
      if (passive) event.#state[1] |= inPassiveListener;
      else event.#state[1] &= ~inPassiveListener;
    };
    cancelEvent = (event) => {
      if ((event.#state[1] & (cancelable | inPassiveListener)) === cancelable)
        event.#state[1] |= canceled;
    };
    isCanceled = (event) => (event.#state[1] & canceled) !== 0;
    initializeEvent = (event, type, mayBubble, mayCancel) => {
      if (event.#state[1] & dispatching) return false;
      event.#state[0] = type;
      event.#state[2] = null;
      event.#state[1] =
        initialized |
        (event.#state[1] & composed) |
        (toBoolean(mayBubble) ? bubbles : 0) |
        (toBoolean(mayCancel) ? cancelable : 0);
      return true;
    };
    const get = {
      get isTrusted(): boolean {
        return (read(this)[1] & isTrusted) !== 0;
      },
    };
    const getter = Object.getOwnPropertyDescriptor(get, "isTrusted")?.get;
    if (getter !== undefined) hideSource(getter, "get isTrusted");
    trustDescriptor = {
      __proto__: null,
      get: getter,
      enumerable: true,
      configurable: false,
    } as PropertyDescriptor;
  }
}

/** Makes a trusted event without further attributes. */
export function createEvent(type: string): Event {
  return new Event(trustedState(type, 0, undefined, undefined));
}
