/** Iterators over pairs, as Web IDL's `iterable<K, V>` makes them. */
import { defineClassString, defineFunction } from "../interface.ts";
import { deleteProperty, iteratorPrototype, setPrototypeOf, TypeErrorOf } from "../intrinsics.ts";

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
