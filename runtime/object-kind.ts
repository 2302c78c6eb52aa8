/** Finds out what an object is without calling anything that a script could have defined on it. */
import type { InterfaceShapes, ShownAttribute } from "./interface-shapes.ts";
import {
  createList,
  createMap,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  isArray,
  ownKeys,
  symbolToStringTag,
  uncurry,
} from "./intrinsics.ts";

/** A built-in class whose objects are shown in a way of their own. */
export type BuiltInKind =
  | "Array"
  | "ArrayBuffer"
  | "BigInt"
  | "Boolean"
  | "DataView"
  | "Date"
  | "Error"
  | "Map"
  | "Number"
  | "Promise"
  | "RegExp"
  | "Set"
  | "SharedArrayBuffer"
  | "String"
  | "Symbol"
  | "WeakMap"
  | "WeakRef"
  | "WeakSet";

/** What {@link identify} found. */
export interface Identity {
  /** Name of the constructor; `[Object: null prototype]` without one. */
  readonly name: string;
  /** `Symbol.toStringTag`, when it is a plain string and not the name; else `""`. */
  readonly tag: string;
  /** By the prototype chain, so an object may turn out not to be one. */
  readonly kind: BuiltInKind | undefined;
  /** Attributes of the platform's interfaces, those of the most derived one last. */
  readonly attributes: readonly ShownAttribute[];
  /** Whether the chain has the prototype of one of the platform's interfaces. */
  readonly isPlatform: boolean;
}

/** Prototypes to look at: a Proxy can make the chain endless. */
const maxChain = 32;

const kinds = createMap<object, BuiltInKind>();
kinds.set(ArrayBuffer.prototype, "ArrayBuffer");
kinds.set(BigInt.prototype, "BigInt");
kinds.set(Boolean.prototype, "Boolean");
kinds.set(DataView.prototype, "DataView");
kinds.set(Date.prototype, "Date");
kinds.set(Error.prototype, "Error");
kinds.set(Map.prototype, "Map");
kinds.set(Number.prototype, "Number");
kinds.set(Promise.prototype, "Promise");
kinds.set(RegExp.prototype, "RegExp");
kinds.set(Set.prototype, "Set");
kinds.set(SharedArrayBuffer.prototype, "SharedArrayBuffer");
kinds.set(String.prototype, "String");
kinds.set(Symbol.prototype, "Symbol");
kinds.set(WeakMap.prototype, "WeakMap");
kinds.set(WeakRef.prototype, "WeakRef");
kinds.set(WeakSet.prototype, "WeakSet");

const hasOwn: (self: object, key: PropertyKey) => boolean = uncurry(
  Object.prototype.hasOwnProperty,
);

/** Walks the prototype chain of an object. A Proxy notices, and may throw. */
export function identify(object: object, shapes: InterfaceShapes): Identity {
  let name = "";
  let tag = "";
  let kind: BuiltInKind | undefined = isArray(object) ? "Array" : undefined;
  let attributes = createList<ShownAttribute>();
  let isPlatform = false;
  let link: object | null = object;
  for (let count = 0; link !== null && count < maxChain; count++) {
    if (name === "") name = ownName(dataProperty(link, "constructor"));
    if (tag === "") tag = asString(dataProperty(link, symbolToStringTag));
    // An interface's prototype is no object of the interface.
    if (link !== object) {
      kind ??= kinds.get(link);
      const shape = shapes.get(link);
      if (shape !== undefined) attributes = joined(shape, attributes);
      isPlatform ||= shape !== undefined;
    }
    link = getPrototypeOf(link);
  }
  if (name === "") name = "[Object: null prototype]";
  return { name, tag: tag === name ? "" : tag, kind, attributes, isPlatform };
}

/** Whether an object implements one of the interfaces, or only inherits from its prototype. */
export function isImplemented(object: object, shapes: InterfaceShapes): boolean {
  const { attributes, isPlatform } = identify(object, shapes);
  const first = attributes[0];
  if (first === undefined) return isPlatform;
  try {
    first.read(object);
    return true;
  } catch {
    return false;
  }
}

/** The value of an own data property, `undefined` for none or an accessor. */
export function dataProperty(object: object, key: PropertyKey): unknown {
  const descriptor = getOwnPropertyDescriptor(object, key);
  return descriptor !== undefined && hasOwn(descriptor, "value") ? descriptor.value : undefined;
}

/** The value of a data property, own or inherited; accessors hide what is behind them. */
export function inheritedData(object: object, key: PropertyKey): unknown {
  let link: object | null = object;
  for (let count = 0; link !== null && count < maxChain; count++) {
    const descriptor = getOwnPropertyDescriptor(link, key);
    if (descriptor !== undefined) return hasOwn(descriptor, "value") ? descriptor.value : undefined;
    link = getPrototypeOf(link);
  }
  return undefined;
}

/** Whether a descriptor, which has properties of its own only, is one of a data property. */
export function isData(descriptor: PropertyDescriptor): boolean {
  return hasOwn(descriptor, "value");
}

/** Own enumerable keys, without indices when `skipIndices` says so. */
export function enumerableKeys(object: object, skipIndices: boolean): (string | symbol)[] {
  const keys = ownKeys(object);
  const shown = createList<string | symbol>();
  for (let position = 0; position < keys.length; position++) {
    const key = keys[position] ?? "";
    if (skipIndices && typeof key === "string" && isIndex(key)) continue;
    if (getOwnPropertyDescriptor(object, key)?.enumerable === true) shown[shown.length] = key;
  }
  return shown;
}

/** The `name` of a function, when it is a plain string. */
export function ownName(value: unknown): string {
  return typeof value === "function" ? asString(dataProperty(value, "name")) : "";
}

function isIndex(key: string): boolean {
  return "" + (+key >>> 0) === key;
}

function asString(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function joined<T>(first: readonly T[], second: readonly T[]): T[] {
  const list = createList<T>();
  for (let index = 0; index < first.length; index++) list[index] = first[index] as T;
  for (let index = 0; index < second.length; index++) list[list.length] = second[index] as T;
  return list;
}
