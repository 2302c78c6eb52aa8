import { cancelableState, Event, type EventState, scriptState, stateOf } from "./event.ts";
import { TypeErrorOf } from "./intrinsics.ts";
import { isObject, toDictionary } from "./webidl.ts";

const kind = 4;

/** Makes the trusted `unhandledrejection` event of the global. */
export function createRejectionEvent(promise: unknown, reason: unknown): PromiseRejectionEvent {
  return new PromiseRejectionEvent(cancelableState("unhandledrejection", kind, promise, reason));
}

/** Converts the arguments of the constructor. */
export function rejectionState(type: unknown, init: unknown): EventState {
  const state = scriptState(type, init);
  const members = toDictionary(init);
  const promise = members?.["promise"];
  if (!isObject(promise)) throw new TypeErrorOf("PromiseRejectionEvent: promise is not an object");
  state[4] = kind;
  state[5] = promise;
  state[6] = members?.["reason"];
  return state;
}

/** @see https://html.spec.whatwg.org/#the-promiserejectionevent-interface */
export class PromiseRejectionEvent extends Event {
  get promise(): unknown {
    return stateOf(this, kind)[5];
  }

  get reason(): unknown {
    return stateOf(this, kind)[6];
  }
}
