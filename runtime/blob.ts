import { copyBytes, isBufferSource, readBytes } from "./bytes.ts";
import { hostDecode, hostEncode } from "./host.ts";
import {
  arrayBufferByteLength,
  charCodeAt,
  createList,
  jsonParse,
  jsonStringify,
  stringSlice,
  toLowerCase,
  typedArrayBuffer,
  typedArraySet,
  TypeErrorOf,
  Uint8ArrayOf,
} from "./intrinsics.ts";
import {
  illegalInvocation,
  isObject,
  toClampedLongLong,
  toDictionary,
  toDOMString,
  toSequence,
  toUSVString,
} from "./webidl.ts";

type Part = string | Blob | ArrayBuffer | ArrayBufferView;

export let isBlob: (value: unknown) => value is Blob;
/** Makes a blob of bytes that no script can reach. */
export let createBlob: (bytes: ArrayBuffer) => Blob;
/** The blob's bytes in a buffer of their own, only to be read. */
export let blobBytes: (blob: Blob) => ArrayBuffer;

/**
 * Deviation: there is no `stream()`, because there are no streams.
 *
 * @see https://w3c.github.io/FileAPI/#blob-section
 */
export class Blob {
  /** May be shared with the blob that this is a slice of. */
  #buffer: ArrayBuffer;
  #start: number;
  #size: number;
  #type: string;

  constructor(parts?: unknown, options?: unknown) {
    let list = createList<Part>();
    if (parts !== undefined) {
      if (!isObject(parts)) throw new TypeErrorOf("Blob: the parts are not a sequence");
      list = toSequence(parts, toPart);
    }
    const members = toDictionary(options);
    const endings = members?.["endings"];
    const isNative = endings !== undefined && toEndings(endings) === "native";
    const type = members?.["type"];
    this.#type = type === undefined ? "" : toType(toDOMString(type));
    this.#buffer = joinParts(list, isNative);
    this.#start = 0;
    this.#size = arrayBufferByteLength(this.#buffer);
  }

  get size(): number {
    if (!(#size in this)) illegalInvocation();
    return this.#size;
  }

  get type(): string {
    if (!(#size in this)) illegalInvocation();
    return this.#type;
  }

  slice(start?: unknown, end?: unknown, contentType?: unknown): Blob {
    if (!(#size in this)) illegalInvocation();
    const size = this.#size;
    const from = start === undefined ? 0 : relative(toClampedLongLong(start), size);
    const to = end === undefined ? size : relative(toClampedLongLong(end), size);
    const blob = new Blob();
    if (contentType !== undefined) blob.#type = toType(toDOMString(contentType));
    blob.#buffer = this.#buffer;
    blob.#start = this.#start + from;
    blob.#size = to > from ? to - from : 0;
    return blob;
  }

  async text(): Promise<string> {
    if (!(#size in this)) illegalInvocation();
    const bytes = new Uint8ArrayOf(this.#buffer, this.#start, this.#size);
    // "UTF-8 decode" drops one byte order mark.
    const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    const skipped = hasMark ? 3 : 0;
    const copy = copyBytes(this.#buffer, this.#start + skipped, this.#size - skipped);
    return jsonParse(hostDecode("utf-8", false, copy)) as string;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    if (!(#size in this)) illegalInvocation();
    return copyBytes(this.#buffer, this.#start, this.#size);
  }

  async bytes(): Promise<Uint8Array> {
    if (!(#size in this)) illegalInvocation();
    return new Uint8ArrayOf(copyBytes(this.#buffer, this.#start, this.#size));
  }

  static {
    isBlob = (value): value is Blob =>
      typeof value === "object" && value !== null && #size in value;
    createBlob = (bytes) => {
      const blob = new Blob();
      blob.#buffer = bytes;
      blob.#size = arrayBufferByteLength(bytes);
      return blob;
    };
    blobBytes = (blob) =>
      blob.#size === arrayBufferByteLength(blob.#buffer)
        ? blob.#buffer
        : copyBytes(blob.#buffer, blob.#start, blob.#size);
  }
}

function toPart(value: unknown): Part {
  if (isObject(value) && (isBlob(value) || isBufferSource(value))) return value;
  return toUSVString(value);
}

function toEndings(value: unknown): "transparent" | "native" {
  const text = toDOMString(value);
  if (text === "transparent" || text === "native") return text;
  throw new TypeErrorOf('Blob: endings is neither "transparent" nor "native"');
}

/** A media type that has characters outside of U+0020 to U+007E counts as none. */
function toType(text: string): string {
  for (let index = 0; index < text.length; index++) {
    const unit = charCodeAt(text, index);
    if (unit < 0x20 || unit > 0x7e) return "";
  }
  return toLowerCase(text);
}

function joinParts(parts: readonly Part[], isNative: boolean): ArrayBuffer {
  const buffers = createList<ArrayBuffer>();
  let size = 0;
  for (let index = 0; index < parts.length; index++) {
    const buffer = partBytes(parts[index] as Part, isNative);
    buffers[index] = buffer;
    size += arrayBufferByteLength(buffer);
  }
  const joined = new Uint8ArrayOf(size);
  let offset = 0;
  for (let index = 0; index < buffers.length; index++) {
    const bytes = new Uint8ArrayOf(buffers[index] as ArrayBuffer);
    typedArraySet(joined, bytes, offset);
    offset += arrayBufferByteLength(buffers[index]);
  }
  return typedArrayBuffer(joined) as ArrayBuffer;
}

function partBytes(part: Part, isNative: boolean): ArrayBuffer {
  if (typeof part === "string") {
    return hostEncode(jsonStringify(isNative ? withNativeEndings(part) : part));
  }
  return isBlob(part) ? blobBytes(part) : readBytes(part, false);
}

/** The line ending is U+000A. */
function withNativeEndings(text: string): string {
  let converted = "";
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    if (charCodeAt(text, index) !== 0x0d) continue;
    converted += stringSlice(text, start, index) + "\n";
    if (index + 1 < text.length && charCodeAt(text, index + 1) === 0x0a) index++;
    start = index + 1;
  }
  return converted + stringSlice(text, start);
}

function relative(position: number, size: number): number {
  if (position < 0) return position + size > 0 ? position + size : 0;
  return position < size ? position : size;
}
