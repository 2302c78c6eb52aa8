import { bufferSourceBytes, copyBytes, isBufferSource } from "./bytes.ts";
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
import { loadPart } from "./parts.ts";
import {
  illegalInvocation,
  isObject,
  toClampedLongLong,
  toDictionary,
  toDOMString,
  toSequence,
  toUSVString,
} from "./webidl.ts";

/** Bytes that a stream of a blob gives at once. */
const streamChunk = 65_536;

type Part = string | Blob | ArrayBuffer | ArrayBufferView;

export let isBlob: (value: unknown) => value is Blob;
/** Makes a blob of bytes that no script can reach. */
export let createBlob: (bytes: ArrayBuffer, type?: string) => Blob;
/** The blob's bytes in a buffer of their own, only to be read. */
export let blobBytes: (blob: Blob) => ArrayBuffer;
/** The blob's media type. */
export let blobType: (blob: Blob) => string;
/** The bytes from `skipped` on in a buffer of their own; throws for what is no blob. */
let copyOf: (blob: unknown, skipped: number) => ArrayBuffer;
/** Whether the bytes begin with a byte order mark. */
let hasMark: (blob: unknown) => boolean;

/** Parts that are converted already; no script gets hold of one. */
export class BlobParts {
  readonly #list: readonly Part[];

  constructor(parts: unknown, whole?: ArrayBuffer) {
    if (whole !== undefined) {
      const list = createList<Part>();
      list[0] = whole;
      this.#list = list;
      return;
    }
    if (!isObject(parts)) throw new TypeErrorOf("Blob: the parts are not a sequence");
    this.#list = toSequence(parts, toPart);
  }

  /** The parts, converted unless they are. */
  static of(parts: unknown): BlobParts {
    return isObject(parts) && #list in parts ? parts : new BlobParts(parts);
  }

  get list(): readonly Part[] {
    return this.#list;
  }
}

/** @see https://w3c.github.io/FileAPI/#blob-section */
export class Blob {
  /** May be shared with the blob that this is a slice of. */
  #buffer: ArrayBuffer;
  #start: number;
  #size: number;
  #type: string;

  constructor(parts?: unknown, options?: unknown) {
    const list = parts === undefined ? createList<Part>() : BlobParts.of(parts).list;
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

  stream(): object {
    if (!(#size in this)) illegalInvocation();
    let position = this.#start;
    const end = position + this.#size;
    const buffer = this.#buffer;
    return loadPart("streams").createByteStream({
      async pull() {
        const start = position;
        position = end - start > streamChunk ? start + streamChunk : end;
        return start === end ? undefined : copyBytes(buffer, start, position - start);
      },
      cancel() {},
    });
  }

  // These are no async functions themselves: a script could tell them from a browser's.
  text(): Promise<string> {
    return textOf(this);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return bufferOf(this);
  }

  bytes(): Promise<Uint8Array> {
    return bytesOf(this);
  }

  static {
    isBlob = (value): value is Blob =>
      typeof value === "object" && value !== null && #size in value;
    createBlob = (bytes, type = "") => {
      const blob = new Blob();
      blob.#type = type;
      blob.#buffer = bytes;
      blob.#size = arrayBufferByteLength(bytes);
      return blob;
    };
    blobBytes = (blob) =>
      blob.#size === arrayBufferByteLength(blob.#buffer)
        ? blob.#buffer
        : copyBytes(blob.#buffer, blob.#start, blob.#size);
    blobType = (blob) => blob.#type;
    copyOf = (blob, skipped) => {
      if (!isBlob(blob)) illegalInvocation();
      return copyBytes(blob.#buffer, blob.#start + skipped, blob.#size - skipped);
    };
    hasMark = (blob) => {
      if (!isBlob(blob)) illegalInvocation();
      const bytes = new Uint8ArrayOf(blob.#buffer, blob.#start, blob.#size);
      return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    };
  }
}

async function textOf(blob: unknown): Promise<string> {
  // "UTF-8 decode" drops one byte order mark.
  const copy = copyOf(blob, hasMark(blob) ? 3 : 0);
  return jsonParse(hostDecode("utf-8", false, copy)) as string;
}

async function bufferOf(blob: unknown): Promise<ArrayBuffer> {
  return copyOf(blob, 0);
}

async function bytesOf(blob: unknown): Promise<Uint8Array> {
  return new Uint8ArrayOf(copyOf(blob, 0));
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
  // A part is checked when it is given.
  return isBlob(part) ? blobBytes(part) : (bufferSourceBytes(part) as ArrayBuffer);
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
