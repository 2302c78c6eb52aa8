import { defineFunction, defineInterface } from "../interface.ts";
import {
  createList,
  createMap,
  defineProperty,
  getOwnPropertyDescriptor,
  ownKeys,
  sortList,
  symbolIterator,
  toArray,
  toLowerCase,
  TypeErrorOf,
} from "../intrinsics.ts";
import {
  type Callback,
  checkArguments,
  illegalInvocation,
  isObject,
  iteratorMethod,
  toSequence,
} from "../webidl.ts";
import {
  isForbiddenRequestHeader,
  isForbiddenResponseHeader,
  toByteString,
  toHeaderName,
  toHeaderValue,
} from "./header-rules.ts";
import {
  defineIterator,
  forEachPair,
  type Iterate,
  type IterationKind,
  replacePair,
} from "./pairs.ts";

/** One header: its name in lower case, and as it was given. */
export type Header = readonly [name: string, value: string, given: string];

/** Who may change a `Headers`, and how. @see https://fetch.spec.whatwg.org/#headers-guard */
export type HeadersGuard = "none" | "request" | "response" | "immutable";

/** Makes a `Headers` with this list, which it takes over. */
export let createHeaders: (list: Header[], guard: HeadersGuard) => Headers;
/** The headers in the order of their adding. */
export let headerList: (headers: Headers) => readonly Header[];
/** Adds what a script gave as `HeadersInit`. */
export let fillHeaders: (headers: Headers, init: unknown) => void;
/** Adds a header of the runtime's own, a valid one, unless there is one of that name. */
export let defaultHeader: (headers: Headers, name: string, value: string) => void;
/** The combined value, `undefined` for none; `name` is in lower case. */
export let combinedValue: (headers: Headers, name: string) => string | undefined;
export let setGuard: (headers: Headers, guard: HeadersGuard) => void;

let read: (headers: Headers) => Header[];
let sorted: (headers: Headers) => readonly Header[];

/** @see https://fetch.spec.whatwg.org/#headers-class */
export class Headers {
  #list: Header[] = createList();
  #guard: HeadersGuard = "none";
  /** What iterators see, until the headers change. */
  #sorted: readonly Header[] | undefined;

  constructor(init?: unknown) {
    if (init !== undefined) fillHeaders(this, init);
  }

  append(...input: readonly unknown[]): void {
    read(this);
    checkArguments("append", input.length, 2);
    this.#append(toHeader(input[0], input[1]));
  }

  delete(...input: readonly unknown[]): void {
    read(this);
    checkArguments("delete", input.length, 1);
    const name = toHeaderName(input[0]);
    if (this.#mayChange(name, "")) this.#replace(name, undefined);
  }

  get(...input: readonly unknown[]): string | null {
    read(this);
    checkArguments("get", input.length, 1);
    return combinedValue(this, toHeaderName(input[0])) ?? null;
  }

  getSetCookie(): string[] {
    const list = read(this);
    const values = createList<string>();
    for (let index = 0; index < list.length; index++) {
      const header = list[index] as Header;
      if (header[0] === "set-cookie") values[values.length] = header[1];
    }
    return toArray(values);
  }

  has(...input: readonly unknown[]): boolean {
    read(this);
    checkArguments("has", input.length, 1);
    return combinedValue(this, toHeaderName(input[0])) !== undefined;
  }

  set(...input: readonly unknown[]): void {
    read(this);
    checkArguments("set", input.length, 2);
    const header = toHeader(input[0], input[1]);
    if (this.#mayChange(header[0], header[1])) this.#replace(header[0], header);
  }

  entries(): object {
    return iterateOver(this, "entries");
  }

  keys(): object {
    return iterateOver(this, "keys");
  }

  values(): object {
    return iterateOver(this, "values");
  }

  forEach(...input: readonly unknown[]): void {
    read(this);
    forEachPair(this, input, (index) => sorted(this)[index]);
  }

  #append(header: Header): void {
    if (!this.#mayChange(header[0], header[1])) return;
    this.#list[this.#list.length] = header;
    this.#sorted = undefined;
  }

  /** Puts `header` in the place of the first of that name, or at the end, and drops the others. */
  #replace(name: string, header: Header | undefined): void {
    this.#list = replacePair(this.#list, name, header);
    this.#sorted = undefined;
  }

  #mayChange(name: string, value: string): boolean {
    switch (this.#guard) {
      case "none":
        return true;
      case "immutable":
        throw new TypeErrorOf("Headers: these cannot be changed");
      case "request":
        return !isForbiddenRequestHeader(name, value);
      case "response":
        return !isForbiddenResponseHeader(name);
    }
  }

  static {
    read = (headers) => {
      if (!isObject(headers) || !(#list in headers)) illegalInvocation();
      return headers.#list;
    };
    headerList = (headers) => headers.#list;
    setGuard = (headers, guard) => {
      headers.#guard = guard;
    };
    createHeaders = (list, guard) => {
      const headers = new Headers();
      headers.#list = list;
      headers.#guard = guard;
      return headers;
    };
    defaultHeader = (headers, name, value) => {
      const lower = toLowerCase(name);
      if (combinedValue(headers, lower) === undefined) headers.#append([lower, value, name]);
    };
    combinedValue = (headers, name) => {
      let combined: string | undefined;
      for (let index = 0; index < headers.#list.length; index++) {
        const header = headers.#list[index] as Header;
        if (header[0] !== name) continue;
        combined = combined === undefined ? header[1] : combined + ", " + header[1];
      }
      return combined;
    };
    fillHeaders = (headers, init) => {
      const pairs = isObject(init) && #list in init ? init.#list : pairsOf(init);
      for (let index = 0; index < pairs.length; index++) {
        headers.#append(pairs[index] as Header);
      }
    };
    sorted = (headers) => (headers.#sorted ??= sortAndCombine(headers, headers.#list));
  }
}

/** Defines `Headers`. */
export function defineHeaders(target: object): void {
  const { prototype } = Headers;
  defineInterface(target, Headers, { name: "Headers" });
  defineFunction(prototype, "append", prototype.append, 2);
  defineFunction(prototype, "delete", prototype.delete, 1);
  defineFunction(prototype, "get", prototype.get, 1);
  defineFunction(prototype, "has", prototype.has, 1);
  defineFunction(prototype, "set", prototype.set, 2);
  defineFunction(prototype, "forEach", prototype.forEach, 1);
  defineProperty(prototype, symbolIterator, {
    __proto__: null,
    value: prototype.entries,
    writable: true,
    enumerable: false,
    configurable: true,
  } as PropertyDescriptor);
  iterate = defineIterator("Headers Iterator");
}

let iterate: Iterate;

function iterateOver(headers: Headers, kind: IterationKind): object {
  read(headers);
  return iterate(kind, (index) => sorted(headers)[index]);
}

/** @see https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine */
function sortAndCombine(headers: Headers, list: readonly Header[]): readonly Header[] {
  const result = createList<Header>();
  const seen = createMap<string, true>();
  for (let index = 0; index < list.length; index++) {
    const header = list[index] as Header;
    const name = header[0];
    if (name === "set-cookie") result[result.length] = header;
    else if (!seen.has(name)) {
      seen.set(name, true);
      result[result.length] = [name, combinedValue(headers, name) ?? "", name];
    }
  }
  // The engine's sort is stable, so that cookies keep their order.
  sortList(result, (one, other) => (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0));
  return result;
}

function toHeader(name: unknown, value: unknown): Header {
  const given = toByteString(name);
  return [toHeaderName(given), toHeaderValue(value), given];
}

/** `(sequence<sequence<ByteString>> or record<ByteString, ByteString>)`, with names and values checked. */
function pairsOf(init: unknown): readonly Header[] {
  if (!isObject(init)) throw new TypeErrorOf("Headers: the argument is no object");
  const method = iteratorMethod(init);
  return method === undefined ? recordPairs(init) : sequencePairs(init, method);
}

function sequencePairs(init: object, method: Callback): readonly Header[] {
  return toSequence(
    init,
    (item) => {
      const pair = toSequence(item, (part) => part);
      if (pair.length !== 2) {
        throw new TypeErrorOf("Headers: each pair needs a name and a value");
      }
      return toHeader(pair[0], pair[1]);
    },
    method,
  );
}

function recordPairs(init: object): readonly Header[] {
  const pairs = createList<Header>();
  const keys = ownKeys(init);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] ?? "";
    if (getOwnPropertyDescriptor(init, key)?.enumerable !== true) continue;
    // In the order of Web IDL: the name before the value is read.
    const name = toByteString(key);
    pairs[pairs.length] = toHeader(name, (init as Record<PropertyKey, unknown>)[key]);
  }
  return pairs;
}
