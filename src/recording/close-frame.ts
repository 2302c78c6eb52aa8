import { Buffer } from "node:buffer";

/** What a close frame says; no code where its payload is empty. */
export interface CloseFrame {
  readonly code?: number;
  readonly reason: string;
}

/** The code that stands for a close frame without one. Never on the wire. */
export const noCloseCode = 1005;

/** Payload of a close frame in base64. */
export function encodeCloseFrame({ code, reason }: CloseFrame): string {
  if (code === undefined || code === noCloseCode) return "";
  const payload = Buffer.from(`\0\0${reason}`);
  payload.writeUInt16BE(code);
  return payload.toString("base64");
}

/** What a payload in base64 says. Some tools write text there: that is no code and no reason. */
export function decodeCloseFrame(data: string): CloseFrame {
  const payload = Buffer.from(data, "base64");
  const code = payload.length >= 2 ? payload.readUInt16BE() : 0;
  return code >= 1000 && code <= 4999
    ? { code, reason: payload.subarray(2).toString("utf8") }
    : { reason: "" };
}
