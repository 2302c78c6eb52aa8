import { Event, initializeEvent } from "./event.ts";
import { checkArguments, illegalInvocation, toDictionary, toDOMString } from "./webidl.ts";

/** @see https://dom.spec.whatwg.org/#interface-customevent */
export class CustomEvent extends Event {
  #detail: unknown;

  constructor(type: unknown, init?: unknown) {
    checkArguments("CustomEvent", arguments.length, 1);
    super(type, init);
    const detail = toDictionary(init)?.["detail"];
    this.#detail = detail === undefined ? null : detail;
  }

  get detail(): unknown {
    if (!(#detail in this)) illegalInvocation();
    return this.#detail;
  }

  initCustomEvent(
    type: unknown,
    bubbles?: unknown,
    cancelable?: unknown,
    detail: unknown = null,
  ): void {
    if (!(#detail in this)) illegalInvocation();
    checkArguments("initCustomEvent", arguments.length, 1);
    if (initializeEvent(this, toDOMString(type), bubbles, cancelable)) this.#detail = detail;
  }
}
