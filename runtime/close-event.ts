import { Event, trusted } from "./event.ts";
import {
  checkArguments,
  illegalInvocation,
  toBoolean,
  toDictionary,
  toUnsignedShort,
  toUSVString,
} from "./webidl.ts";

/** Makes the trusted `close` event. */
export let createCloseEvent: (code: number, reason: string, wasClean: boolean) => CloseEvent;

/** @see https://websockets.spec.whatwg.org/#the-closeevent-interface */
export class CloseEvent extends Event {
  #wasClean = false;
  #code = 0;
  #reason = "";

  constructor(type: unknown, init?: unknown) {
    checkArguments("CloseEvent", arguments.length, 1);
    super(type, init);
    if (init === trusted) return;
    const members = toDictionary(init);
    if (members === undefined) return;
    const code = members["code"];
    if (code !== undefined) this.#code = toUnsignedShort(code);
    const reason = members["reason"];
    if (reason !== undefined) this.#reason = toUSVString(reason);
    this.#wasClean = toBoolean(members["wasClean"]);
  }

  get wasClean(): boolean {
    if (!(#code in this)) illegalInvocation();
    return this.#wasClean;
  }

  get code(): number {
    if (!(#code in this)) illegalInvocation();
    return this.#code;
  }

  get reason(): string {
    if (!(#code in this)) illegalInvocation();
    return this.#reason;
  }

  static {
    createCloseEvent = (code, reason, wasClean) => {
      const event = new CloseEvent("close", trusted);
      event.#code = code;
      event.#reason = reason;
      event.#wasClean = wasClean;
      return event;
    };
  }
}
