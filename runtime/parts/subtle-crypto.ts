import { defineInterface } from "../interface.ts";
import { PromiseOf, TypeErrorOf } from "../intrinsics.ts";
import { checkArguments, illegalInvocation } from "../webidl.ts";
import { type OperationName, operations } from "./subtle-operations.ts";

let isMaking = false;

let isSubtle: (value: unknown) => boolean;

/** @see https://w3c.github.io/webcrypto/#subtlecrypto-interface */
class SubtleCrypto {
  readonly #brand = true;

  constructor() {
    if (!isMaking) throw new TypeErrorOf("Illegal constructor");
  }

  encrypt(...input: readonly unknown[]): Promise<unknown> {
    return perform(this, "encrypt", input);
  }

  decrypt(...input: readonly unknown[]): Promise<unknown> {
    return perform(this, "decrypt", input);
  }

  sign(...input: readonly unknown[]): Promise<unknown> {
    return perform(this, "sign", input);
  }

  verify(...input: readonly unknown[]): Promise<unknown> {
    return perform(this, "verify", input);
  }

  digest(...input: readonly unknown[]): Promise<unknown> {
    return perform(this, "digest", input);
  }

  generateKey(...input: readonly unknown[]): Promise<unknown> {
    return perform(this, "generateKey", input);
  }

  deriveKey(...input: readonly unknown[]): Promise<unknown> {
    return perform(this, "deriveKey", input);
  }

  deriveBits(...input: readonly unknown[]): Promise<unknown> {
    return perform(this, "deriveBits", input);
  }

  importKey(...input: readonly unknown[]): Promise<unknown> {
    return perform(this, "importKey", input);
  }

  exportKey(...input: readonly unknown[]): Promise<unknown> {
    return perform(this, "exportKey", input);
  }

  wrapKey(...input: readonly unknown[]): Promise<unknown> {
    return perform(this, "wrapKey", input);
  }

  unwrapKey(...input: readonly unknown[]): Promise<unknown> {
    return perform(this, "unwrapKey", input);
  }

  static {
    isSubtle = (value) => typeof value === "object" && value !== null && #brand in value;
  }
}

/** Arguments that each operation requires. */
const lengths: Readonly<Record<OperationName, number>> = {
  encrypt: 3,
  decrypt: 3,
  sign: 3,
  verify: 4,
  digest: 2,
  generateKey: 3,
  deriveKey: 5,
  deriveBits: 2,
  importKey: 5,
  exportKey: 2,
  wrapKey: 4,
  unwrapKey: 7,
};

/** Defines `SubtleCrypto`. */
export function defineSubtleCrypto(target: object): void {
  defineInterface(target, SubtleCrypto, { name: "SubtleCrypto", lengths });
}

/** Makes the one object of the interface. */
export function createSubtleCrypto(): object {
  isMaking = true;
  try {
    return new SubtleCrypto();
  } finally {
    isMaking = false;
  }
}

/** An operation that returns a promise rejects it where another would throw. */
function perform(self: unknown, name: OperationName, input: readonly unknown[]): Promise<unknown> {
  return new PromiseOf((resolve, reject) => {
    if (!isSubtle(self)) illegalInvocation();
    checkArguments(name, input.length, lengths[name]);
    operations[name](input, {
      done(value) {
        resolve(value());
      },
      failed(error) {
        reject(error);
      },
    });
  });
}
