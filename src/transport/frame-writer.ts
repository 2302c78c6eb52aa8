import type { Socket } from "node:net";
import { takeKey, writeMasked } from "./frame-mask.ts";
import { type Block, type FrameMemory, maxSharedFrame } from "./frame-memory.ts";

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
  writeMasked(block, offset, payload, key);
}
