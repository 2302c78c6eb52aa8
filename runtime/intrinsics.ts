/**
 * The built-ins that the runtime uses, captured before any script runs. Scripts may replace every prototype method afterwards, so
 * the rest of the runtime calls these and keeps to what cannot be intercepted: private fields, indices of {@link createList}
 * lists, null-prototype objects, `+` on strings. Template literals are not among that: the engine compiles them to a call of
 * `String.prototype.concat`.
 */

const { bind, call } = Function.prototype;
export const apply: typeof Reflect.apply = Reflect.apply;
export const getOwnPropertyDescriptor: typeof Reflect.getOwnPropertyDescriptor =
  Reflect.getOwnPropertyDescriptor;

/** Turns a method into a function that takes `this` first and looks nothing up when it is called. */
export function uncurry<A extends readonly unknown[], R>(
  method: (...args: A) => R,
): (self: unknown, ...args: A) => R {
  return apply(bind, call, [method]) as (self: unknown, ...args: A) => R;
}

/** `Function.prototype.call` as a function: `invoke(callback, thisValue, argument)`. */
export const invoke: (
  callback: unknown,
  thisValue: unknown,
  ...args: readonly unknown[]
) => unknown = uncurry(call as (thisValue: unknown, ...args: readonly unknown[]) => unknown);

export const construct: typeof Reflect.construct = Reflect.construct;
export const defineProperty: typeof Reflect.defineProperty = Reflect.defineProperty;
export const deleteProperty: typeof Reflect.deleteProperty = Reflect.deleteProperty;
export const getPrototypeOf: typeof Reflect.getPrototypeOf = Reflect.getPrototypeOf;
export const ownKeys: typeof Reflect.ownKeys = Reflect.ownKeys;
export const setPrototypeOf: typeof Reflect.setPrototypeOf = Reflect.setPrototypeOf;
export const freeze: typeof Object.freeze = Object.freeze;
export const is: typeof Object.is = Object.is;
export const functionPrototype: object = Function.prototype;

export const StringOf: StringConstructor = String;
export const NumberOf: NumberConstructor = Number;
export const TypeErrorOf: TypeErrorConstructor = TypeError;
export const RangeErrorOf: RangeErrorConstructor = RangeError;
export const ErrorOf: ErrorConstructor = Error;
export const Uint8ArrayOf: Uint8ArrayConstructor = Uint8Array;
export const DataViewOf: DataViewConstructor = DataView;
export const PromiseOf: PromiseConstructor = Promise;
export const symbolIterator: typeof Symbol.iterator = Symbol.iterator;
export const symbolToStringTag: typeof Symbol.toStringTag = Symbol.toStringTag;

export const jsonParse: typeof JSON.parse = JSON.parse;
const stringify = JSON.stringify;

/** `JSON.stringify` for values of the script. */
export const stringifyValue: (value: unknown) => string | undefined = stringify;

/**
 * JSON of a string, a number, or a {@link createList} list of such values. Lists are joined here: the engine's own function would run
 * setters that a script put on `Object.prototype[0]`, and ask for `toJSON`.
 */
export function jsonStringify(value: string | number | readonly unknown[]): string {
  if (typeof value !== "object") return stringify(value);
  let text = "[";
  for (let index = 0; index < value.length; index++) {
    if (index > 0) text += ",";
    text += jsonStringify(value[index] as string);
  }
  return text + "]";
}

export const floor: (value: number) => number = Math.floor;
export const trunc: (value: number) => number = Math.trunc;
export const dateNow: typeof Date.now = Date.now;
export const isArray: (value: unknown) => value is readonly unknown[] = Array.isArray;

export const charCodeAt: (self: unknown, index: number) => number = uncurry(
  String.prototype.charCodeAt,
);
export const stringSlice: (self: unknown, start: number, end?: number) => string = uncurry(
  String.prototype.slice,
);
export const indexOf: (self: unknown, text: string, from?: number) => number = uncurry(
  String.prototype.indexOf,
);
export const lastIndexOf: (self: unknown, text: string, from?: number) => number = uncurry(
  String.prototype.lastIndexOf,
);
export const toLowerCase: (self: unknown) => string = uncurry(String.prototype.toLowerCase);
/** The string with every lone surrogate replaced by U+FFFD. */
export const toWellFormed: (self: unknown) => string = uncurry(
  (String.prototype as unknown as { toWellFormed: () => string }).toWellFormed,
);
export const fromCharCode: typeof String.fromCharCode = String.fromCharCode;
export const numberToString: (self: unknown, radix?: number) => string = uncurry(
  Number.prototype.toString,
);

/** `promise.then(...)`; throws for anything but a promise. */
export const promiseThen: (
  self: unknown,
  fulfilled: (value: unknown) => unknown,
  rejected?: (reason: unknown) => unknown,
) => unknown = uncurry(Promise.prototype.then) as never;

const typedArrayPrototype = Reflect.getPrototypeOf(Uint8Array.prototype) as object;

/** These throw a TypeError for any other kind of object. */
export const arrayBufferByteLength: (self: unknown) => number = uncurryGetter(
  ArrayBuffer.prototype,
  "byteLength",
);
export const arrayBufferResizable: (self: unknown) => boolean = uncurryGetter(
  ArrayBuffer.prototype,
  "resizable",
);
export const typedArrayBuffer: (self: unknown) => ArrayBufferLike = uncurryGetter(
  typedArrayPrototype,
  "buffer",
);
export const typedArrayByteOffset: (self: unknown) => number = uncurryGetter(
  typedArrayPrototype,
  "byteOffset",
);
export const typedArrayByteLength: (self: unknown) => number = uncurryGetter(
  typedArrayPrototype,
  "byteLength",
);
export const dataViewBuffer: (self: unknown) => ArrayBufferLike = uncurryGetter(
  DataView.prototype,
  "buffer",
);
export const dataViewByteOffset: (self: unknown) => number = uncurryGetter(
  DataView.prototype,
  "byteOffset",
);
export const dataViewByteLength: (self: unknown) => number = uncurryGetter(
  DataView.prototype,
  "byteLength",
);
/** The class name of a typed array, `undefined` for everything else. */
export const typedArrayName: (self: unknown) => string | undefined = uncurryGetter(
  typedArrayPrototype,
  Symbol.toStringTag,
);
export const isView: (value: unknown) => value is ArrayBufferView = ArrayBuffer.isView;
export const typedArraySet: (self: unknown, source: ArrayLike<number>, offset?: number) => void =
  uncurry(Uint8Array.prototype.set);

const mapMethods: object = Object.freeze({
  __proto__: null,
  get: Map.prototype.get,
  set: Map.prototype.set,
  has: Map.prototype.has,
  delete: Map.prototype.delete,
  clear: Map.prototype.clear,
  forEach: Map.prototype.forEach,
  size: undefined,
});
const MapOf = Map;

/** The methods of {@link createMap}. */
export type SafeMap<K, V> = Pick<Map<K, V>, "get" | "set" | "has" | "delete" | "clear" | "forEach">;

/** A `Map` whose methods scripts cannot replace. */
export function createMap<K, V>(): SafeMap<K, V> {
  const map = new MapOf<K, V>();
  setPrototypeOf(map, mapMethods);
  return map;
}

const weakMapMethods: object = Object.freeze({
  __proto__: null,
  get: WeakMap.prototype.get,
  set: WeakMap.prototype.set,
});
const WeakMapOf = WeakMap;

/** The methods of {@link createWeakMap}. */
export type SafeWeakMap<K extends object, V> = Pick<WeakMap<K, V>, "get" | "set">;

/** A `WeakMap` whose methods scripts cannot replace. */
export function createWeakMap<K extends object, V>(): SafeWeakMap<K, V> {
  const map = new WeakMapOf<K, V>();
  setPrototypeOf(map, weakMapMethods);
  return map;
}

/** An array without prototype: writing at its end cannot reach a setter of the script. Has no methods. */
export function createList<T>(): T[] {
  const list: T[] = [];
  setPrototypeOf(list, null);
  return list;
}

/** An object without prototype, for use as a dictionary. */
export function createRecord<T>(): Record<string, T> {
  return { __proto__: null } as unknown as Record<string, T>;
}

/** An array that may be handed to a script, with the items of `list`. */
export function toArray<T>(list: readonly T[]): T[] {
  const array: T[] = [];
  for (let index = 0; index < list.length; index++) {
    defineProperty(array, index, {
      __proto__: null,
      value: list[index],
      writable: true,
      enumerable: true,
      configurable: true,
    } as PropertyDescriptor);
  }
  return array;
}

/** Turns the getter of an accessor property into a function. */
export function uncurryGetter(prototype: object, name: PropertyKey): (self: unknown) => never {
  const get = getOwnPropertyDescriptor(prototype, name)?.get;
  // Only an engine without resizable buffers lacks a getter: then nothing is resizable.
  return uncurry((get ?? (() => false)) as () => never);
}

/** `RegExp.prototype.exec`. */
export const execute: (self: RegExp, text: string) => unknown = uncurry(RegExp.prototype.exec);
export const parseInteger: typeof parseInt = parseInt;
export const parseDecimal: typeof parseFloat = parseFloat;

/** `Array.prototype.sort`. */
export const sortList: <T>(self: T[], compare: (one: T, other: T) => number) => unknown = uncurry(
  Array.prototype.sort,
);

/** %IteratorPrototype%. */
export const iteratorPrototype: object = getPrototypeOf(
  getPrototypeOf([][Symbol.iterator]()) as object,
) as object;
