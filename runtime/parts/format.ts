import {
  indexOf,
  is,
  NumberOf,
  parseDecimal,
  parseInteger,
  stringSlice,
  StringOf,
} from "../intrinsics.ts";
import { isObject } from "../webidl.ts";
import { inspect, inspectPrimitive } from "./inspection.ts";
import { cut } from "./quote.ts";

/** Longest string argument that is printed whole, in code units. */
const maxStringLength = 2 ** 20;

/**
 * Joins the arguments of a console method; format specifiers in the first are replaced by the arguments that follow.
 *
 * @see https://console.spec.whatwg.org/#formatter
 */
export function format(data: readonly unknown[]): string {
  let text = "";
  let next = 0;
  const first = data[0];
  if (typeof first === "string" && data.length > 1) {
    next = 1;
    let start = 0;
    for (;;) {
      const mark = indexOf(first, "%", start);
      if (mark < 0 || mark === first.length - 1) break;
      const specifier = first[mark + 1] ?? "";
      const isPercent = specifier === "%";
      const replacement = isPercent
        ? "%"
        : next < data.length
          ? replace(specifier, data[next])
          : undefined;
      text += stringSlice(first, start, mark) + (replacement ?? "%" + specifier);
      start = mark + 2;
      if (replacement !== undefined && !isPercent) next += 1;
    }
    text += stringSlice(first, start);
  }
  for (; next < data.length; next++) {
    const item = data[next];
    text += (next === 0 ? "" : " ") + show(item);
  }
  return cut(text, maxStringLength);
}

/** A string as it is, anything else inspected. */
export function show(value: unknown): string {
  return typeof value === "string" ? value : inspect(value);
}

/** The text for a specifier, `undefined` when there is no such specifier. */
function replace(specifier: string, value: unknown): string | undefined {
  switch (specifier) {
    case "s":
      if (typeof value === "string") return value;
      return isObject(value) ? inspect(value, 0) : inspectPrimitive(value);
    case "d":
      return isObject(value) || typeof value === "symbol" ? "NaN" : number(value, NumberOf(value));
    case "i":
      return number(value, isConvertible(value) ? parseInteger(StringOf(value), 10) : NaN);
    case "f":
      return number(value, isConvertible(value) ? parseDecimal(StringOf(value)) : NaN);
    case "o":
    case "O":
      return inspect(value);
    case "c":
      // There is no style here.
      return "";
    default:
      return undefined;
  }
}

function isConvertible(value: unknown): boolean {
  return !isObject(value) && typeof value !== "symbol";
}

function number(value: unknown, converted: number): string {
  if (typeof value === "bigint") return StringOf(value) + "n";
  return is(converted, -0) ? "-0" : StringOf(converted);
}
