import type { WebSocketUrl } from "../websocket/url.ts";

/**
 * Bytes that one connection keeps of what its script asked for, about; `texts` are the subprotocols, or the headers of a fetch. A connection that waits or fails takes them on the host and
 * nothing in the guest.
 */
export function requestBytes(
  { url, username, password }: Omit<WebSocketUrl, "origin">,
  texts: readonly string[],
): number {
  let bytes = url.href.length + 2 * (username.length + password.length);
  for (const text of texts) bytes += text.length + stringOverhead;
  return bytes;
}

/** What all connections of a guest may keep together: more than servers take from as many. */
export function maxRequestBytes(maxConnections: number): number {
  return (maxConnections + 256) * 16 * 2 ** 10;
}

/** What a string in a list takes beside its text. */
const stringOverhead = 32;
