import { Event, type EventState, scriptState, stateOf, trustedState } from "./event.ts";
import { toBoolean, toDictionary, toUnsignedShort, toUSVString } from "./webidl.ts";

const kind = 2;

interface CloseDetails {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** Makes the trusted `close` event. */
export function createCloseEvent(code: number, reason: string, wasClean: boolean): CloseEvent {
  const details: CloseDetails = { code, reason, wasClean };
  return new CloseEvent(trustedState("close", kind, details, undefined));
}

/** Converts the arguments of the constructor. */
export function closeState(type: unknown, init: unknown): EventState {
  const state = scriptState(type, init);
  const members = toDictionary(init);
  const code = members?.["code"];
  const convertedCode = code === undefined ? 0 : toUnsignedShort(code);
  const reason = members?.["reason"];
  const details: CloseDetails = {
    code: convertedCode,
    reason: reason === undefined ? "" : toUSVString(reason),
    wasClean: toBoolean(members?.["wasClean"]),
  };
  state[4] = kind;
  state[5] = details;
  return state;
}

/** @see https://websockets.spec.whatwg.org/#the-closeevent-interface */
export class CloseEvent extends Event {
  get wasClean(): boolean {
    return read(this).wasClean;
  }

  get code(): number {
    return read(this).code;
  }

  get reason(): string {
    return read(this).reason;
  }
}

function read(event: unknown): CloseDetails {
  return stateOf(event, kind)[5] as CloseDetails;
}
