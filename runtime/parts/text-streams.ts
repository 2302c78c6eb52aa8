import { copyBufferSource } from "../bytes.ts";
import { hostEncode } from "../host.ts";
import { defineInterface } from "../interface.ts";
import { charCodeAt, jsonStringify, stringSlice, Uint8ArrayOf } from "../intrinsics.ts";
import type { TransformPair } from "../stream-tools.ts";
import { createTextDecoder } from "../text-decoder.ts";
import { illegalInvocation, toDOMString } from "../webidl.ts";
import { createTransform } from "./transform.ts";

/**
 * Defines `TextEncoderStream` and `TextDecoderStream`.
 *
 * @see https://encoding.spec.whatwg.org/#interface-textdecoderstream
 */
export function defineTextStreams(target: object): void {
  defineInterface(target, TextEncoderStream, { name: "TextEncoderStream" });
  defineInterface(target, TextDecoderStream, { name: "TextDecoderStream" });
}

class TextEncoderStream {
  readonly #transform: TransformPair;

  constructor() {
    /** The first half of a pair whose second one may begin the next chunk. */
    let half = "";
    this.#transform = createTransform(
      (chunk, add) => {
        const text = half + toDOMString(chunk);
        const last = text.length === 0 ? 0 : charCodeAt(text, text.length - 1);
        const isHalf = last >= 0xd800 && last < 0xdc00;
        half = isHalf ? stringSlice(text, -1) : "";
        const whole = isHalf ? stringSlice(text, 0, -1) : text;
        if (whole.length > 0) add(new Uint8ArrayOf(hostEncode(jsonStringify(whole))));
      },
      (add) => {
        if (half.length > 0) add(new Uint8ArrayOf(hostEncode(jsonStringify(half))));
      },
    );
  }

  get encoding(): string {
    if (!(#transform in this)) illegalInvocation();
    return "utf-8";
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

class TextDecoderStream {
  readonly #transform: TransformPair;
  readonly #decoder: ReturnType<typeof createTextDecoder>;

  constructor(label?: unknown, options?: unknown) {
    const decoder = createTextDecoder(label, options);
    this.#decoder = decoder;
    this.#transform = createTransform(
      (chunk, add) => {
        const text = decoder.decode(copyBufferSource(chunk, "TextDecoderStream"), true);
        if (text.length > 0) add(text);
      },
      (add) => {
        const text = decoder.decode(new Uint8ArrayOf(0), false);
        if (text.length > 0) add(text);
      },
    );
  }

  get encoding(): string {
    if (!(#decoder in this)) illegalInvocation();
    return this.#decoder.encoding;
  }

  get fatal(): boolean {
    if (!(#decoder in this)) illegalInvocation();
    return this.#decoder.fatal;
  }

  get ignoreBOM(): boolean {
    if (!(#decoder in this)) illegalInvocation();
    return this.#decoder.ignoreBOM;
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
