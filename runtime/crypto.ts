import { DOMException } from "./dom-exception.ts";
import { defineGlobalAttribute } from "./global-attribute.ts";
import { defineFunction, defineInterface } from "./interface.ts";
import {
  isView,
  numberToString,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayByteOffset,
  typedArrayName,
  typedArraySet,
  TypeErrorOf,
  Uint8ArrayOf,
} from "./intrinsics.ts";
import { defineLazy, loadPart } from "./parts.ts";
import type { RuntimeScope } from "./scope.ts";
import { checkArguments, illegalInvocation } from "./webidl.ts";

const maxRandomBytes = 65_536;

/** Installs `crypto`, whose `subtle` is a part. */
export function installCrypto({ global, host }: RuntimeScope): void {
  let isInstalling = true;

  class Crypto {
    readonly #brand = true;

    constructor() {
      if (!isInstalling) throw new TypeErrorOf("Illegal constructor");
    }

    get subtle(): object {
      if (!(#brand in this)) illegalInvocation();
      return loadPart("subtle").subtle;
    }

    getRandomValues(...input: readonly unknown[]): unknown {
      if (!(#brand in this)) illegalInvocation();
      checkArguments("getRandomValues", input.length, 1);
      const array = input[0];
      const length = integerArrayLength(array);
      if (length > maxRandomBytes) {
        throw new DOMException(
          "getRandomValues: " + length + " bytes are more than " + maxRandomBytes,
          "QuotaExceededError",
        );
      }
      const target = new Uint8ArrayOf(typedArrayBuffer(array), typedArrayByteOffset(array), length);
      typedArraySet(target, new Uint8ArrayOf(host.randomBytes(length)));
      return array;
    }

    randomUUID(): string {
      if (!(#brand in this)) illegalInvocation();
      return uuid(new Uint8ArrayOf(host.randomBytes(16)));
    }
  }

  defineInterface(global, Crypto, { name: "Crypto" });
  // A rest parameter does not count for `length`.
  defineFunction(Crypto.prototype, "getRandomValues", Crypto.prototype.getRandomValues, 1);
  defineGlobalAttribute(global, "crypto", new Crypto(), false);
  isInstalling = false;
  defineLazy(global, "subtle", ["CryptoKey", "SubtleCrypto"]);
}

/** Bytes of an integer typed array. @throws {DOMException} `TypeMismatchError` for views of another kind. */
function integerArrayLength(value: unknown): number {
  switch (typedArrayName(value)) {
    case "Int8Array":
    case "Uint8Array":
    case "Uint8ClampedArray":
    case "Int16Array":
    case "Uint16Array":
    case "Int32Array":
    case "Uint32Array":
    case "BigInt64Array":
    case "BigUint64Array":
      return typedArrayByteLength(value);
    default:
      if (!isView(value))
        throw new TypeErrorOf("getRandomValues: the argument is no ArrayBufferView");
      throw new DOMException("getRandomValues: not an array of integers", "TypeMismatchError");
  }
}

/** A version 4 UUID of 16 random bytes. */
function uuid(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < 16; index++) {
    let byte = bytes[index] ?? 0;
    if (index === 6) byte = (byte & 0x0f) | 0x40;
    if (index === 8) byte = (byte & 0x3f) | 0x80;
    if (index === 4 || index === 6 || index === 8 || index === 10) text += "-";
    text += (byte < 16 ? "0" : "") + numberToString(byte, 16);
  }
  return text;
}
