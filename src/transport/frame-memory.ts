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
export interface Block {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
}

const sharedBytes = 32_768;

/** Frames up to this length share memory with others. */
export const maxSharedFrame = 8_192;

/** Memory that is kept for large frames to come. */
const maxFreeBytes = 4_194_304;

function createBlock(bytes: number): Block {
  // Memory of its own: a piece of a pool would not begin at a whole word.
  const buffer = Buffer.allocUnsafeSlow((bytes + 7) & ~3);
  return { bytes: buffer, words: new Int32Array(buffer.buffer) };
}
