/** Longest list of subprotocols, in characters. Servers take less. */
export const maxSubprotocolsLength: number = 16 * 2 ** 10;

/**
 * Says why a list of subprotocols may not be offered, or `undefined` when it may. The guest runtime throws the same as
 * `SyntaxError` before it asks; this is the host's own defence.
 *
 * @see https://websockets.spec.whatwg.org/#dom-websocket-websocket
 */
export function findSubprotocolError(protocols: readonly string[]): string | undefined {
  const seen = new Set<string>();
  let length = 0;
  for (const protocol of protocols) {
    length += protocol.length + 1;
    if (length > maxSubprotocolsLength) {
      return `The subprotocols together are longer than ${maxSubprotocolsLength} characters`;
    }
    if (!isToken(protocol)) return "A subprotocol is empty or has a character that is not allowed";
    if (seen.has(protocol)) return `The subprotocol '${protocol.slice(0, 100)}' is given twice`;
    seen.add(protocol);
  }
  return undefined;
}

/** Whether `text` is a token of HTTP: visible ASCII without separators, at least one character. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(text);
}
