import { defineFunction, defineInterface } from "../interface.ts";
import {
  createList,
  createMap,
  defineProperty,
  getOwnPropertyDescriptor,
  ownKeys,
  sortList,
  stringSlice,
  symbolIterator,
  toArray,
  TypeErrorOf,
} from "../intrinsics.ts";
import type { QueryPair } from "../url-service.ts";
import { parseQuery, serializeQuery } from "../url-service.ts";
import {
  type Callback,
  checkArguments,
  illegalInvocation,
  isObject,
  iteratorMethod,
  toSequence,
  toUSVString,
} from "../webidl.ts";
import {
  defineIterator,
  forEachPair,
  type Iterate,
  type IterationKind,
  replacePair,
} from "./pairs.ts";

/** Makes `params` the query of a URL whose `search` attribute is given; `changed` is told each new query. */
export let attachQuery: (
  params: URLSearchParams,
  search: string,
  changed?: (query: string) => void,
) => void;

/** The query that an `URLSearchParams` stands for; `undefined` for anything else. */
export let queryOf: (value: object) => string | undefined;

let read: (params: URLSearchParams) => QueryPair[];

/** @see https://url.spec.whatwg.org/#interface-urlsearchparams */
export class URLSearchParams {
  #pairs: QueryPair[];
  /** Tells the URL that this is the query of. */
  #changed: ((query: string) => void) | undefined;

  constructor(init: unknown = "") {
    this.#pairs = initialPairs(init);
  }

  get size(): number {
    return read(this).length;
  }

  append(...input: readonly unknown[]): void {
    const pairs = read(this);
    checkArguments("append", input.length, 2);
    pairs[pairs.length] = [toUSVString(input[0]), toUSVString(input[1])];
    this.#update();
  }

  delete(...input: readonly unknown[]): void {
    read(this);
    checkArguments("delete", input.length, 1);
    const isMatch = matcher(input);
    this.#filter((pair) => !isMatch(pair));
    this.#update();
  }

  get(...input: readonly unknown[]): string | null {
    const pairs = read(this);
    checkArguments("get", input.length, 1);
    const name = toUSVString(input[0]);
    for (let index = 0; index < pairs.length; index++) {
      const pair = pairs[index];
      if (pair?.[0] === name) return pair[1];
    }
    return null;
  }

  getAll(...input: readonly unknown[]): string[] {
    const pairs = read(this);
    checkArguments("getAll", input.length, 1);
    const name = toUSVString(input[0]);
    const values = createList<string>();
    for (let index = 0; index < pairs.length; index++) {
      const pair = pairs[index];
      if (pair?.[0] === name) values[values.length] = pair[1];
    }
    return toArray(values);
  }

  has(...input: readonly unknown[]): boolean {
    const pairs = read(this);
    checkArguments("has", input.length, 1);
    const isMatch = matcher(input);
    for (let index = 0; index < pairs.length; index++) {
      const pair = pairs[index];
      if (pair !== undefined && isMatch(pair)) return true;
    }
    return false;
  }

  set(...input: readonly unknown[]): void {
    read(this);
    checkArguments("set", input.length, 2);
    const name = toUSVString(input[0]);
    const replacement: QueryPair = [name, toUSVString(input[1])];
    this.#pairs = replacePair(this.#pairs, name, replacement);
    this.#update();
  }

  sort(): void {
    // The operators compare code units, as the standard asks for.
    sortList(read(this), (one, other) => (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0));
    this.#update();
  }

  toString(): string {
    return serializeQuery(read(this));
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
    forEachPair(this, input, (index) => this.#pairs[index]);
  }

  #filter(isKept: (pair: QueryPair) => boolean): void {
    const kept = createList<QueryPair>();
    for (let index = 0; index < this.#pairs.length; index++) {
      const pair = this.#pairs[index];
      if (pair !== undefined && isKept(pair)) kept[kept.length] = pair;
    }
    this.#pairs = kept;
  }

  #update(): void {
    if (this.#changed !== undefined) this.#changed(serializeQuery(this.#pairs));
  }

  static {
    read = (params) => {
      if (!(#pairs in params)) illegalInvocation();
      return params.#pairs;
    };
    queryOf = (value) => (#pairs in value ? serializeQuery(value.#pairs) : undefined);
    attachQuery = (params, search, changed = params.#changed) => {
      params.#pairs = toList(parseQuery(stringSlice(search, 1)));
      params.#changed = changed;
    };
  }
}

/** Defines `URLSearchParams`. */
export function defineUrlSearchParams(target: object): void {
  const { prototype } = URLSearchParams;
  defineInterface(target, URLSearchParams, { name: "URLSearchParams" });
  defineFunction(prototype, "append", prototype.append, 2);
  defineFunction(prototype, "delete", prototype.delete, 1);
  defineFunction(prototype, "get", prototype.get, 1);
  defineFunction(prototype, "getAll", prototype.getAll, 1);
  defineFunction(prototype, "has", prototype.has, 1);
  defineFunction(prototype, "set", prototype.set, 2);
  defineFunction(prototype, "forEach", prototype.forEach, 1);
  defineProperty(prototype, symbolIterator, {
    value: prototype.entries,
    writable: true,
    enumerable: false,
    configurable: true,
  });
  iterate = defineIterator("URLSearchParams Iterator");
}

let iterate: Iterate;

function iterateOver(params: URLSearchParams, kind: IterationKind): object {
  read(params);
  return iterate(kind, (index) => read(params)[index]);
}

/** Tells whether a pair has the name, and the value if there is one, of a method's arguments. */
function matcher(input: readonly unknown[]): (pair: QueryPair) => boolean {
  const name = toUSVString(input[0]);
  const value = input[1] === undefined ? undefined : toUSVString(input[1]);
  return (pair) => pair[0] === name && (value === undefined || pair[1] === value);
}

/** `(sequence<sequence<USVString>> or record<USVString, USVString> or USVString)`. */
function initialPairs(init: unknown): QueryPair[] {
  if (!isObject(init)) {
    const query = toUSVString(init);
    return toList(parseQuery(query[0] === "?" ? stringSlice(query, 1) : query));
  }
  const method = iteratorMethod(init);
  return method === undefined ? recordPairs(init) : sequencePairs(init, method);
}

function sequencePairs(init: object, method: Callback): QueryPair[] {
  return toSequence(
    init,
    (item) => {
      const pair = toSequence(item, toUSVString);
      const { 0: name, 1: value, length } = pair;
      if (name === undefined || value === undefined || length !== 2) {
        throw new TypeErrorOf("URLSearchParams: each pair needs a name and a value");
      }
      return [name, value] as QueryPair;
    },
    method,
  );
}

function recordPairs(init: object): QueryPair[] {
  const pairs = createList<QueryPair>();
  // Names may be the same once their lone surrogates are replaced: the last value counts.
  const positions = createMap<string, number>();
  const keys = ownKeys(init);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] ?? "";
    if (getOwnPropertyDescriptor(init, key)?.enumerable !== true) continue;
    const name = toUSVString(key);
    const value = toUSVString((init as Record<PropertyKey, unknown>)[key]);
    const position = positions.get(name) ?? pairs.length;
    positions.set(name, position);
    pairs[position] = [name, value];
  }
  return pairs;
}

function toList(pairs: readonly QueryPair[]): QueryPair[] {
  const list = createList<QueryPair>();
  for (let index = 0; index < pairs.length; index++) {
    const pair = pairs[index];
    if (pair !== undefined) list[index] = pair;
  }
  return list;
}
