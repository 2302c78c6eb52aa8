import type { Event } from "./event.ts";
import { createList, invoke, TypeErrorOf } from "./intrinsics.ts";
import { isCallable } from "./webidl.ts";

/** One entry of an event listener list. */
export class Listener {
  /** A function, an object with `handleEvent`, or the value of a handler attribute. */
  callback: object;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  removed: boolean;

  constructor(callback: object, capture: boolean, once: boolean, passive: boolean) {
    this.callback = callback;
    this.capture = capture;
    this.once = once;
    this.passive = passive;
    this.removed = false;
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

  find(callback: object, capture: boolean): Listener | undefined {
    const { items } = this;
    for (let index = 0; index < items.length; index++) {
      const item = items[index] as Listener;
      if (item.matches(callback, capture)) return item;
    }
    return undefined;
  }

  add(listener: Listener): void {
    if (this.isShared) this.#copy(undefined);
    this.items[this.items.length] = listener;
    if (listener.capture) this.captures++;
  }

  remove(listener: Listener): void {
    if (listener.removed) return;
    listener.removed = true;
    if (listener.capture) this.captures--;
    this.#copy(listener);
  }

  /** Removes all: none of them runs any more, not even in a dispatch under way. */
  clear(): void {
    for (let index = 0; index < this.items.length; index++) {
      (this.items[index] as Listener).removed = true;
    }
    this.items = createList();
    this.captures = 0;
    this.handler = undefined;
  }

  #copy(except: Listener | undefined): void {
    const copy = createList<Listener>();
    for (let index = 0; index < this.items.length; index++) {
      const item = this.items[index] as Listener;
      if (item !== except) copy[copy.length] = item;
    }
    this.items = copy;
    this.isShared = false;
  }
}
