import { randomFillSync } from "node:crypto";
import { createRequire } from "node:module";
import type { Block } from "./frame-memory.ts";

/** Copies a payload into a frame, masked with a key that stands before it (RFC 6455, section 5.3). */
export function writeMasked(block: Block, offset: number, payload: Uint8Array, key: number): void {
  const { bytes } = block;
  const { length } = payload;
  if (length < longPayload) {
    bytes.set(payload, offset);
    mask(block, offset, offset + length, key);
    return;
  }
  native ??= loadNative();
  if (native === "none") copyMasked(block, offset, payload, key);
  else native.mask(payload, bytes.subarray(offset - 4, offset), bytes, offset, length);
}

/** Masks bytes in place; the first byte of the key is its lowest. */
function mask({ bytes, words }: Block, start: number, end: number, key: number): void {
  let index = start;
  let rest = key;
  for (; index < end && (index & 3) !== 0; index += 1) {
    bytes[index] = (bytes[index] ?? 0) ^ rest;
    rest = rotate(rest);
  }
  const lastWord = end >> 2;
  for (let word = index >> 2; word < lastWord; word += 1) words[word] = (words[word] ?? 0) ^ rest;
  for (index = Math.max(index, lastWord << 2); index < end; index += 1) {
    bytes[index] = (bytes[index] ?? 0) ^ rest;
    rest = rotate(rest);
  }
}

/** Payloads from this length on are masked while they are copied. */
const longPayload = 1_024;

/** Copies a payload, masked: word by word, where both lie so. */
function copyMasked(block: Block, start: number, payload: Uint8Array, key: number): void {
  const { bytes, words } = block;
  const { buffer, byteOffset, length } = payload;
  const end = start + length;
  if (((byteOffset - start) & 3) !== 0 || length < 8) {
    bytes.set(payload, start);
    mask(block, start, end, key);
    return;
  }
  const first = (start + 3) & ~3;
  const count = (end - first) >> 2;
  const source = new Int32Array(buffer, byteOffset + first - start, count);
  const target = words.subarray(first >> 2, (first >> 2) + count);
  let rest = key;
  for (let index = start; index < first; index += 1) {
    bytes[index] = (payload[index - start] ?? 0) ^ rest;
    rest = rotate(rest);
  }
  for (let word = 0; word < count; word += 1) target[word] = (source[word] ?? 0) ^ rest;
  for (let index = first + 4 * count; index < end; index += 1) {
    bytes[index] = (payload[index - start] ?? 0) ^ rest;
    rest = rotate(rest);
  }
}

/** The key as it is for the next byte. */
function rotate(key: number): number {
  return (key >>> 8) | (key << 24);
}

/** Keys must not be foreseeable (RFC 6455, section 5.3); asking for each would cost more than the frame. */
const keys: Int32Array<ArrayBuffer> = new Int32Array(2_048);
let nextKey: number = keys.length;

export function takeKey(): number {
  if (nextKey === keys.length) {
    randomFillSync(keys);
    nextKey = 0;
  }
  const key = keys[nextKey] ?? 0;
  nextKey += 1;
  return key;
}

/** The package `bufferutil`, which masks with the processor's widest words; it is optional. */
interface NativeMask {
  mask(
    source: Uint8Array,
    key: Uint8Array,
    target: Uint8Array,
    offset: number,
    length: number,
  ): void;
}

let native: NativeMask | "none" | undefined;

function loadNative(): NativeMask | "none" {
  // The variable of `ws` for the same purpose.
  if (process.env["WS_NO_BUFFER_UTIL"] !== undefined) return "none";
  try {
    return createRequire(import.meta.url)("bufferutil") as NativeMask;
  } catch {
    return "none";
  }
}
