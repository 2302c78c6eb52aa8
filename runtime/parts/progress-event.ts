import { defineEventInterface } from "../event-interface.ts";
import { Event, type EventState, scriptState, stateOf, trustedState } from "../event.ts";
import { toBoolean, toDictionary, toDouble } from "../webidl.ts";

/** What a `ProgressEvent` tells. */
interface Progress {
  readonly lengthComputable: boolean;
  readonly loaded: number;
  readonly total: number;
}

/** Number of the interface among the kinds of events. */
const kind = 6;

/** Makes the event of "fire a progress event": a total of 0 stands for an unknown one. */
export function createProgressEvent(type: string, loaded: number, total: number): ProgressEvent {
  const progress: Progress = { lengthComputable: total !== 0, loaded, total };
  return new ProgressEvent(trustedState(type, kind, progress, undefined));
}

/** Defines the interface. */
export function defineProgressEvent(target: object): void {
  defineEventInterface(target, ProgressEvent, {
    name: "ProgressEvent",
    length: 1,
    toState: progressState,
    parent: Event.prototype.constructor,
  });
}

function progressState(type: unknown, init: unknown): EventState {
  const state = scriptState(type, init);
  const members = toDictionary(init);
  const lengthComputable = toBoolean(members?.["lengthComputable"]);
  const loaded = members?.["loaded"];
  const convertedLoaded = loaded === undefined ? 0 : toDouble(loaded);
  const total = members?.["total"];
  const progress: Progress = {
    lengthComputable,
    loaded: convertedLoaded,
    total: total === undefined ? 0 : toDouble(total),
  };
  state[4] = kind;
  state[5] = progress;
  return state;
}

/** @see https://xhr.spec.whatwg.org/#interface-progressevent */
class ProgressEvent extends Event {
  get lengthComputable(): boolean {
    return read(this).lengthComputable;
  }

  get loaded(): number {
    return read(this).loaded;
  }

  get total(): number {
    return read(this).total;
  }
}

function read(event: unknown): Progress {
  return stateOf(event, kind)[5] as Progress;
}
