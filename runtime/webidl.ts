/**
 * Conversions of Web IDL.
 *
 * @see https://webidl.spec.whatwg.org/#js-type-mapping
 */
import {
  apply,
  charCodeAt,
  createList,
  floor,
  StringOf,
  symbolIterator,
  toWellFormed,
  trunc,
  TypeErrorOf,
} from "./intrinsics.ts";

/** A function of a script. */
export type Callback = (...args: readonly unknown[]) => unknown;

/** Whether Web IDL's "is an Object" holds: objects and functions. */
export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

export function isCallable(value: unknown): value is Callback {
  return typeof value === "function";
}

/** Throws what a browser throws when a method is called on an object of another kind. */
export function illegalInvocation(): never {
  throw new TypeErrorOf("Illegal invocation");
}

/** Throws unless at least `required` arguments were given. */
export function checkArguments(where: string, given: number, required: number): void {
  if (given >= required) return;
  const noun = required === 1 ? " argument" : " arguments";
  throw new TypeErrorOf(
    where + ": " + required + noun + " required, but only " + given + " present",
  );
}

/** `DOMString`. */
export function toDOMString(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "symbol") throw new TypeErrorOf("Cannot convert a Symbol to a string");
  return StringOf(value);
}

/** `USVString`: every lone surrogate becomes U+FFFD. */
export function toUSVString(value: unknown): string {
  return toWellFormed(toDOMString(value));
}

/** `boolean`. */
export function toBoolean(value: unknown): boolean {
  return !!value;
}

/** `double`. */
export function toDouble(value: unknown): number {
  const number = toNumber(value);
  if (number - number === 0) return number;
  throw new TypeErrorOf("The value is not a finite number");
}

/** `unsigned short`, modulo 65,536. */
export function toUnsignedShort(value: unknown): number {
  return toNumber(value) & 0xffff;
}

/** `unsigned long`, modulo 2^32. */
export function toUnsignedLong(value: unknown): number {
  return toNumber(value) >>> 0;
}

/** `long`, modulo 2^32. */
export function toLong(value: unknown): number {
  return toNumber(value) | 0;
}

/** `long long`, as far as a number is exact. */
export function toLongLong(value: unknown): number {
  const number = trunc(toNumber(value));
  return number - number === 0 ? number + 0 : 0;
}

/** `[Clamp] unsigned short`: halves round to the even neighbour. */
export function toClampedUnsignedShort(value: unknown): number {
  return roundHalfToEven(clamp(toNumber(value), 0, 65_535));
}

/** `[Clamp] long long`, as far as a number is exact. */
export function toClampedLongLong(value: unknown): number {
  return roundHalfToEven(clamp(toNumber(value), -9_007_199_254_740_991, 9_007_199_254_740_991));
}

/** `[EnforceRange] unsigned long long`, as far as a number is exact. */
export function toEnforcedUnsignedLongLong(value: unknown): number {
  const number = trunc(toNumber(value));
  if (number >= 0 && number <= 9_007_199_254_740_991) return number + 0;
  throw new TypeErrorOf("The value is outside the range of an unsigned long long");
}

/** A dictionary: `undefined` for one without members, else the object to read them from. */
export function toDictionary(value: unknown): Record<string, unknown> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw new TypeErrorOf("The value is not a dictionary");
  return value as Record<string, unknown>;
}

/** The `Symbol.iterator` method of an object, `undefined` when it has none: then it is not a sequence. */
export function iteratorMethod(value: object): Callback | undefined {
  const method = (value as { [symbolIterator]?: unknown })[symbolIterator];
  if (method === undefined || method === null) return undefined;
  if (!isCallable(method)) throw new TypeErrorOf("The iterator method is not a function");
  return method;
}

/** `sequence<T>`: calls the script's iterator as the standard says. The result is a {@link createList} list. */
export function toSequence<T>(
  value: unknown,
  convert: (item: unknown) => T,
  method: Callback | undefined = isObject(value) ? iteratorMethod(value) : undefined,
): T[] {
  if (method === undefined) throw new TypeErrorOf("The value is not a sequence");
  const iterator = apply(method, value, createList());
  if (!isObject(iterator)) throw new TypeErrorOf("The iterator is not an object");
  const next = (iterator as { next?: unknown }).next;
  if (!isCallable(next)) throw new TypeErrorOf("The iterator has no next method");
  const list = createList<T>();
  for (;;) {
    const result = apply(next, iterator, createList());
    if (!isObject(result)) throw new TypeErrorOf("The iterator result is not an object");
    if ((result as { done?: unknown }).done) return list;
    list[list.length] = convert((result as { value?: unknown }).value);
  }
}

/** Bytes that a well-formed string takes in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = charCodeAt(text, index);
    // Three bytes from U+0800 on; a pair of surrogates, two units, takes four.
    if (unit >= 0x80) bytes += unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

function toNumber(value: unknown): number {
  // Unlike Number(), arithmetic refuses a BigInt, as the standard does; subtracting zero keeps the sign of a zero.
  return (value as number) - 0;
}

function clamp(number: number, low: number, high: number): number {
  if (number !== number) return 0;
  return number < low ? low : number > high ? high : number;
}

function roundHalfToEven(number: number): number {
  const lower = floor(number);
  const rest = number - lower;
  const up = rest > 0.5 || (rest === 0.5 && lower % 2 !== 0);
  return (up ? lower + 1 : lower) + 0;
}
