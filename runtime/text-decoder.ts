import type { HostCalls } from "../src/boundary.ts";
import { copyBufferSource } from "./bytes.ts";
import { defineFunction, defineInterface } from "./interface.ts";
import {
  charCodeAt,
  createList,
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
import { loadPart } from "./parts.ts";
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
  /** Tells of the state that the bytes so far leave: an escape sequence. */
  let state: readonly number[] = createList();
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
        state = createList();
      }
      isStreaming = stream;
      const bytes = concatenate(rest, added);
      const length = typedArrayByteLength(bytes);
      let complete = length;
      let before: readonly number[] = createList();
      if (isMultibyte(encoding) && (stream || state.length > 0)) {
        const cut = loadPart("multibyte").cut(encoding, bytes, length, state);
        if (stream) complete = cut.length;
        // One escape sequence right after another counts as an error.
        if (bytes[0] !== 0x1b && complete > 0) before = state;
        state = cut.state;
      } else if (stream) complete = wholeCharacters(encoding, bytes, length);
      rest = part(bytes, complete, length);
      const whole = withState(before, part(bytes, 0, complete));
      return withoutBom(decodeWhole(encoding, fatal, whole, typedArrayByteLength(whole)));
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

function isMultibyte(encoding: string): boolean {
  switch (encoding) {
    case "gbk":
    case "gb18030":
    case "big5":
    case "euc-jp":
    case "euc-kr":
    case "iso-2022-jp":
    case "shift_jis":
      return true;
    default:
      return false;
  }
}

/** The bytes after an escape sequence. */
function withState(
  state: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (state.length === 0) return bytes;
  const head = new Uint8ArrayOf(state.length);
  for (let index = 0; index < state.length; index++) head[index] = state[index] ?? 0;
  return concatenate(head, bytes);
}

/** How many of the bytes can be decoded although more follow. */
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
