import { DOMException } from "./dom-exception.ts";
import { defineFunction } from "./interface.ts";
import { charCodeAt, Uint8ArrayOf } from "./intrinsics.ts";
import type { RuntimeScope } from "./scope.ts";
import { fromCodeUnits } from "./text.ts";
import { checkArguments, toDOMString } from "./webidl.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const padding = 0x3d;

/** Values in {@link Tables.values} of characters that are no digits. */
const whitespace = 0xfe;
const invalid = 0xff;

interface Tables {
  /** Code unit by value. */
  readonly digits: Uint8Array;
  /** Value by code unit below 128. */
  readonly values: Uint8Array;
}

/**
 * Installs `atob` and `btoa`.
 *
 * @see https://html.spec.whatwg.org/multipage/webappapis.html#atob
 */
export function installBase64({ global }: RuntimeScope): void {
  const encode = (...data: readonly unknown[]): string => {
    checkArguments("btoa", data.length, 1);
    return toBase64(toDOMString(data[0]));
  };
  const decode = (...data: readonly unknown[]): string => {
    checkArguments("atob", data.length, 1);
    return fromBase64(toDOMString(data[0]));
  };
  defineFunction(global, "btoa", encode, 1);
  defineFunction(global, "atob", decode, 1);
}

/** Base64 of a string whose code units are bytes. @throws {DOMException} `InvalidCharacterError` for other strings. */
export function toBase64(data: string): string {
  const { digits } = tables;
  const { length } = data;
  const groups = (length + 2 - ((length + 2) % 3)) / 3;
  const output = new Uint8ArrayOf(groups * 4);
  for (let read = 0, write = 0; read < length; read += 3, write += 4) {
    const first = byteAt(data, read);
    const second = read + 1 < length ? byteAt(data, read + 1) : 0;
    const third = read + 2 < length ? byteAt(data, read + 2) : 0;
    output[write] = digits[first >> 2] ?? 0;
    output[write + 1] = digits[((first & 3) << 4) | (second >> 4)] ?? 0;
    output[write + 2] =
      read + 1 < length ? (digits[((second & 15) << 2) | (third >> 6)] ?? 0) : padding;
    output[write + 3] = read + 2 < length ? (digits[third & 63] ?? 0) : padding;
  }
  return fromCodeUnits(output, 0, groups * 4);
}

const tables = createTables();

function byteAt(data: string, index: number): number {
  const unit = charCodeAt(data, index);
  if (unit > 0xff) fail("btoa: the string has a character outside of Latin-1");
  return unit;
}

/**
 * A string whose code units are the bytes. @throws {DOMException} `InvalidCharacterError` for what is no base64.
 *
 * @see https://infra.spec.whatwg.org/#forgiving-base64-decode
 */
export function fromBase64(data: string): string {
  const { values } = tables;
  // Steps 1 and 3: take the digits, without whitespace. What follows a "=" may only be another, or whitespace.
  const sextets = new Uint8ArrayOf(data.length);
  let count = 0;
  let pads = 0;
  for (let index = 0; index < data.length; index++) {
    const unit = charCodeAt(data, index);
    const value = unit < 128 ? (values[unit] ?? invalid) : invalid;
    if (value === whitespace) continue;
    if (unit === padding) pads += 1;
    else if (value === invalid || pads > 0) failDecoding();
    else sextets[count++] = value;
  }
  // Step 2: one or two "=" only where they complete a group of four. Step 4: one digit is no byte.
  if (pads > 2 || (pads > 0 && (count + pads) % 4 !== 0) || count % 4 === 1) failDecoding();
  // Steps 5 to 9: join the bits, drop the last two or four when they make no byte.
  const bytes = new Uint8ArrayOf(data.length);
  let length = 0;
  let bits = 0;
  let collected = 0;
  for (let index = 0; index < count; index++) {
    bits = ((bits << 6) | (sextets[index] ?? 0)) & 0xffff;
    collected += 6;
    if (collected >= 8) {
      collected -= 8;
      bytes[length++] = bits >> collected;
    }
  }
  return fromCodeUnits(bytes, 0, length);
}

function failDecoding(): never {
  fail("atob: the string is not correctly encoded");
}

function fail(message: string): never {
  throw new DOMException(message, "InvalidCharacterError");
}

function createTables(): Tables {
  const digits = new Uint8ArrayOf(64);
  const values = new Uint8ArrayOf(128).fill(invalid);
  for (let value = 0; value < 64; value++) {
    digits[value] = charCodeAt(alphabet, value);
    values[charCodeAt(alphabet, value)] = value;
  }
  for (const unit of [9, 10, 12, 13, 32]) values[unit] = whitespace;
  return { digits, values };
}
