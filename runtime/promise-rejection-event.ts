import { Event, trustedCancelable } from "./event.ts";
import { TypeErrorOf } from "./intrinsics.ts";
import { checkArguments, illegalInvocation, toDictionary } from "./webidl.ts";

/** Makes the trusted `unhandledrejection` event of the global. */
export let createRejectionEvent: (promise: unknown, reason: unknown) => PromiseRejectionEvent;

/** @see https://html.spec.whatwg.org/#the-promiserejectionevent-interface */
export class PromiseRejectionEvent extends Event {
  #promise: unknown;
  #reason: unknown;

  constructor(type: unknown, init: unknown) {
    checkArguments("PromiseRejectionEvent", arguments.length, 2);
    super(type, init);
    if (init === trustedCancelable) return;
    const members = toDictionary(init);
    const promise = members?.["promise"];
    if (promise === undefined) throw new TypeErrorOf("PromiseRejectionEvent: promise is required");
    this.#promise = promise;
    this.#reason = members?.["reason"];
  }

  get promise(): unknown {
    if (!(#promise in this)) illegalInvocation();
    return this.#promise;
  }

  get reason(): unknown {
    if (!(#promise in this)) illegalInvocation();
    return this.#reason;
  }

  static {
    createRejectionEvent = (promise, reason) => {
      const event = new PromiseRejectionEvent("unhandledrejection", trustedCancelable);
      event.#promise = promise;
      event.#reason = reason;
      return event;
    };
  }
}
