import { defineInterface } from "../interface.ts";
import { freeze, toArray, TypeErrorOf, Uint8ArrayOf } from "../intrinsics.ts";
import { illegalInvocation } from "../webidl.ts";

/** What is to be known of a key beside its data. */
export interface KeyAlgorithm {
  readonly name: string;
  readonly length?: number | undefined;
  readonly hash?: string | undefined;
  readonly namedCurve?: string | undefined;
  readonly modulusLength?: number | undefined;
  /** Bytes. */
  readonly publicExponent?: readonly number[] | undefined;
}

export type KeyType = "secret" | "public" | "private";

/** A key, which is here and nowhere else. */
export interface KeyState {
  readonly type: KeyType;
  readonly extractable: boolean;
  readonly algorithm: KeyAlgorithm;
  /** A list of the runtime. */
  readonly usages: readonly string[];
  /** In the format `raw` for a secret, `spki` for a public key and `pkcs8` for a private one. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Makes the constructor legal. */
let made: KeyState | undefined;

/** The state of a key, `undefined` for anything else. */
export let keyState: (value: unknown) => KeyState | undefined;

/** @see https://w3c.github.io/webcrypto/#cryptokey-interface */
class CryptoKey {
  readonly #state: KeyState;
  #algorithm: object | undefined;
  #usages: readonly string[] | undefined;

  constructor() {
    if (made === undefined) throw new TypeErrorOf("Illegal constructor");
    this.#state = made;
  }

  get type(): string {
    if (!(#state in this)) illegalInvocation();
    return this.#state.type;
  }

  get extractable(): boolean {
    if (!(#state in this)) illegalInvocation();
    return this.#state.extractable;
  }

  get algorithm(): object {
    if (!(#state in this)) illegalInvocation();
    return (this.#algorithm ??= showAlgorithm(this.#state.algorithm));
  }

  get usages(): readonly string[] {
    if (!(#state in this)) illegalInvocation();
    return (this.#usages ??= toArray(this.#state.usages));
  }

  static {
    keyState = (value) =>
      typeof value === "object" && value !== null && #state in value ? value.#state : undefined;
  }
}

/** Defines `CryptoKey`. */
export function defineCryptoKey(target: object): void {
  defineInterface(target, CryptoKey, { name: "CryptoKey" });
}

/** Makes the object that a script gets. */
export function createCryptoKey(state: KeyState): object {
  made = freeze(state);
  try {
    return new CryptoKey();
  } finally {
    made = undefined;
  }
}

/** A copy that a script may change: it is never read again. */
function showAlgorithm({
  name,
  length,
  hash,
  namedCurve,
  modulusLength,
  publicExponent,
}: KeyAlgorithm): object {
  if (publicExponent !== undefined) {
    const exponent = new Uint8ArrayOf(publicExponent.length);
    for (let index = 0; index < publicExponent.length; index++) {
      exponent[index] = publicExponent[index] ?? 0;
    }
    return { name, modulusLength, publicExponent: exponent, hash: { name: hash } };
  }
  if (namedCurve !== undefined) return { name, namedCurve };
  if (hash !== undefined) return { name, hash: { name: hash }, length };
  return length === undefined ? { name } : { name, length };
}
