import { utf8Length } from "./utf8-length.ts";

/** The close code that says: the connection was lost or failed. Never on the wire. */
export const abnormalCloseCode = 1006;

/** The close code of an endpoint that goes away. */
export const goingAwayCode = 1001;

/** Longest reason in bytes: a control frame holds 125, two of which are the code. */
export const maxCloseReasonBytes = 123;

/**
 * Whether a script may close with this code.
 *
 * @see https://websockets.spec.whatwg.org/#dom-websocket-close
 */
export function isScriptCloseCode(code: number): boolean {
  return code === 1000 || (Number.isInteger(code) && code >= 3000 && code <= 4999);
}

/** Whether a reason fits into a close frame. */
export function isCloseReason(reason: string): boolean {
  return reason.length <= maxCloseReasonBytes && utf8Length(reason) <= maxCloseReasonBytes;
}
