import {
  bufferLength,
  collectionSize,
  eachItem,
  isMadeError,
  readDate,
  readPrimitive,
  readRegExp,
  typedArrayLength,
  type WrapperKind,
} from "./built-in-readers.ts";
import { isArrayBuffer } from "./bytes.ts";
import { DOMException } from "./dom-exception.ts";
import { shapes } from "./interface-shapes.ts";
import { defineFunction } from "./interface.ts";
import {
  arrayBufferResizable,
  createList,
  createMap,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
  DataViewOf,
  defineProperty,
  ErrorOf,
  freeze,
  getOwnPropertyDescriptor,
  isArray,
  isView,
  type SafeMap,
  toArray,
  typedArrayBuffer,
  typedArrayByteOffset,
  typedArrayName,
  typedArraySet,
  TypeErrorOf,
  Uint8ArrayOf,
  uncurry,
} from "./intrinsics.ts";
import { dataProperty, enumerableKeys, identify, isData, isImplemented } from "./object-kind.ts";
import { clonePlatformObject } from "./platform-clone.ts";
import { isPort, portOperations } from "./ports.ts";
import type { RuntimeScope } from "./scope.ts";
import {
  type Callback,
  checkArguments,
  isObject,
  iteratorMethod,
  toDictionary,
  toDOMString,
  toSequence,
} from "./webidl.ts";

const MapOf = Map;
const SetOf = Set;
const DateOf = Date;
const RegExpOf = RegExp;
const ObjectOf = Object;
/** The language's types are older than resizable buffers. */
const BufferOf = ArrayBuffer as new (
  length: number,
  options?: { readonly maxByteLength: number },
) => ArrayBuffer;

const mapSet: (self: unknown, key: unknown, value: unknown) => unknown = uncurry(Map.prototype.set);
const setAdd: (self: unknown, value: unknown) => unknown = uncurry(Set.prototype.add);
const transferBuffer: (self: unknown, length: number) => ArrayBuffer = uncurry(
  (ArrayBuffer.prototype as unknown as { transfer: (length: number) => ArrayBuffer }).transfer,
);
const isDetached: (self: unknown) => boolean = uncurry(
  (getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")?.get ??
    (() => false)) as () => boolean,
);
const maxByteLength: (self: unknown) => number = uncurry(
  (getOwnPropertyDescriptor(ArrayBuffer.prototype, "maxByteLength")?.get ??
    (() => 0)) as () => number,
);

type ViewConstructor = new (buffer: ArrayBuffer, offset: number, length: number) => object;

const viewConstructors = createMap<string, ViewConstructor>();
for (const name of [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
]) {
  viewConstructors.set(name, Reflect.get(globalThis, name) as ViewConstructor);
}

/** The standard knows no other errors; theirs become `Error`. */
const errorConstructors = createMap<string, ErrorConstructor>();
for (const constructor of [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
]) {
  errorConstructors.set(constructor.name, constructor);
}

/**
 * Installs `structuredClone`.
 *
 * Deviation: the engine does not tell a Proxy from its target, so one is cloned as an ordinary object; and a view that follows the
 * length of its buffer becomes one of fixed length.
 *
 * @see https://html.spec.whatwg.org/multipage/structured-data.html#structured-cloning
 */
export function installStructuredClone({ global }: RuntimeScope): void {
  const structuredClone = (...input: readonly unknown[]): unknown => {
    checkArguments("structuredClone", input.length, 1);
    return cloneWith(input[0], toDictionary(input[1])?.["transfer"]).value;
  };
  defineFunction(global, "structuredClone", structuredClone, 1);
}

/** What a message arrives as. */
export interface CloneWithPorts {
  readonly value: unknown;
  /** Those that were transferred, for `MessageEvent.ports`; `undefined` for none. */
  readonly ports: readonly object[] | undefined;
}

/**
 * Clones the message of a `postMessage`. `transfer` is its second argument, a list or a dictionary; `check` is told each object to be
 * transferred before anything is, and may throw.
 */
export function cloneMessage(
  message: unknown,
  transfer: unknown,
  check: (object: object) => void,
): CloneWithPorts {
  const method = isObject(transfer) ? iteratorMethod(transfer) : undefined;
  if (method === undefined) {
    return cloneWith(message, toDictionary(transfer)?.["transfer"], undefined, check);
  }
  return cloneWith(message, transfer, method, check);
}

/** "StructuredSerializeWithTransfer" and its counterpart in one: there is a single realm. */
function cloneWith(
  value: unknown,
  transfer: unknown,
  method?: Callback,
  check?: (object: object) => void,
): CloneWithPorts {
  const transferred = createList<object>();
  if (transfer !== undefined) {
    const objects = toSequence(transfer, toTransferable, method);
    const seen = createMap<object, boolean>();
    for (let index = 0; index < objects.length; index++) {
      const object = objects[index] as object;
      if (!isTransferable(object) || seen.has(object)) {
        fail("The transfer list has an object that cannot be transferred, or the same twice");
      }
      seen.set(object, true);
      check?.(object);
      transferred[index] = object;
    }
  }
  const cloning = new Cloning(transferred);
  return { value: cloning.clone(value), ports: cloning.detach() };
}

function toTransferable(item: unknown): object {
  if (!isObject(item)) throw new TypeErrorOf("Only objects can be transferred");
  return item;
}

function isTransferable(object: object): boolean {
  return isPort(object) || isArrayBuffer(object);
}

/** One call of `structuredClone`. */
class Cloning {
  readonly #clones: SafeMap<object, object> = createMap();
  readonly #transferred: readonly object[];

  constructor(transferred: readonly object[]) {
    this.#transferred = transferred;
    for (let index = 0; index < transferred.length; index++) {
      const object = transferred[index];
      // Wherever the port is in the value, its successor is in the clone.
      if (isPort(object)) this.#remember(object, portOperations?.create() ?? object);
    }
  }

  clone(value: unknown): unknown {
    if (typeof value === "symbol") fail("A symbol cannot be cloned");
    if (!isObject(value)) return value;
    const known = this.#clones.get(value);
    if (known !== undefined) return known;
    if (typeof value === "function") fail("A function cannot be cloned");
    return this.#object(value);
  }

  /** Takes away from the transferred objects what they had. Returns the ports in their place. */
  detach(): readonly object[] | undefined {
    const transferred = this.#transferred;
    for (let index = 0; index < transferred.length; index++) {
      const source = transferred[index] as object;
      const isGone = isPort(source) ? portOperations?.isDetached(source) : isDetached(source);
      if (isGone === true) fail("An object to be transferred is detached");
    }
    const ports = createList<object>();
    for (let index = 0; index < transferred.length; index++) {
      const source = transferred[index] as object;
      const clone = this.#clones.get(source);
      if (isPort(source)) {
        const port = clone as object;
        portOperations?.move(source, port);
        ports[ports.length] = port;
      } else {
        // A getter may have changed the bytes after they were copied.
        if (clone !== undefined) copyAll(source, clone as ArrayBuffer);
        transferBuffer(source, 0);
      }
    }
    return ports.length === 0 ? undefined : freeze(toArray(ports));
  }

  #object(object: object): object {
    if (isPort(object)) fail("A MessagePort can only be transferred");
    if (isArray(object)) return this.#properties(object, this.#remember(object, newArray(object)));
    if (isView(object)) return this.#view(object);
    const { kind } = identify(object, shapes);
    switch (kind) {
      case "Date": {
        const time = readDate(object);
        if (time !== undefined) return this.#remember(object, new DateOf(time));
        break;
      }
      case "RegExp": {
        const pattern = readRegExp(object);
        if (pattern === undefined) break;
        return this.#remember(object, new RegExpOf(pattern.source, pattern.flags));
      }
      case "BigInt":
      case "Boolean":
      case "Number":
      case "String":
      case "Symbol":
        return this.#wrapper(object, kind) ?? this.#plain(object);
      case "Map":
      case "Set":
        return this.#collection(object, kind) ?? this.#plain(object);
      case "ArrayBuffer":
        if (isArrayBuffer(object)) return this.#buffer(object);
        break;
      case "SharedArrayBuffer":
        if (bufferLength(kind, object) !== undefined) fail("Shared memory cannot be cloned");
        break;
      case "Promise":
      case "WeakMap":
      case "WeakRef":
      case "WeakSet":
        return fail("A " + kind + " cannot be cloned");
      case "Error": {
        // A DOMException is an error, too, but keeps more than one.
        const exception = clonePlatformObject(object);
        if (exception !== undefined) return this.#remember(object, exception);
        if (isMadeError(object)) return this.#error(object);
        break;
      }
      default:
    }
    const platformClone = clonePlatformObject(object);
    if (platformClone !== undefined) return this.#remember(object, platformClone);
    if (isImplemented(object, shapes)) fail("An object of the platform cannot be cloned");
    return this.#plain(object);
  }

  #plain(object: object): object {
    return this.#properties(object, this.#remember(object, {}));
  }

  #wrapper(object: object, kind: WrapperKind): object | undefined {
    const primitive = readPrimitive(kind, object);
    if (primitive === undefined) return undefined;
    if (kind === "Symbol") fail("A Symbol object cannot be cloned");
    return this.#remember(object, ObjectOf(primitive.value) as object);
  }

  #collection(object: object, kind: "Map" | "Set"): object | undefined {
    if (collectionSize(kind, object) === undefined) return undefined;
    // Getters of the items may change the collection: these are the items that it had at first.
    const items = createList<unknown>();
    eachItem(kind, object, (key, value) => {
      items[items.length] = key;
      if (kind === "Map") items[items.length] = value;
      return true;
    });
    const clone = this.#remember(object, kind === "Map" ? new MapOf() : new SetOf());
    if (kind === "Set") {
      for (let index = 0; index < items.length; index++) setAdd(clone, this.clone(items[index]));
    } else {
      for (let index = 0; index < items.length; index += 2) {
        const key = this.clone(items[index]);
        mapSet(clone, key, this.clone(items[index + 1]));
      }
    }
    return clone;
  }

  #buffer(source: ArrayBuffer): ArrayBuffer {
    const known = this.#clones.get(source);
    if (known !== undefined) return known as ArrayBuffer;
    if (isDetached(source)) fail("A detached ArrayBuffer cannot be cloned");
    const length = bufferLength("ArrayBuffer", source) ?? 0;
    const options = { __proto__: null, maxByteLength: maxByteLength(source) };
    const clone = arrayBufferResizable(source)
      ? new BufferOf(length, options)
      : new BufferOf(length);
    copyAll(source, clone);
    return this.#remember(source, clone);
  }

  #view(view: ArrayBufferView): object {
    const name = typedArrayName(view);
    const buffer = name === undefined ? dataViewBuffer(view) : typedArrayBuffer(view);
    if (!isArrayBuffer(buffer)) fail("Shared memory cannot be cloned");
    const clone = this.#buffer(buffer);
    if (name === undefined) {
      const offset = dataViewByteOffset(view);
      return this.#remember(view, new DataViewOf(clone, offset, dataViewByteLength(view)));
    }
    const constructor = viewConstructors.get(name);
    if (constructor === undefined) return fail("An unknown view cannot be cloned");
    const offset = typedArrayByteOffset(view);
    return this.#remember(view, new constructor(clone, offset, typedArrayLength(view)));
  }

  #error(error: object): object {
    const given = (error as { name?: unknown }).name;
    const name = given === undefined ? "Error" : toDOMString(given);
    const constructor = errorConstructors.get(name) ?? ErrorOf;
    const clone = this.#remember(error, new constructor());
    const message = getOwnPropertyDescriptor(error, "message");
    if (message !== undefined && isData(message)) {
      defineHidden(clone, "message", toDOMString(message.value));
    }
    const stack = dataProperty(error, "stack");
    defineHidden(clone, "stack", typeof stack === "string" ? stack : "");
    const cause = getOwnPropertyDescriptor(error, "cause");
    if (cause !== undefined && isData(cause)) {
      defineHidden(clone, "cause", this.clone(cause.value));
    }
    return clone;
  }

  /** Clones the own enumerable properties that have a string for a name. */
  #properties(source: object, clone: object): object {
    const keys = enumerableKeys(source, false);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index];
      // A getter may have removed it meanwhile.
      if (typeof key !== "string" || !getOwnPropertyDescriptor(source, key)) continue;
      defineProperty(clone, key, {
        __proto__: null,
        value: this.clone((source as Record<string, unknown>)[key]),
        writable: true,
        enumerable: true,
        configurable: true,
      } as PropertyDescriptor);
    }
    return clone;
  }

  #remember<T extends object>(object: object, clone: T): T {
    this.#clones.set(object, clone);
    return clone;
  }
}

function newArray(source: readonly unknown[]): unknown[] {
  const array: unknown[] = [];
  const length = dataProperty(source, "length");
  array.length = typeof length === "number" ? length : 0;
  return array;
}

function copyAll(source: ArrayBuffer, target: ArrayBuffer): void {
  const available = bufferLength("ArrayBuffer", source) ?? 0;
  const wanted = bufferLength("ArrayBuffer", target) ?? 0;
  const length = available < wanted ? available : wanted;
  if (length > 0) typedArraySet(new Uint8ArrayOf(target), new Uint8ArrayOf(source, 0, length));
}

function defineHidden(target: object, name: string, value: unknown): void {
  defineProperty(target, name, {
    __proto__: null,
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  } as PropertyDescriptor);
}

function fail(message: string): never {
  throw new DOMException("structuredClone: " + message, "DataCloneError");
}
