import { randomFillSync } from "node:crypto";
import { createRequire } from "node:module";
import type { Socket } from "node:net";

/**
 * Memory for frames. Small ones of many connections are written one after another into the same block, so that they cost no
 * allocation; a large one has a block to itself, which is used again: to have fresh memory from the system costs as much as to copy.
 */
export class FrameMemory {
  #shared: Block = createBlock(0);
  #used = 0;
  /** Blocks for large frames that are free. */
  readonly #free: Block[] = [];
  #freeBytes = 0;

  /** Reserves room for a frame of at most {@link maxSharedFrame} bytes; follows on what was reserved before where there is room. */
  share(bytes: number): { readonly block: Block; readonly start: number } {
    if (this.#used + bytes > this.#shared.bytes.length) {
      this.#shared = createBlock(sharedBytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += bytes;
    return { block: this.#shared, start };
  }

  /** A block of at least so many bytes for one frame. */
  take(bytes: number): Block {
    const index = this.#free.findIndex(
      ({ bytes: { length } }) => length >= bytes && length <= 2 * bytes,
    );
    const [block] = index < 0 ? [] : this.#free.splice(index, 1);
    if (block === undefined) return createBlock(bytes + (bytes >> 3));
    this.#freeBytes -= block.bytes.length;
    return block;
  }

  /** Takes back a block that nobody uses any more. */
  giveBack(block: Block): void {
    const { length } = block.bytes;
    if (this.#freeBytes + length > maxFreeBytes) return;
    this.#free.push(block);
    this.#freeBytes += length;
  }
}

/** Memory that is also seen as words. */
interface Block {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
}

const sharedBytes = 32_768;

/** Frames up to this length share memory with others. */
const maxSharedFrame = 8_192;

/** Memory that is kept for large frames to come. */
const maxFreeBytes = 4_194_304;

function createBlock(bytes: number): Block {
  // Memory of its own: a piece of a pool would not begin at a whole word.
  const buffer = Buffer.allocUnsafeSlow((bytes + 7) & ~3);
  return { bytes: buffer, words: new Int32Array(buffer.buffer) };
}

/**
 * Writes the data frames of a client to a socket (RFC 6455, section 5). The frames of one turn leave in one write, in front of
 * whatever else is written to the socket.
 */
export class FrameWriter {
  readonly #socket: Socket;
  readonly #memory: FrameMemory;
  readonly #sent: (bytes: number, messages: number) => void;
  readonly #write: Socket["write"];
  /** What is to be written: complete parts, and the one that the next frame may follow on. */
  #parts: Buffer<ArrayBuffer>[] = [];
  /** Blocks of large frames among them. */
  #blocks: Block[] = [];
  #block: Block | undefined;
  #start = 0;
  #end = 0;
  #messages = 0;
  #payload = 0;

  /** `sent` is called when messages have left: how many, and their payload in bytes. */
  constructor(
    socket: Socket,
    memory: FrameMemory,
    sent: (bytes: number, messages: number) => void,
  ) {
    this.#socket = socket;
    this.#memory = memory;
    this.#sent = sent;
    // Control frames, which others write, must not overtake data that was sent before.
    const write = socket.write;
    this.#write = write.bind(socket);
    socket.write = (...input: unknown[]) => {
      this.flush();
      return Reflect.apply(write, socket, input) as boolean;
    };
  }

  /** Writes a message as one frame: valid UTF-8 when it is text. The bytes are copied. */
  write(payload: Uint8Array, isText: boolean): void {
    const { length } = payload;
    const head = length < 126 ? 6 : length < 65_536 ? 8 : 14;
    const size = head + length;
    if (this.#messages === 0) process.nextTick(() => this.flush());
    this.#messages += 1;
    this.#payload += length;
    if (size > maxSharedFrame) {
      this.#endPart();
      const block = this.#memory.take(size + 3);
      // So that whole words of the payload can be masked on the way.
      const start = (payload.byteOffset - head) & 3;
      writeFrame(block, start, payload, isText);
      this.#blocks.push(block);
      this.#parts.push(block.bytes.subarray(start, start + size));
      return;
    }
    const { block, start } = this.#memory.share(size);
    if (block !== this.#block || start !== this.#end) {
      this.#endPart();
      this.#block = block;
      this.#start = start;
    }
    this.#end = start + size;
    writeFrame(block, start, payload, isText);
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#messages === 0) return;
    this.#endPart();
    const [parts, blocks, messages, payload] = [
      this.#parts,
      this.#blocks,
      this.#messages,
      this.#payload,
    ];
    this.#parts = [];
    if (blocks.length > 0) this.#blocks = [];
    this.#messages = this.#payload = 0;
    const done = (error?: Error | null): void => {
      // What failed to leave stays in the count for good; the connection ends for the same reason.
      if (error) return;
      for (const block of blocks) this.#memory.giveBack(block);
      this.#sent(payload, messages);
    };
    const last = parts.length - 1;
    if (last > 0) this.#socket.cork();
    for (const [index, part] of parts.entries()) {
      if (index === last) this.#write(part, done);
      else this.#write(part);
    }
    if (last > 0) this.#socket.uncork();
  }

  #endPart(): void {
    if (this.#block !== undefined) {
      this.#parts.push(this.#block.bytes.subarray(this.#start, this.#end));
    }
    this.#block = undefined;
    this.#end = -1;
  }
}

const textFrame = 0x81;
const binaryFrame = 0x82;
const masked = 0x80;

function writeFrame(block: Block, start: number, payload: Uint8Array, isText: boolean): void {
  const { bytes } = block;
  const { length } = payload;
  let offset = start;
  bytes[offset++] = isText ? textFrame : binaryFrame;
  if (length < 126) bytes[offset++] = masked | length;
  else if (length < 65_536) {
    bytes[offset++] = masked | 126;
    offset = bytes.writeUInt16BE(length, offset);
  } else {
    bytes[offset++] = masked | 127;
    offset = bytes.writeUInt32BE(Math.floor(length / 2 ** 32), offset);
    offset = bytes.writeUInt32BE(length % 2 ** 32, offset);
  }
  const key = takeKey();
  bytes[offset++] = key;
  bytes[offset++] = key >>> 8;
  bytes[offset++] = key >>> 16;
  bytes[offset++] = key >>> 24;
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

function takeKey(): number {
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
