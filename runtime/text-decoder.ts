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

/** What a `TextDecoder` does, without its interface. */
export interface Decoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  /** Decodes bytes that nobody else has; with `stream` others follow. */
  decode(added: Uint8Array<ArrayBuffer>, stream: boolean): string;
}

let host: Pick<HostCalls, "decode" | "encodingName">;

/** Makes a decoder of the arguments of the constructor. */
export function createTextDecoder(label: unknown = "utf-8", options?: unknown): Decoder {
  const name = toDOMString(label);
  const members = toDictionary(options);
  const fatal = toBoolean(members?.["fatal"]);
  const ignoreBOM = toBoolean(members?.["ignoreBOM"]);
  const encoding = name === "utf-8" ? name : host.encodingName(jsonStringify(name));
  if (encoding === "") {
    throw new RangeErrorOf("TextDecoder: " + jsonStringify(name) + " is no encoding");
  }
  /** Bytes of the stream so far that no character was made of. */
  let rest = new Uint8ArrayOf(0);
  let isStreaming = false;
  let isBomSeen = false;

  function withoutBom(text: string): string {
    if (text.length === 0 || isBomSeen) return text;
    isBomSeen = true;
    const hasBom = isUnicode(encoding) && charCodeAt(text, 0) === 0xfeff;
    return hasBom && !ignoreBOM ? stringSlice(text, 1) : text;
  }

  return {
    encoding,
    fatal,
    ignoreBOM,
    decode(added, stream) {
      if (!isStreaming) {
        rest = new Uint8ArrayOf(0);
        isBomSeen = false;
      }
      isStreaming = stream;
      const bytes = concatenate(rest, added);
      const length = typedArrayByteLength(bytes);
      const complete = stream ? wholeCharacters(encoding, bytes, length) : length;
      rest = part(bytes, complete, length);
      return withoutBom(decodeWhole(encoding, fatal, part(bytes, 0, complete), complete));
    },
  };
}

function decodeWhole(
  encoding: string,
  fatal: boolean,
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
): string {
  if (length === 0) return "";
  if (encoding === "utf-8" && length <= shortData && isAscii(bytes, length)) {
    return fromCodeUnits(bytes, 0, length);
  }
  const json = host.decode(encoding, fatal, typedArrayBuffer(bytes) as ArrayBuffer);
  if (json === "") throw new TypeErrorOf("decode: the data is no " + encoding);
  return jsonParse(json) as string;
}

/** @see https://encoding.spec.whatwg.org/#interface-textdecoder */
class TextDecoder {
  readonly #decoder: Decoder;

  constructor(label?: unknown, options?: unknown) {
    this.#decoder = createTextDecoder(label, options);
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

  decode(input?: unknown, options?: unknown): string {
    if (!(#decoder in this)) illegalInvocation();
    const stream = toBoolean(toDictionary(options)?.["stream"]);
    const added = input === undefined ? new Uint8ArrayOf(0) : copyBufferSource(input, "decode");
    return this.#decoder.decode(added, stream);
  }
}

/** Installs `TextDecoder`. */
export function defineTextDecoder(global: object, calls: HostCalls): void {
  host = calls;
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
