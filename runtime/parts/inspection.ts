import {
  bufferLength,
  collectionSize,
  describeDate,
  eachItem,
  isMadeError,
  readDataView,
  readPrimitive,
  readRegExp,
  typedArrayLength,
} from "../built-in-readers.ts";
import { shapes } from "../interface-shapes.ts";
import {
  createList,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  indexOf,
  is,
  numberToString,
  StringOf,
  stringSlice,
  typedArrayName,
  Uint8ArrayOf,
} from "../intrinsics.ts";
import { sourceOf } from "../native-source.ts";
import {
  dataProperty,
  enumerableKeys,
  type Identity,
  identify,
  inheritedData,
  isData,
  ownName,
} from "../object-kind.ts";
import { scriptStack } from "../stack.ts";
import { isObject } from "../webidl.ts";
import { compose, indent } from "./inspect-layout.ts";
import { cut, more, propertyKey, quote } from "./quote.ts";

const defaultDepth = 4;
const maxEntries = 100;
/** Bytes of a buffer that are shown. */
const maxBytes = 50;
/** Consecutive holes of an array that are walked over. */
const maxHoles = 10_000;
/** Arrays with more items do not show other properties: listing their keys would take as much memory again. */
const maxKeyedLength = 1_000;
const maxTotalLength = 65_536;

/**
 * Describes a value for people, much as Node does. Calls no getter, `toJSON` or other method of the script; only the traps of a Proxy
 * can notice. Never throws.
 */
export function inspect(value: unknown, depth: number = defaultDepth): string {
  return cut(new Inspection(depth).describe(value, 0), maxTotalLength);
}

/** Describes a value that is not an object. */
export function inspectPrimitive(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "bigint":
      return StringOf(value) + "n";
    case "number":
      return is(value, -0) ? "-0" : StringOf(value);
    default:
      return StringOf(value);
  }
}

/** One call of {@link inspect}. */
class Inspection {
  readonly #maxDepth: number;
  /** The objects around the one that is described. */
  readonly #around: object[] = createList();
  /** Objects that contain themselves, in the order of their numbers. */
  readonly #circular: object[] = createList();
  #remaining = maxTotalLength;

  constructor(depth: number) {
    this.#maxDepth = depth;
  }

  describe(value: unknown, depth: number): string {
    if (!isObject(value)) return this.#charge(inspectPrimitive(value));
    const height = this.#around.length;
    try {
      return this.#object(value, depth);
    } catch {
      // A trap of a Proxy threw, or the stack or the memory is exhausted.
      this.#around.length = height;
      return this.#charge("[Inaccessible object]");
    }
  }

  #object(object: object, depth: number): string {
    if (position(this.#around, object) >= 0) {
      let number = position(this.#circular, object);
      if (number < 0) {
        number = this.#circular.length;
        this.#circular[number] = object;
      }
      return this.#charge("[Circular *" + (number + 1) + "]");
    }
    const identity = identify(object, shapes);
    const leaf = this.#headline(object, identity, depth);
    if (leaf === undefined && depth > this.#maxDepth) {
      return this.#charge("[" + (identity.kind === "Array" ? "Array" : identity.name) + "]");
    }
    this.#around[this.#around.length] = object;
    const text = this.#body(object, identity, leaf, depth);
    this.#around.length -= 1;
    const number = position(this.#circular, object);
    return number < 0 ? text : "<ref *" + (number + 1) + "> " + text;
  }

  /** The text of an object that is shown as one word, whatever its depth. */
  #headline(object: object, identity: Identity, depth: number): string | undefined {
    if (typeof object === "function") return describeFunction(object, identity);
    const { kind, name } = identity;
    switch (kind) {
      case "Date":
        return describeDate(object);
      case "RegExp": {
        const pattern = readRegExp(object);
        return pattern && "/" + pattern.source + "/" + pattern.flags;
      }
      case "Error":
        return isMadeError(object) || name === "DOMException"
          ? indent(this.#error(object, identity), depth)
          : undefined;
      case "BigInt":
      case "Boolean":
      case "Number":
      case "String":
      case "Symbol": {
        const primitive = readPrimitive(kind, object);
        return primitive === undefined
          ? undefined
          : "[" + name + ": " + inspectPrimitive(primitive.value) + "]";
      }
      default:
        return undefined;
    }
  }

  #error(object: object, { name, attributes }: Identity): string {
    let title = asText(inheritedData(object, "name"), name);
    let message = asText(inheritedData(object, "message"), "");
    if (name === "DOMException") {
      title = "DOMException [" + readText(attributes, "name", object) + "]";
      message = readText(attributes, "message", object);
    } else if (name !== title && indexOf(title, name) < 0) title = name + " [" + title + "]";
    const stack = scriptStack(dataProperty(object, "stack"));
    const headline = message === "" ? title : title + ": " + message;
    if (stack === "") return "[" + headline + "]";
    // Some stacks begin with the headline.
    const end = stack[stack.length - 1] === "\n" ? -1 : stack.length;
    const frames = stringSlice(stack, 0, end);
    return indexOf(frames, headline) === 0 ? frames : headline + "\n" + frames;
  }

  #body(object: object, identity: Identity, leaf: string | undefined, depth: number): string {
    const { kind, name, tag } = identity;
    const entries = createList<string>();
    const isList = kind === "Array" || typedArrayName(object) !== undefined;
    let prefix = leaf ?? (name === "Object" && tag === "" ? "" : name);
    let skipIndices = kind === "String" && leaf !== undefined;
    let showKeys = true;
    if (isList) {
      const length = this.#items(object, kind === "Array", entries, depth);
      skipIndices = true;
      showKeys = length <= maxKeyedLength;
      prefix = kind === "Array" && name === "Array" ? "" : name + "(" + length + ")";
    } else if (leaf === undefined) {
      const size = this.#contents(object, identity, entries, depth);
      if (size !== undefined) prefix = name + "(" + size + ")";
      if (kind === undefined) this.#attributes(object, identity, entries, depth);
    }
    if (tag !== "" && leaf === undefined) prefix += (prefix === "" ? "Object [" : " [") + tag + "]";
    // An event's own `isTrusted` is an accessor.
    const isEvent = identity.attributes[0]?.name === "type";
    if (showKeys && !isEvent) this.#properties(object, skipIndices, entries, depth);
    if (kind === "Error" && leaf !== undefined) this.#errorProperties(object, entries, depth);
    if (leaf !== undefined && entries.length === 0) return this.#charge(leaf);
    return compose(this.#charge(prefix === "" ? "" : prefix + " "), isList, entries, depth);
  }

  #items(object: object, isArray: boolean, entries: string[], depth: number): number {
    const length = isArray ? asLength(dataProperty(object, "length")) : typedArrayLength(object);
    let holes = 0;
    let index = 0;
    for (; index < length && entries.length < maxEntries && this.#remaining > 0; index++) {
      const descriptor = getOwnPropertyDescriptor(object, index);
      if (descriptor === undefined) {
        holes += 1;
        if (holes < maxHoles) continue;
        index += 1;
        break;
      }
      if (holes > 0) entries[entries.length] = emptyItems(holes);
      holes = 0;
      entries[entries.length] = this.#property(descriptor, depth);
    }
    if (index === length && holes > 0) entries[entries.length] = emptyItems(holes);
    else if (index < length) entries[entries.length] = more(length - index + holes, "item");
    return length;
  }

  /** What a collection or a buffer holds. Returns the number of items of a collection. */
  #contents(
    object: object,
    { kind }: Identity,
    entries: string[],
    depth: number,
  ): number | undefined {
    const add = (text: string): boolean => {
      entries[entries.length] = text;
      return entries.length < maxEntries && this.#remaining > 0;
    };
    switch (kind) {
      case "Map":
      case "Set": {
        const size = collectionSize(kind, object);
        if (size === undefined) return undefined;
        eachItem(kind, object, (key, value) => {
          const text = this.describe(key, depth + 1);
          return add(kind === "Set" ? text : text + " => " + this.describe(value, depth + 1));
        });
        if (entries.length < size) {
          entries[entries.length] = more(size - entries.length, "item");
        }
        return size;
      }
      case "ArrayBuffer":
      case "SharedArrayBuffer": {
        const length = bufferLength(kind, object);
        if (length === undefined) return undefined;
        add("[Uint8Contents]: <" + hexBytes(object as ArrayBuffer, length) + ">");
        add("byteLength: " + length);
        return undefined;
      }
      case "DataView": {
        const view = readDataView(object);
        if (view === undefined) return undefined;
        add("byteLength: " + view.byteLength);
        add("byteOffset: " + view.byteOffset);
        add("buffer: " + this.describe(view.buffer, depth + 1));
        return undefined;
      }
      case "WeakMap":
      case "WeakSet":
        add("<items unknown>");
        return undefined;
      default:
        return undefined;
    }
  }

  #attributes(object: object, { attributes }: Identity, entries: string[], depth: number): void {
    for (let index = 0; index < attributes.length; index++) {
      const attribute = attributes[index];
      if (attribute === undefined) break;
      try {
        const value = attribute.read(object);
        const text = this.describe(value, depth + 1);
        entries[entries.length] = attribute.name === "" ? text : attribute.name + ": " + text;
      } catch {
        // The object only inherits from the interface's prototype.
      }
    }
  }

  #properties(object: object, skipIndices: boolean, entries: string[], depth: number): void {
    const keys = enumerableKeys(object, skipIndices);
    for (let index = 0; index < keys.length; index++) {
      if (entries.length > maxEntries || this.#remaining <= 0) {
        entries[entries.length] = more(keys.length - index, "property");
        return;
      }
      this.#namedProperty(object, keys[index] ?? "", entries, depth);
    }
  }

  /** `cause` and `errors` of an error are not enumerable. */
  #errorProperties(object: object, entries: string[], depth: number): void {
    this.#hiddenProperty(object, "cause", entries, depth);
    this.#hiddenProperty(object, "errors", entries, depth);
  }

  #hiddenProperty(object: object, key: string, entries: string[], depth: number): void {
    const descriptor = getOwnPropertyDescriptor(object, key);
    if (descriptor === undefined || descriptor.enumerable === true) return;
    entries[entries.length] = "[" + key + "]: " + this.#property(descriptor, depth);
  }

  #namedProperty(object: object, key: string | symbol, entries: string[], depth: number): void {
    const descriptor = getOwnPropertyDescriptor(object, key);
    if (descriptor === undefined) return;
    const name = this.#charge(propertyKey(key));
    entries[entries.length] = name + ": " + this.#property(descriptor, depth);
  }

  #property(descriptor: PropertyDescriptor, depth: number): string {
    if (isData(descriptor)) return this.describe(descriptor.value, depth + 1);
    const { get, set } = descriptor;
    if (get === undefined) return this.#charge("[Setter]");
    return this.#charge(set === undefined ? "[Getter]" : "[Getter/Setter]");
  }

  #charge(text: string): string {
    this.#remaining -= text.length + 2;
    return text;
  }
}

function describeFunction(callable: object, { name }: Identity): string {
  const ownText = ownName(callable);
  const source = attemptSource(callable);
  if (indexOf(source, "class") === 0) {
    const parent = ownName(getPrototypeOf(callable));
    return (
      "[class " + (ownText || "(anonymous)") + (parent === "" ? "" : " extends " + parent) + "]"
    );
  }
  return "[" + name + (ownText === "" ? " (anonymous)" : ": " + ownText) + "]";
}

function attemptSource(callable: object): string {
  try {
    return sourceOf(callable);
  } catch {
    // A callable Proxy, in an engine that gives it no source.
    return "";
  }
}

function emptyItems(count: number): string {
  return "<" + count + " empty item" + (count === 1 ? ">" : "s>");
}

function hexBytes(buffer: ArrayBufferLike, length: number): string {
  const shown = length < maxBytes ? length : maxBytes;
  // A detached buffer has no bytes, and makes no view.
  if (shown === 0) return "";
  const bytes = new Uint8ArrayOf(buffer, 0, shown);
  let text = "";
  for (let index = 0; index < shown; index++) {
    const byte = bytes[index] ?? 0;
    text += (index === 0 ? "" : " ") + (byte < 16 ? "0" : "") + numberToString(byte, 16);
  }
  return shown < length ? text + " " + more(length - shown, "byte") : text;
}

function readText(attributes: Identity["attributes"], name: string, object: object): string {
  for (let index = 0; index < attributes.length; index++) {
    const attribute = attributes[index];
    if (attribute?.name === name) return asText(attribute.read(object), "");
  }
  return "";
}

function position(list: readonly object[], object: object): number {
  for (let index = 0; index < list.length; index++) if (list[index] === object) return index;
  return -1;
}

function asText(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function asLength(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
