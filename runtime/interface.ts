/** Installs interfaces, operations and namespaces with the property descriptors that Web IDL gives them. */
import {
  defineProperty,
  functionPrototype,
  getOwnPropertyDescriptor,
  ownKeys,
  setPrototypeOf,
  symbolToStringTag,
} from "./intrinsics.ts";
import { hideSource } from "./native-source.ts";

/** What {@link defineInterface} cannot read from the class. */
export interface InterfaceDescription {
  /** The interface's name: bundling may have renamed the class. */
  readonly name: string;
  /** `length` of the interface object: how many arguments the constructor requires. @defaultValue 0 */
  readonly length?: number;
  /** Constants, defined on the interface object and on its prototype. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Required arguments of operations that have optional ones: `{ close: 0 }`. Static ones too. */
  readonly lengths?: Readonly<Record<string, number>>;
  /** Whether the global gets it. @defaultValue true */
  readonly exposed?: boolean;
}

type Constructor = abstract new (...args: never[]) => object;

/**
 * Gives a class the shape of an interface, and the global a property for it. Every string-keyed public member of the class
 * becomes enumerable. `lengths` corrects the `length` of operations that have optional parameters.
 *
 * @see https://webidl.spec.whatwg.org/#js-interfaces
 */
export function defineInterface(
  global: object,
  constructor: Constructor,
  description: InterfaceDescription,
): void {
  const prototype = constructor.prototype as object;
  makeEnumerable(constructor, ["length", "name", "prototype"]);
  makeEnumerable(prototype, ["constructor"]);
  define(constructor, "name", description.name, false, false);
  hideSource(constructor, description.name);
  define(constructor, "length", description.length ?? 0, false, false);
  define(prototype, symbolToStringTag, description.name, false, false);
  const { lengths = noMembers, constants = noMembers } = description;
  eachMember(lengths, (name, length) => {
    setLength(constructor, name, length);
    setLength(prototype, name, length);
  });
  eachMember(constants, (name, value) => {
    defineProperty(constructor, name, constant(value));
    defineProperty(prototype, name, constant(value));
  });
  if (description.exposed !== false) define(global, description.name, constructor, true, false);
}

const noMembers: Readonly<Record<string, number>> = {};

// Parts of the runtime are evaluated after scripts have run: nothing here asks a built-in object that scripts can change.
function eachMember(
  members: Readonly<Record<string, number>>,
  take: (name: string, value: number) => void,
): void {
  const names = ownKeys(members);
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string;
    take(name, members[name] as number);
  }
}

function setLength(holder: object, name: string, length: number): void {
  const operation: unknown = ownDescriptor(holder, name)?.value;
  if (typeof operation === "function") define(operation, "length", length, false, false);
}

function constant(value: number): PropertyDescriptor {
  return { __proto__: null, value, enumerable: true } as PropertyDescriptor;
}

/** A property descriptor that inherits nothing. */
function ownDescriptor(holder: object, name: PropertyKey): PropertyDescriptor | undefined {
  const descriptor = getOwnPropertyDescriptor(holder, name);
  if (descriptor !== undefined) setPrototypeOf(descriptor, null);
  return descriptor;
}

/**
 * Defines an operation: an enumerable, writable function. Give an arrow function or a method, which are no constructors;
 * `length` counts its required arguments.
 */
export function defineFunction(
  target: object,
  name: string,
  operation: (...args: never[]) => unknown,
  length: number = operation.length,
): void {
  define(operation, "name", name, false, false);
  define(operation, "length", length, false, false);
  hideSource(operation, name);
  define(target, name, operation, true, true);
}

/** Defines a writable, configurable property that is not enumerable, as the global has for `console`. */
export function defineValue(target: object, name: string, value: unknown): void {
  define(target, name, value, true, false);
}

/** Defines an enumerable attribute with the accessor functions that Web IDL describes. Without `set` it is read-only. */
export function defineAttribute(
  target: object,
  name: string,
  get: (this: unknown) => unknown,
  set?: (this: unknown, value: unknown) => void,
): void {
  define(get, "name", "get " + name, false, false);
  hideSource(get, "get " + name);
  if (set !== undefined) {
    define(set, "name", "set " + name, false, false);
    hideSource(set, "set " + name);
  }
  defineProperty(target, name, {
    __proto__: null,
    get,
    set,
    enumerable: true,
    configurable: true,
  } as PropertyDescriptor);
}

/** Gives an object the class string that `Object.prototype.toString` shows. */
export function defineClassString(target: object, name: string): void {
  define(target, symbolToStringTag, name, false, false);
}

function define(
  target: object,
  name: PropertyKey,
  value: unknown,
  writable: boolean,
  enumerable: boolean,
): void {
  const descriptor = { __proto__: null, value, writable, enumerable, configurable: true };
  defineProperty(target, name, descriptor);
}

/** Makes the members of a class enumerable, and their source that of built-in functions. */
function makeEnumerable(target: object, except: readonly string[]): void {
  const keys = ownKeys(target);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as PropertyKey;
    const descriptor = ownDescriptor(target, key);
    if (typeof key !== "string" || descriptor === undefined || contains(except, key)) continue;
    // A static helper of the engine's own, such as `arguments` of old functions, is not ours.
    if (target === functionPrototype || descriptor.configurable !== true) continue;
    const { value, get, set } = descriptor as { value?: unknown; get?: object; set?: object };
    if (typeof value === "function") hideSource(value, key);
    if (get !== undefined) hideSource(get, "get " + key);
    if (set !== undefined) hideSource(set, "set " + key);
    descriptor.enumerable = true;
    defineProperty(target, key, descriptor);
  }
}

function contains(names: readonly string[], wanted: string): boolean {
  for (let index = 0; index < names.length; index++) if (names[index] === wanted) return true;
  return false;
}
