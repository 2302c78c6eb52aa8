import { Event, trustedCancelable } from "./event.ts";
import type { Position } from "./stack.ts";
import {
  checkArguments,
  illegalInvocation,
  toDictionary,
  toDOMString,
  toUnsignedLong,
  toUSVString,
} from "./webidl.ts";

/** What an `ErrorEvent` tells; also the arguments of a global `onerror`. */
export interface ErrorDetails extends Position {
  readonly message: string;
  readonly error: unknown;
}

const noDetails: ErrorDetails = { message: "", file: "", line: 0, column: 0, error: undefined };

/** Makes the trusted `error` event of the global. */
export let createErrorEvent: (details: ErrorDetails) => ErrorEvent;
/** Details of an `ErrorEvent`; `undefined` for any other event. */
export let errorDetails: (event: Event) => ErrorDetails | undefined;

/** @see https://html.spec.whatwg.org/#the-errorevent-interface */
export class ErrorEvent extends Event {
  #details: ErrorDetails = noDetails;

  constructor(type: unknown, init?: unknown) {
    checkArguments("ErrorEvent", arguments.length, 1);
    super(type, init);
    if (init === trustedCancelable) return;
    const members = toDictionary(init);
    if (members === undefined) return;
    // In the order of the dictionary: the conversions run code of the script.
    const column = members["colno"];
    const convertedColumn = column === undefined ? 0 : toUnsignedLong(column);
    const error = members["error"];
    const file = members["filename"];
    const convertedFile = file === undefined ? "" : toUSVString(file);
    const line = members["lineno"];
    const convertedLine = line === undefined ? 0 : toUnsignedLong(line);
    const message = members["message"];
    this.#details = {
      message: message === undefined ? "" : toDOMString(message),
      file: convertedFile,
      line: convertedLine,
      column: convertedColumn,
      error,
    };
  }

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

  static {
    createErrorEvent = (details) => {
      const event = new ErrorEvent("error", trustedCancelable);
      event.#details = details;
      return event;
    };
    errorDetails = (event) => (#details in event ? event.#details : undefined);
  }
}

function read(event: ErrorEvent): ErrorDetails {
  const isObject = typeof event === "object" && (event as object | null) !== null;
  return (isObject ? errorDetails(event) : undefined) ?? illegalInvocation();
}
