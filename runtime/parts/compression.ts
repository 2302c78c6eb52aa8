import { copyBufferSource } from "../bytes.ts";
import { defineInterface } from "../interface.ts";
import { jsonStringify, TypeErrorOf } from "../intrinsics.ts";
import { loadPart, type PartInstaller } from "../parts.ts";
import type { TransformPair } from "../stream-tools.ts";
import { checkArguments, illegalInvocation, toDOMString } from "../webidl.ts";
import { createDeflater, createInflater, type Format } from "./zlib.ts";

/**
 * Compression in the guest, so that its own limits of time and memory hold for what a few bytes grow to.
 *
 * @see https://compression.spec.whatwg.org/
 */
export const install: PartInstaller<"compression"> = (_scope, target) => {
  defineInterface(target, CompressionStream, { name: "CompressionStream", length: 1 });
  defineInterface(target, DecompressionStream, { name: "DecompressionStream", length: 1 });
};

class CompressionStream {
  readonly #transform: TransformPair;

  constructor(format: unknown) {
    checkArguments("CompressionStream", arguments.length, 1);
    const deflater = createDeflater(toFormat(format));
    this.#transform = loadPart("streams").createTransform(
      (chunk, add) => deflater.write(copyBufferSource(chunk, "CompressionStream"), add),
      (add) => deflater.end(add),
    );
  }

  get readable(): object {
    if (!(#transform in this)) illegalInvocation();
    return this.#transform.readable;
  }

  get writable(): object {
    if (!(#transform in this)) illegalInvocation();
    return this.#transform.writable;
  }
}

class DecompressionStream {
  readonly #transform: TransformPair;

  constructor(format: unknown) {
    checkArguments("DecompressionStream", arguments.length, 1);
    const inflater = createInflater(toFormat(format));
    this.#transform = loadPart("streams").createTransform(
      (chunk, add) => inflater.write(copyBufferSource(chunk, "DecompressionStream"), add),
      (add) => inflater.end(add),
    );
  }

  get readable(): object {
    if (!(#transform in this)) illegalInvocation();
    return this.#transform.readable;
  }

  get writable(): object {
    if (!(#transform in this)) illegalInvocation();
    return this.#transform.writable;
  }
}

function toFormat(value: unknown): Format {
  const text = toDOMString(value);
  if (text === "deflate" || text === "deflate-raw" || text === "gzip") return text;
  throw new TypeErrorOf(jsonStringify(text) + ' is none of "deflate", "deflate-raw", "gzip"');
}
