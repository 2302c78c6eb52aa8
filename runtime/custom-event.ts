import { Event, type EventState, initializeEvent, scriptState, stateOf } from "./event.ts";
import { checkArguments, toDictionary, toDOMString } from "./webidl.ts";

const kind = 1;

/** Converts the arguments of the constructor. */
export function customState(type: unknown, init: unknown): EventState {
  const state = scriptState(type, init);
  const detail = toDictionary(init)?.["detail"];
  state[4] = kind;
  state[5] = detail === undefined ? null : detail;
  return state;
}

/** @see https://dom.spec.whatwg.org/#interface-customevent */
export class CustomEvent extends Event {
  get detail(): unknown {
    return stateOf(this, kind)[5];
  }

  initCustomEvent(
    type: unknown,
    bubbles?: unknown,
    cancelable?: unknown,
    detail: unknown = null,
  ): void {
    const state = stateOf(this, kind);
    checkArguments("initCustomEvent", arguments.length, 1);
    if (initializeEvent(this, toDOMString(type), bubbles, cancelable)) state[5] = detail;
  }
}
