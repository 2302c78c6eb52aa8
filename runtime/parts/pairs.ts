/** What interfaces that are lists of pairs have in common: iterators, as Web IDL's `iterable<K, V>` makes them, `forEach`, and replacing. */
import { defineClassString, defineFunction } from "../interface.ts";
import {
  apply,
  createList,
  deleteProperty,
  iteratorPrototype,
  setPrototypeOf,
  TypeErrorOf,
} from "../intrinsics.ts";
import { checkArguments, isCallable } from "../webidl.ts";

/** What an iterator gives of each pair. */
export type IterationKind = "entries" | "keys" | "values";

type PairAt = (index: number) => readonly [unknown, unknown, ...unknown[]] | undefined;

/** Iterates over the pairs that `at` gives for 0, 1, … at the time they are asked for. */
export type Iterate = (kind: IterationKind, at: PairAt) => object;

/** Makes the iterators of one interface, with their place in the language. */
export function defineIterator(name: string): Iterate {
  class PairIterator {
    readonly #kind: IterationKind;
    readonly #at: PairAt;
    #index = 0;

    constructor(kind: IterationKind, at: PairAt) {
      this.#kind = kind;
      this.#at = at;
    }

    next(): { value: unknown; done: boolean } {
      if (!(#at in this)) throw new TypeErrorOf("Illegal invocation");
      const pair = this.#at(this.#index);
      if (pair === undefined) return { value: undefined, done: true };
      this.#index += 1;
      const { 0: key, 1: value } = pair;
      const kind = this.#kind;
      return {
        value: kind === "entries" ? [key, value] : kind === "keys" ? key : value,
        done: false,
      };
    }
  }

  const { prototype } = PairIterator;
  setPrototypeOf(prototype, iteratorPrototype);
  // Web IDL's iterators have no interface object.
  deleteProperty(prototype, "constructor");
  defineFunction(prototype, "next", prototype.next, 0);
  defineClassString(prototype, name);
  return (kind, at) => new PairIterator(kind, at);
}

/** `forEach` of such an interface. The callback may change the pairs. */
export function forEachPair(self: object, input: readonly unknown[], at: PairAt): void {
  checkArguments("forEach", input.length, 1);
  const callback = input[0];
  if (!isCallable(callback)) throw new TypeErrorOf("forEach: the callback is not a function");
  let index = 0;
  for (let pair = at(index); pair !== undefined; pair = at(++index)) {
    apply(callback, input[1], [pair[1], pair[0], self]);
  }
}

/** The pairs with `pair` in the place of the first of that name, or at the end, and without the others of it. */
export function replacePair<Pair extends readonly [name: string, ...rest: unknown[]]>(
  pairs: readonly Pair[],
  name: string,
  pair: Pair | undefined,
): Pair[] {
  const kept = createList<Pair>();
  let rest = pair;
  for (let index = 0; index < pairs.length; index++) {
    const existing = pairs[index] as Pair;
    if (existing[0] !== name) kept[kept.length] = existing;
    else if (rest !== undefined) {
      kept[kept.length] = rest;
      rest = undefined;
    }
  }
  if (rest !== undefined) kept[kept.length] = rest;
  return kept;
}
