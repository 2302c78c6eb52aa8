import { readFile } from "node:fs/promises";
import type { GuestRuntime } from "../boundary.ts";

/**
 * The memory of an engine with the guest runtime installed, made when the package is built. Copying it into a fresh
 * instance takes a millisecond where evaluating the runtime takes a hundred in a cold process. Can be posted to other threads.
 */
export interface EngineImage {
  readonly layout: ImageLayout;
  /** Shared, so that all threads of a process use one copy. */
  readonly data: SharedArrayBuffer;
}

/** Where things are in the memory of an {@link EngineImage}. All are addresses. */
export interface ImageLayout {
  /** SHA-256 of the WebAssembly file that the image belongs to. */
  readonly wasm: string;
  /** Entries of the instance's function table. */
  readonly tableLength: number;
  readonly runtime: number;
  readonly context: number;
  /** The entries of the guest runtime. */
  readonly entries: Readonly<Record<keyof GuestRuntime, number>>;
  /** Field of the runtime's promise rejection tracker. */
  readonly tracker: number;
  /** Eight bytes of state of `Math.random`. */
  readonly random: number;
  /** The stretches that are not zero: where each starts, and how long it is. Their bytes follow each other in the data. */
  readonly stretches: readonly (readonly [address: number, bytes: number])[];
}

/** Memory is taken over in blocks of this size. */
const blockBytes = 4_096;

/** Puts the parts of an image into one file: the length of the layout's JSON, the JSON, the bytes. */
export function packImage(
  memory: Uint8Array,
  layout: Omit<ImageLayout, "stretches">,
): Buffer<ArrayBuffer> {
  const stretches = findStretches(memory);
  const json = Buffer.from(JSON.stringify({ ...layout, stretches }));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(json.length);
  const parts = stretches.map(([address, bytes]) => memory.subarray(address, address + bytes));
  return Buffer.concat([head, json, ...parts]);
}

/** Reads a file made by {@link packImage}. Returns nothing when there is none, or when it is for another WebAssembly file. */
export async function readImage(
  file: string | undefined,
  wasm: string,
): Promise<EngineImage | undefined> {
  if (file === undefined) return undefined;
  const bytes = await readFile(file);
  const start = 4 + bytes.readUInt32LE(0);
  // Written by this project's own build.
  const layout = JSON.parse(bytes.toString("utf8", 4, start)) as ImageLayout;
  if (layout.wasm !== wasm) return undefined;
  const data = new SharedArrayBuffer(bytes.length - start);
  new Uint8Array(data).set(bytes.subarray(start));
  return { layout, data };
}

/** Makes a seed for {@link restoreImage}. The module is loaded late: a sandbox's thread gets its seed from outside. */
export async function randomSeed(): Promise<Uint8Array> {
  const { randomBytes } = await import("node:crypto");
  return randomBytes(8);
}

/** Copies an image over the memory of a fresh instance, with `seed` as the state of `Math.random`. */
export function restoreImage(
  { layout, data }: EngineImage,
  memory: ArrayBuffer,
  seed: Uint8Array,
): void {
  const target = new Uint8Array(memory);
  const source = new Uint8Array(data);
  let offset = 0;
  for (const [address, bytes] of layout.stretches) {
    target.set(source.subarray(offset, offset + bytes), address);
    offset += bytes;
  }
  target.set(seed.subarray(0, 8), layout.random);
  // The generator would never leave a state of zero.
  target[layout.random] = (target[layout.random] ?? 0) | 1;
}

function findStretches(memory: Uint8Array): [address: number, bytes: number][] {
  const stretches: [address: number, bytes: number][] = [];
  for (let start = 0; start < memory.length; start += blockBytes) {
    const block = memory.subarray(start, start + blockBytes);
    if (block.every((byte) => byte === 0)) continue;
    const last = stretches.at(-1);
    if (last !== undefined && last[0] + last[1] === start) last[1] += block.length;
    else stretches.push([start, block.length]);
  }
  return stretches;
}
