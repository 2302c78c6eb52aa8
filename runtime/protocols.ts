import { DOMException } from "./dom-exception.ts";
import { charCodeAt, createList, createRecord, indexOf } from "./intrinsics.ts";
import { isObject, iteratorMethod, toDOMString, toSequence } from "./webidl.ts";

/** Characters of a token of HTTP besides letters and digits. */
const tokenMarks = "!#$%&'*+-.^_`|~";

/**
 * `(DOMString or sequence<DOMString>) protocols = []`: the subprotocols that a script offers.
 *
 * @throws {DOMException} `SyntaxError` for one that is no token or that occurs twice.
 * @see https://websockets.spec.whatwg.org/#dom-websocket-websocket
 */
export function toProtocols(value: unknown): readonly string[] {
  const protocols = convert(value);
  const seen = createRecord<boolean>();
  for (let index = 0; index < protocols.length; index++) {
    const protocol = protocols[index] as string;
    if (!isToken(protocol)) throw new DOMException("A subprotocol is not a token", "SyntaxError");
    // Compared by their characters: upper and lower case differ.
    if (seen[protocol]) throw new DOMException("A subprotocol is offered twice", "SyntaxError");
    seen[protocol] = true;
  }
  return protocols;
}

function convert(value: unknown): readonly string[] {
  if (value === undefined) return createList();
  if (isObject(value)) {
    const method = iteratorMethod(value);
    if (method !== undefined) return toSequence(value, toDOMString, method);
  }
  const protocols = createList<string>();
  protocols[0] = toDOMString(value);
  return protocols;
}

function isToken(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = charCodeAt(text, index);
    const isLetter = (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a;
    const isDigit = unit >= 0x30 && unit <= 0x39;
    if (isLetter || isDigit) continue;
    if (unit > 0x7f || indexOf(tokenMarks, text[index] as string) < 0) return false;
  }
  return text.length > 0;
}
