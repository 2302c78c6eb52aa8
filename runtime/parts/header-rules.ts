/** What the Fetch standard says of the names and values of headers. */
import { forbiddenRequestHeaders } from "../../src/boundary.ts";
import {
  charCodeAt,
  createMap,
  indexOf,
  stringSlice,
  toLowerCase,
  TypeErrorOf,
} from "../intrinsics.ts";
import { toDOMString } from "../webidl.ts";

/** `ByteString`: a string whose code units are bytes. */
export function toByteString(value: unknown): string {
  const text = toDOMString(value);
  for (let index = 0; index < text.length; index++) {
    if (charCodeAt(text, index) > 0xff) {
      throw new TypeErrorOf(
        "The text has a character above U+00FF as number " +
          (index + 1) +
          ", which no header can carry",
      );
    }
  }
  return text;
}

/** A header's name in lower case; throws for what is none. */
export function toHeaderName(value: unknown): string {
  const name = toByteString(value);
  if (!isToken(name)) throw new TypeErrorOf("Headers: '" + name + "' is not the name of a header");
  return toLowerCase(name);
}

/** A header's value without the white space around it; throws for what is none. */
export function toHeaderValue(value: unknown): string {
  const text = trimmed(toByteString(value));
  for (let index = 0; index < text.length; index++) {
    const unit = charCodeAt(text, index);
    if (unit === 0 || unit === 0x0a || unit === 0x0d) {
      throw new TypeErrorOf("Headers: a value holds a line break or U+0000");
    }
  }
  return text;
}

/** Whether a text is a token of HTTP. */
export function isToken(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = charCodeAt(text, index);
    const isAlphanumeric =
      (unit >= 0x30 && unit <= 0x39) ||
      (unit >= 0x41 && unit <= 0x5a) ||
      (unit >= 0x61 && unit <= 0x7a);
    if (!isAlphanumeric && indexOf("!#$%&'*+-.^_`|~", text[index] ?? "") < 0) return false;
  }
  return text !== "";
}

/** The text without tabs, line breaks and spaces around it. */
export function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(charCodeAt(text, start))) start++;
  while (end > start && isSpace(charCodeAt(text, end - 1))) end--;
  return stringSlice(text, start, end);
}

/**
 * Whether scripts may not set a request header: `name` is in lower case.
 *
 * @see https://fetch.spec.whatwg.org/#forbidden-request-header
 */
export function isForbiddenRequestHeader(name: string, value: string): boolean {
  if (forbidden.has(name) || indexOf(name, "proxy-") === 0 || indexOf(name, "sec-") === 0) {
    return true;
  }
  return overrides.has(name) && holdsForbiddenMethod(value);
}

/** @see https://fetch.spec.whatwg.org/#forbidden-response-header-name */
export function isForbiddenResponseHeader(name: string): boolean {
  return name === "set-cookie" || name === "set-cookie2";
}

/** @see https://fetch.spec.whatwg.org/#forbidden-method */
export function isForbiddenMethod(method: string): boolean {
  const name = toLowerCase(method);
  return name === "connect" || name === "trace" || name === "track";
}

function holdsForbiddenMethod(value: string): boolean {
  let start = 0;
  for (let index = 0; index <= value.length; index++) {
    if (index < value.length && value[index] !== ",") continue;
    if (isForbiddenMethod(trimmed(stringSlice(value, start, index)))) return true;
    start = index + 1;
  }
  return false;
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === 0x0a || unit === 0x0d;
}

const forbidden = setOf(forbiddenRequestHeaders);

const overrides = setOf(["x-http-method", "x-http-method-override", "x-method-override"]);

function setOf(names: readonly string[]): { has(name: string): boolean } {
  const set = createMap<string, true>();
  for (let index = 0; index < names.length; index++) set.set(names[index] ?? "", true);
  return set;
}
