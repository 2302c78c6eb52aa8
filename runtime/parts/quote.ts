/** Texts of strings and property names for the console. */
import {
  charCodeAt,
  execute,
  indexOf,
  jsonStringify,
  numberToString,
  stringSlice,
  StringOf,
} from "../intrinsics.ts";

/** Longest string inside of an object that is shown whole, in code units. */
const maxStringLength = 10_000;

/** Matches what cannot stand in single quotes as it is. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const special = /[\0-\x1f'\\\x7f-\x9f\ud800-\udfff\u2028\u2029\ufeff]/;
const identifier = /^[A-Za-z_$][\w$]*$/;

/** The text as a string literal, in the quotes that need no escape. Long texts are cut. */
export function quote(text: string): string {
  if (text.length <= maxStringLength) return quoteWhole(text);
  const rest = text.length - maxStringLength;
  return quoteWhole(stringSlice(text, 0, maxStringLength)) + more(rest, "character");
}

/** `... 3 more items`. */
export function more(count: number, noun: string): string {
  return "... " + count + " more " + noun + (count === 1 ? "" : "s");
}

/** A property name as an object literal would have it. */
export function propertyKey(key: string | symbol): string {
  if (typeof key === "symbol") return "[" + StringOf(key) + "]";
  return execute(identifier, key) === null ? quote(key) : key;
}

/** `text`, or its beginning and a marker. */
export function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return stringSlice(text, 0, maxLength) + more(text.length - maxLength, "character");
}

function quoteWhole(text: string): string {
  if (execute(special, text) === null) return "'" + text + "'";
  let mark = "'";
  if (indexOf(text, "'") >= 0)
    mark = indexOf(text, '"') < 0 ? '"' : indexOf(text, "`") < 0 ? "`" : "'";
  let quoted = mark;
  for (let index = 0; index < text.length; index++) {
    const unit = charCodeAt(text, index);
    const next = index + 1 < text.length ? charCodeAt(text, index + 1) : 0;
    if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
      quoted += stringSlice(text, index, index + 2);
      index += 1;
    } else quoted += escaped(text[index] ?? "", unit, mark);
  }
  return quoted + mark;
}

function escaped(character: string, unit: number, mark: string): string {
  if (character === mark || character === "\\") return "\\" + character;
  if (unit < 0x20) {
    // JSON has the short escapes: only the long ones are written differently.
    const json = stringSlice(jsonStringify(character), 1, -1);
    return json.length === 2 ? json : "\\x" + (unit < 16 ? "0" : "") + hex(unit);
  }
  if (unit >= 0x7f && unit < 0xa0) return "\\x" + hex(unit);
  const isInvisible = (unit >= 0xd800 && unit < 0xe000) || unit === 0x2028 || unit === 0x2029;
  return isInvisible || unit === 0xfeff ? "\\u" + hex(unit) : character;
}

function hex(unit: number): string {
  return numberToString(unit, 16);
}
