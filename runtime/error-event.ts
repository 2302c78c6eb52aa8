import {
  cancelableState,
  Event,
  eventKind,
  type EventState,
  scriptState,
  stateOf,
} from "./event.ts";
import type { Position } from "./stack.ts";
import { toDictionary, toDOMString, toUnsignedLong, toUSVString } from "./webidl.ts";

/** What an `ErrorEvent` tells; also the arguments of a global `onerror`. */
export interface ErrorDetails extends Position {
  readonly message: string;
  readonly error: unknown;
}

const kind = 3;

/** Makes the trusted `error` event of the global. */
export function createErrorEvent(details: ErrorDetails): ErrorEvent {
  return new ErrorEvent(cancelableState("error", kind, details, undefined));
}

/** Details of an `ErrorEvent`; `undefined` for any other event. */
export function errorDetails(event: Event): ErrorDetails | undefined {
  return eventKind(event) === kind ? read(event) : undefined;
}

/** Converts the arguments of the constructor. */
export function errorState(type: unknown, init: unknown): EventState {
  const state = scriptState(type, init);
  const members = toDictionary(init);
  // In the order of the dictionary: the conversions run code of the script.
  const column = members?.["colno"];
  const convertedColumn = column === undefined ? 0 : toUnsignedLong(column);
  const error = members?.["error"];
  const file = members?.["filename"];
  const convertedFile = file === undefined ? "" : toUSVString(file);
  const line = members?.["lineno"];
  const convertedLine = line === undefined ? 0 : toUnsignedLong(line);
  const message = members?.["message"];
  const details: ErrorDetails = {
    message: message === undefined ? "" : toDOMString(message),
    file: convertedFile,
    line: convertedLine,
    column: convertedColumn,
    error,
  };
  state[4] = kind;
  state[5] = details;
  return state;
}

/** @see https://html.spec.whatwg.org/#the-errorevent-interface */
export class ErrorEvent extends Event {
  get message(): string {
    return read(this).message;
  }

  get filename(): string {
    return read(this).file;
  }

  get lineno(): number {
    return read(this).line;
  }

  get colno(): number {
    return read(this).column;
  }

  get error(): unknown {
    return read(this).error;
  }
}

function read(event: unknown): ErrorDetails {
  return stateOf(event, kind)[5] as ErrorDetails;
}
