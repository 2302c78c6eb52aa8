import type { HostCalls } from "../src/boundary.ts";
import { defineFunction, defineInterface } from "./interface.ts";
import {
  jsonStringify,
  stringSlice,
  typedArrayByteLength,
  typedArrayName,
  typedArraySet,
  TypeErrorOf,
  Uint8ArrayOf,
} from "./intrinsics.ts";
import type { RuntimeScope } from "./scope.ts";
import { defineTextDecoder } from "./text-decoder.ts";
import { encodeInto, fittingPart, type Progress } from "./utf8.ts";
import { checkArguments, illegalInvocation, toDOMString } from "./webidl.ts";

/** Up to this many code units, encoding here is faster than a call of the host. */
const shortText = 32;

/** Installs `TextEncoder` and `TextDecoder`. */
export function installEncoding({ global, host }: RuntimeScope): void {
  defineTextEncoder(global, host);
  defineTextDecoder(global, host);
}

/** @see https://encoding.spec.whatwg.org/#interface-textencoder */
function defineTextEncoder(global: object, host: HostCalls): void {
  class TextEncoder {
    readonly #encoding = "utf-8";

    get encoding(): string {
      if (!(#encoding in this)) illegalInvocation();
      return this.#encoding;
    }

    encode(input: unknown = ""): Uint8Array {
      if (!(#encoding in this)) illegalInvocation();
      const text = toDOMString(input);
      if (text.length > shortText) return new Uint8ArrayOf(host.encode(jsonStringify(text)));
      const bytes = new Uint8ArrayOf(text.length * 3);
      const { written } = encodeInto(text, bytes, text.length * 3);
      const exact = new Uint8ArrayOf(written);
      for (let index = 0; index < written; index++) exact[index] = bytes[index] ?? 0;
      return exact;
    }

    encodeInto(...input: readonly unknown[]): Progress {
      if (!(#encoding in this)) illegalInvocation();
      checkArguments("encodeInto", input.length, 2);
      const source = toDOMString(input[0]);
      const target = input[1];
      if (typedArrayName(target) !== "Uint8Array") {
        throw new TypeErrorOf("encodeInto: the destination is no Uint8Array");
      }
      const bytes = target as Uint8Array;
      const capacity = typedArrayByteLength(bytes);
      if (source.length <= shortText || capacity <= shortText) {
        return encodeInto(source, bytes, capacity);
      }
      return encodeLong(source, bytes, capacity);
    }
  }

  function encodeLong(source: string, target: Uint8Array, capacity: number): Progress {
    // Every code unit takes a byte or more. A pair that this cuts in half becomes U+FFFD, which does not fit either.
    const text = source.length > capacity ? stringSlice(source, 0, capacity) : source;
    const buffer = host.encode(jsonStringify(text));
    const encoded = new Uint8ArrayOf(buffer);
    const length = typedArrayByteLength(encoded);
    if (length <= capacity) {
      typedArraySet(target, encoded);
      return { read: text.length, written: length };
    }
    const progress = fittingPart(encoded, capacity);
    typedArraySet(target, new Uint8ArrayOf(buffer, 0, progress.written));
    return progress;
  }

  defineInterface(global, TextEncoder, { name: "TextEncoder" });
  defineFunction(TextEncoder.prototype, "encodeInto", TextEncoder.prototype.encodeInto, 2);
}
