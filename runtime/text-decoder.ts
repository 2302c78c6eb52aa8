import type { HostCalls } from "../src/boundary.ts";
import { copyBufferSource } from "./bytes.ts";
import { defineFunction, defineInterface } from "./interface.ts";
import {
  charCodeAt,
  jsonParse,
  jsonStringify,
  RangeErrorOf,
  stringSlice,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArraySet,
  TypeErrorOf,
  Uint8ArrayOf,
} from "./intrinsics.ts";
import { fromCodeUnits } from "./text.ts";
import { completeLength } from "./utf8.ts";
import { illegalInvocation, toBoolean, toDictionary, toDOMString } from "./webidl.ts";

/** Up to this many ASCII bytes, decoding here is faster than a call of the host. */
const shortData = 64;

/** @see https://encoding.spec.whatwg.org/#interface-textdecoder */
export function defineTextDecoder(global: object, host: HostCalls): void {
  class TextDecoder {
    readonly #encoding: string;
    readonly #fatal: boolean;
    readonly #ignoreBOM: boolean;
    /** Bytes of the stream so far that no character was made of. */
    #rest = new Uint8ArrayOf(0);
    #isStreaming = false;
    #isBomSeen = false;

    constructor(label: unknown = "utf-8", options?: unknown) {
      const name = toDOMString(label);
      const members = toDictionary(options);
      this.#fatal = toBoolean(members?.["fatal"]);
      this.#ignoreBOM = toBoolean(members?.["ignoreBOM"]);
      this.#encoding = name === "utf-8" ? name : host.encodingName(jsonStringify(name));
      if (this.#encoding === "") {
        throw new RangeErrorOf("TextDecoder: " + jsonStringify(name) + " is no encoding");
      }
    }

    get encoding(): string {
      if (!(#encoding in this)) illegalInvocation();
      return this.#encoding;
    }

    get fatal(): boolean {
      if (!(#encoding in this)) illegalInvocation();
      return this.#fatal;
    }

    get ignoreBOM(): boolean {
      if (!(#encoding in this)) illegalInvocation();
      return this.#ignoreBOM;
    }

    decode(input?: unknown, options?: unknown): string {
      if (!(#encoding in this)) illegalInvocation();
      const stream = toBoolean(toDictionary(options)?.["stream"]);
      const added = input === undefined ? new Uint8ArrayOf(0) : copyBufferSource(input, "decode");
      if (!this.#isStreaming) {
        this.#rest = new Uint8ArrayOf(0);
        this.#isBomSeen = false;
      }
      this.#isStreaming = stream;
      const bytes = concatenate(this.#rest, added);
      const length = typedArrayByteLength(bytes);
      const complete = stream ? wholeCharacters(this.#encoding, bytes, length) : length;
      this.#rest = part(bytes, complete, length);
      return this.#withoutBom(this.#decodeWhole(part(bytes, 0, complete), complete));
    }

    #decodeWhole(bytes: Uint8Array, length: number): string {
      const isUtf8 = this.#encoding === "utf-8";
      if (length === 0) return "";
      if (isUtf8 && length <= shortData && isAscii(bytes, length)) {
        return fromCodeUnits(bytes, 0, length);
      }
      const json = host.decode(this.#encoding, this.#fatal, typedArrayBuffer(bytes) as ArrayBuffer);
      if (json === "") throw new TypeErrorOf("decode: the data is no " + this.#encoding);
      return jsonParse(json) as string;
    }

    #withoutBom(text: string): string {
      if (text.length === 0 || this.#isBomSeen) return text;
      this.#isBomSeen = true;
      const hasBom = isUnicode(this.#encoding) && charCodeAt(text, 0) === 0xfeff;
      return hasBom && !this.#ignoreBOM ? stringSlice(text, 1) : text;
    }
  }

  defineInterface(global, TextDecoder, { name: "TextDecoder" });
  defineFunction(TextDecoder.prototype, "decode", TextDecoder.prototype.decode, 0);
}

/**
 * How many of the bytes can be decoded although more follow.
 *
 * Deviation: the encodings of East Asia give their whole text at the end of the stream.
 */
function wholeCharacters(encoding: string, bytes: Uint8Array, length: number): number {
  switch (encoding) {
    case "utf-8":
      return completeLength(bytes, length);
    case "utf-16le":
    case "utf-16be": {
      const even = length - (length % 2);
      const last = bytes[encoding === "utf-16le" ? even - 1 : even - 2] ?? 0;
      return even > 0 && last >= 0xd8 && last < 0xdc ? even - 2 : even;
    }
    case "gbk":
    case "gb18030":
    case "big5":
    case "euc-jp":
    case "euc-kr":
    case "iso-2022-jp":
    case "shift_jis":
      return 0;
    default:
      return length;
  }
}

function isUnicode(encoding: string): boolean {
  return encoding === "utf-8" || encoding === "utf-16le" || encoding === "utf-16be";
}

function isAscii(bytes: Uint8Array, length: number): boolean {
  for (let index = 0; index < length; index++) if ((bytes[index] ?? 0) >= 0x80) return false;
  return true;
}

function concatenate(
  first: Uint8Array<ArrayBuffer>,
  second: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const start = typedArrayByteLength(first);
  if (start === 0) return second;
  const joined = new Uint8ArrayOf(start + typedArrayByteLength(second));
  typedArraySet(joined, first);
  typedArraySet(joined, second, start);
  return joined;
}

/** The bytes from `start` to `end` in a buffer of their own. */
function part(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): Uint8Array<ArrayBuffer> {
  if (start === 0 && end === typedArrayByteLength(bytes)) return bytes;
  const copy = new Uint8ArrayOf(end - start);
  typedArraySet(copy, new Uint8ArrayOf(typedArrayBuffer(bytes), start, end - start));
  return copy;
}
