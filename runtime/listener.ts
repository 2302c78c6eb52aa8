import type { Event } from "./event.ts";
import { createList, createMap, invoke, type SafeMap, TypeErrorOf } from "./intrinsics.ts";
import { isCallable } from "./webidl.ts";

/** One entry of an event listener list. */
export class Listener {
  /** A function, an object with `handleEvent`, or the value of a handler attribute. */
  callback: object;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  removed: boolean;
  /** Neither once nor passive: calling it is all there is to do. */
  readonly isPlain: boolean;

  constructor(callback: object, capture: boolean, once: boolean, passive: boolean) {
    this.callback = callback;
    this.capture = capture;
    this.once = once;
    this.passive = passive;
    this.removed = false;
    this.isPlain = !once && !passive;
  }

  /** Calls the script. */
  run(event: Event, target: object): unknown {
    const callback = this.callback;
    if (typeof callback === "function") return invoke(callback, target, event);
    const { handleEvent } = callback as { handleEvent?: unknown };
    if (!isCallable(handleEvent)) {
      throw new TypeErrorOf("The listener is no function and has no handleEvent method");
    }
    return invoke(handleEvent, callback, event);
  }

  /** Whether it was made by `addEventListener` with these two, which identify it. */
  matches(callback: object, capture: boolean): boolean {
    return this.callback === callback && this.capture === capture;
  }
}

/** How many listeners one target has, for all types. */
export interface ListenerCount {
  listeners: number;
}

/** A list longer than this gets an index. */
const maxUnindexed = 16;

/** The listeners of one target for one type, in order. */
export class ListenerList {
  /** A dispatch keeps the array it started with: it is copied before the next change. */
  items: Listener[] = createList();
  /** Whether a dispatch may hold {@link ListenerList.items}. */
  isShared = false;
  /** How many listen while capturing. */
  captures = 0;
  /** The listener of the handler attribute, while that is not null. */
  handler: Listener | undefined = undefined;
  /** Shared by the lists of one target. */
  readonly count: ListenerCount;

  /** How many of the items are removed. */
  #removed = 0;
  /** The listeners that {@link Listener.matches} finds, once they are too many to look through. */
  #index: SafeMap<object, Listener> | undefined;
  #captureIndex: SafeMap<object, Listener> | undefined;

  constructor(count: ListenerCount) {
    this.count = count;
  }

  find(callback: object, capture: boolean): Listener | undefined {
    const index = capture ? this.#captureIndex : this.#index;
    if (index !== undefined) return index.get(callback);
    const { items } = this;
    for (let index = 0; index < items.length; index++) {
      const item = items[index] as Listener;
      if (item.matches(callback, capture)) return item;
    }
    return undefined;
  }

  add(listener: Listener): void {
    if (this.isShared) this.#copy();
    this.items[this.items.length] = listener;
    this.count.listeners++;
    if (listener.capture) this.captures++;
    if (this.#index !== undefined) this.#addToIndex(listener);
    else if (this.items.length > maxUnindexed) this.#createIndex();
  }

  remove(listener: Listener): void {
    if (listener.removed) return;
    listener.removed = true;
    this.count.listeners--;
    if (listener.capture) this.captures--;
    if (this.find(listener.callback, listener.capture) === listener) {
      (listener.capture ? this.#captureIndex : this.#index)?.delete(listener.callback);
    }
    // A long list keeps removed listeners until they are half of it: to copy it each time would take too long.
    this.#removed++;
    const { length } = this.items;
    if (length <= maxUnindexed || this.#removed * 2 >= length) this.#copy();
  }

  /** Removes all: none of them runs any more, not even in a dispatch under way. */
  clear(): void {
    for (let index = 0; index < this.items.length; index++) {
      const item = this.items[index] as Listener;
      if (!item.removed) this.count.listeners--;
      item.removed = true;
    }
    this.items = createList();
    this.captures = 0;
    this.#removed = 0;
    this.handler = undefined;
    this.#index = this.#captureIndex = undefined;
  }

  #createIndex(): void {
    this.#index = createMap();
    this.#captureIndex = createMap();
    for (let index = 0; index < this.items.length; index++) {
      this.#addToIndex(this.items[index] as Listener);
    }
  }

  #addToIndex(listener: Listener): void {
    const { callback, capture } = listener;
    if (!listener.matches(callback, capture)) return;
    (capture ? this.#captureIndex : this.#index)?.set(callback, listener);
  }

  #copy(): void {
    const copy = createList<Listener>();
    for (let index = 0; index < this.items.length; index++) {
      const item = this.items[index] as Listener;
      if (!item.removed) copy[copy.length] = item;
    }
    this.items = copy;
    this.isShared = false;
    this.#removed = 0;
  }
}
