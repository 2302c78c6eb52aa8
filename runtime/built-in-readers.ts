/** Reads the internal state of built-in objects; each reader answers `undefined` for an object that is not one after all. */
import {
  arrayBufferByteLength,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
  getPrototypeOf,
  uncurry,
  uncurryGetter,
} from "./intrinsics.ts";

/** Kinds of objects that wrap a primitive value. */
export type WrapperKind = "BigInt" | "Boolean" | "Number" | "String" | "Symbol";

const typedArrayPrototype = getPrototypeOf(Uint8Array.prototype) as object;

const { isError } = Error as { isError?: (value: unknown) => boolean };
const dateTime: (self: unknown) => number = uncurry(Date.prototype.getTime);
const dateIso: (self: unknown) => string = uncurry(Date.prototype.toISOString);
const regExpSource: (self: unknown) => string = uncurryGetter(RegExp.prototype, "source");
const regExpFlags: readonly (readonly [flag: string, has: (self: unknown) => boolean])[] = [
  ["d", uncurryGetter(RegExp.prototype, "hasIndices")],
  ["g", uncurryGetter(RegExp.prototype, "global")],
  ["i", uncurryGetter(RegExp.prototype, "ignoreCase")],
  ["m", uncurryGetter(RegExp.prototype, "multiline")],
  ["s", uncurryGetter(RegExp.prototype, "dotAll")],
  ["u", uncurryGetter(RegExp.prototype, "unicode")],
  ["v", uncurryGetter(RegExp.prototype, "unicodeSets")],
  ["y", uncurryGetter(RegExp.prototype, "sticky")],
];
const mapSize: (self: unknown) => number = uncurryGetter(Map.prototype, "size");
const mapEntries: (self: unknown) => object = uncurry(Map.prototype.entries);
const mapNext: (self: unknown) => IteratorResult<readonly [unknown, unknown]> = next(new Map());
const setSize: (self: unknown) => number = uncurryGetter(Set.prototype, "size");
const setValues: (self: unknown) => object = uncurry(Set.prototype.values);
const setNext: (self: unknown) => IteratorResult<unknown> = next(new Set());
const sharedLength: (self: unknown) => number = uncurryGetter(
  SharedArrayBuffer.prototype,
  "byteLength",
);

/** Items of a typed array. Throws for anything else. */
export const typedArrayLength: (self: unknown) => number = uncurryGetter(
  typedArrayPrototype,
  "length",
);

const unwrap: Readonly<Record<WrapperKind, (self: unknown) => unknown>> = {
  BigInt: uncurry(BigInt.prototype.valueOf),
  Boolean: uncurry(Boolean.prototype.valueOf),
  Number: uncurry(Number.prototype.valueOf),
  String: uncurry(String.prototype.valueOf),
  Symbol: uncurry(Symbol.prototype.valueOf),
};

/** Whether an object that inherits from `Error.prototype` was made as an error. */
export function isMadeError(object: object): boolean {
  return isError === undefined || isError(object);
}

/** Milliseconds of a date. */
export function readDate(object: object): number | undefined {
  return attempt(() => dateTime(object));
}

/** A date as text. */
export function describeDate(object: object): string | undefined {
  const time = readDate(object);
  if (time === undefined) return undefined;
  return time === time ? dateIso(object) : "Invalid Date";
}

/** Source and flags of a regular expression. */
export function readRegExp(
  object: object,
): { readonly source: string; readonly flags: string } | undefined {
  return attempt(() => {
    let flags = "";
    for (let index = 0; index < regExpFlags.length; index++) {
      const flag = regExpFlags[index];
      if (flag?.[1](object) === true) flags += flag[0];
    }
    return { source: regExpSource(object), flags };
  });
}

/** The primitive value in a wrapper object. */
export function readPrimitive(
  kind: WrapperKind,
  object: object,
): { readonly value: unknown } | undefined {
  return attempt(() => ({ value: unwrap[kind](object) }));
}

/** Number of items of a collection. */
export function collectionSize(kind: "Map" | "Set", object: object): number | undefined {
  return attempt(() => (kind === "Map" ? mapSize(object) : setSize(object)));
}

/** Visits the items of a collection until `visit` returns `false`. A set gives its values as keys. */
export function eachItem(
  kind: "Map" | "Set",
  object: object,
  visit: (key: unknown, value: unknown) => boolean,
): void {
  const iterator = kind === "Map" ? mapEntries(object) : setValues(object);
  for (;;) {
    if (kind === "Set") {
      const result = setNext(iterator);
      if (result.done === true || !visit(result.value, undefined)) return;
    } else {
      const result = mapNext(iterator);
      if (result.done === true || !visit(result.value[0], result.value[1])) return;
    }
  }
}

/** Bytes of a buffer. */
export function bufferLength(
  kind: "ArrayBuffer" | "SharedArrayBuffer",
  object: object,
): number | undefined {
  return attempt(() =>
    kind === "ArrayBuffer" ? arrayBufferByteLength(object) : sharedLength(object),
  );
}

/** Buffer and extent of a `DataView`. */
export function readDataView(object: object):
  | {
      readonly buffer: ArrayBufferLike;
      readonly byteOffset: number;
      readonly byteLength: number;
    }
  | undefined {
  return attempt(() => ({
    buffer: dataViewBuffer(object),
    byteOffset: dataViewByteOffset(object),
    byteLength: dataViewByteLength(object),
  }));
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // The object inherits from the built-in's prototype without being one.
    return undefined;
  }
}

function next<T>(collection: Iterable<T>): (self: unknown) => IteratorResult<T> {
  return uncurry(Object.getPrototypeOf(collection[Symbol.iterator]()).next);
}
