/** Where the bytes of a body come from. */
import { copyBytes } from "../bytes.ts";
import {
  arrayBufferByteLength,
  createList,
  typedArrayBuffer,
  typedArraySet,
  Uint8ArrayOf,
} from "../intrinsics.ts";

/** Takes the next bytes, which are its own, or nothing at the end. */
export type Take = (bytes: ArrayBuffer | undefined) => void;

/** Bytes to be read once, piece by piece. */
export interface ByteSource {
  /** Calls one of the functions, at once or later. There is one read at a time, and none after the end. */
  read(take: Take, fail: (reason: unknown) => void): void;
  /** Nobody wants the rest. */
  cancel(): void;
  /** All of the bytes, where they are at hand; they are only to be read. */
  readonly whole: ArrayBuffer | undefined;
}

/** A source of bytes that are there. */
export function wholeSource(whole: ArrayBuffer): ByteSource {
  let isRead = arrayBufferByteLength(whole) === 0;
  return {
    whole,
    read(take) {
      if (isRead) {
        take(undefined);
        return;
      }
      isRead = true;
      take(copyBytes(whole, 0, arrayBufferByteLength(whole)));
    },
    cancel() {
      isRead = true;
    },
  };
}

/** Bytes in pieces. */
export interface Chunks {
  readonly list: ArrayBuffer[];
  size: number;
}

export function createChunks(): Chunks {
  return { list: createList(), size: 0 };
}

export function addChunk(chunks: Chunks, bytes: ArrayBuffer): void {
  chunks.list[chunks.list.length] = bytes;
  chunks.size += arrayBufferByteLength(bytes);
}

/** Reads everything into one buffer. */
export function readAll(
  source: ByteSource,
  done: (bytes: ArrayBuffer) => void,
  fail: (reason: unknown) => void,
): void {
  const chunks = createChunks();
  // A source may answer at once, again and again: that must not take stack.
  let isWaiting = false;
  let isLooping = false;
  const take: Take = (bytes) => {
    if (bytes === undefined) {
      try {
        done(joinChunks(chunks));
      } catch (error) {
        fail(error);
      }
      return;
    }
    addChunk(chunks, bytes);
    isWaiting = true;
    if (!isLooping) loop();
  };
  const loop = (): void => {
    isLooping = true;
    while (isWaiting) {
      isWaiting = false;
      source.read(take, fail);
    }
    isLooping = false;
  };
  isWaiting = true;
  loop();
}

/** Two sources of the same bytes: what one has read, and the other has not, is kept for it. */
export function tee(source: ByteSource): readonly [ByteSource, ByteSource] {
  const { whole } = source;
  if (whole !== undefined) return [wholeSource(whole), wholeSource(whole)];
  const first = createBranch();
  const second = createBranch();
  let isReading = false;

  function pull(): void {
    if (isReading) return;
    isReading = true;
    source.read(
      (bytes) => {
        isReading = false;
        settle(first, bytes, false);
        settle(second, bytes, true);
      },
      (reason) => {
        isReading = false;
        const failure = { reason };
        fail(first, failure);
        fail(second, failure);
      },
    );
  }

  function branchSource(branch: Branch, other: Branch): ByteSource {
    return {
      whole: undefined,
      read(take, failed) {
        if (branch.first !== undefined) {
          const { bytes, next } = branch.first;
          branch.first = next;
          if (next === undefined) branch.last = undefined;
          take(bytes);
        } else if (branch.failure !== undefined) failed(branch.failure.reason);
        else if (branch.isEnded) take(undefined);
        else {
          branch.take = take;
          branch.fail = failed;
          pull();
        }
      },
      cancel() {
        branch.isCancelled = true;
        branch.first = branch.last = undefined;
        if (other.isCancelled) source.cancel();
      },
    };
  }

  return [branchSource(first, second), branchSource(second, first)];
}

interface Chunk {
  readonly bytes: ArrayBuffer;
  next: Chunk | undefined;
}

interface Branch {
  first: Chunk | undefined;
  last: Chunk | undefined;
  isEnded: boolean;
  isCancelled: boolean;
  failure: { readonly reason: unknown } | undefined;
  take: Take | undefined;
  fail: ((reason: unknown) => void) | undefined;
}

function createBranch(): Branch {
  return {
    first: undefined,
    last: undefined,
    isEnded: false,
    isCancelled: false,
    failure: undefined,
    take: undefined,
    fail: undefined,
  };
}

function settle(branch: Branch, bytes: ArrayBuffer | undefined, isCopied: boolean): void {
  const { take } = branch;
  if (bytes === undefined) branch.isEnded = true;
  if (branch.isCancelled) return;
  const own =
    bytes !== undefined && isCopied ? copyBytes(bytes, 0, arrayBufferByteLength(bytes)) : bytes;
  if (take !== undefined) {
    branch.take = undefined;
    take(own);
  } else if (own !== undefined) {
    const chunk: Chunk = { bytes: own, next: undefined };
    if (branch.last === undefined) branch.first = chunk;
    else branch.last.next = chunk;
    branch.last = chunk;
  }
}

function fail(branch: Branch, failure: { readonly reason: unknown }): void {
  branch.failure = failure;
  if (branch.take === undefined) return;
  branch.take = undefined;
  branch.fail?.(failure.reason);
}

/** The bytes in one buffer, which is the only chunk if there is one. */
export function joinChunks({ list: chunks, size }: Chunks): ArrayBuffer {
  if (chunks.length === 1) return chunks[0] as ArrayBuffer;
  const joined = new Uint8ArrayOf(size);
  let offset = 0;
  for (let index = 0; index < chunks.length; index++) {
    const chunk = chunks[index] as ArrayBuffer;
    typedArraySet(joined, new Uint8ArrayOf(chunk), offset);
    offset += arrayBufferByteLength(chunk);
  }
  return typedArrayBuffer(joined) as ArrayBuffer;
}
