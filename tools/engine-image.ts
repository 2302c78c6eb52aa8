import { writeFile } from "node:fs/promises";
import type { QuickJSContext } from "quickjs-emscripten";
import { compileFile, tableExport } from "../src/engine/compiled-engine.ts";
import { defaultBuild, instantiate } from "../src/engine/engine.ts";
import { installRuntime } from "../src/engine/guest.ts";
import type { HostActions } from "../src/engine/host-calls.ts";
import { type ImageLayout, packImage } from "../src/engine/image.ts";
import { allocate, contextAddress, release, runtimeAddress } from "../src/engine/internals.ts";
import { findTrackerField } from "../src/engine/rejections.ts";
import { createValues } from "../src/engine/values.ts";

/** The smallest memory that a sandbox can have: an image fits into every other. */
const pages = 256;

/** Writes the memory of an engine that has installed what `bundle` evaluates to to `file`; see `src/engine/image.ts`. */
export async function writeEngineImage(bundle: string, wasmFile: string, file: URL): Promise<void> {
  const compiled = await compileFile(wasmFile);
  const { quickjs, instance, memory } = await instantiate(defaultBuild, compiled, pages);
  const { trackerWord, hash } = compiled;
  if (trackerWord === undefined) throw new Error("The WebAssembly file of the engine is not known");
  const context = quickjs.newRuntime().newContext();
  const tracker = findTrackerField(context, memory, trackerWord);
  const random = findRandomState(context, memory);
  const keepSources = dropSources(context, memory);
  const calling = { context, values: createValues(context, undefined), raw: undefined };
  const entries = Object.entries(installRuntime(calling, bundle, noCalls));
  keepSources();
  clearFreeMemory(context, memory);
  const image = packImage(new Uint8Array(memory.buffer), {
    wasm: hash,
    tableLength: (instance.exports[tableExport] as WebAssembly.Table).length,
    runtime: runtimeAddress(context.runtime),
    context: contextAddress(context),
    entries: Object.fromEntries(
      entries.map(([name, handle]) => [name, Number(handle.value)]),
    ) as ImageLayout["entries"],
    tracker,
    random,
  });
  await writeFile(file, image);
}

/** A host for the installation, which asks it nothing that matters. */
const noCalls: HostActions = {
  connect: () => "",
  send() {},
  close() {},
  abort() {},
  bufferedAmount: () => 0,
  fetch: () => 0,
  fetchRead() {},
  fetchAbort() {},
  updated() {},
  now: () => 0,
  setAlarm() {},
  log() {},
  alert() {},
  report() {},
  exceeded() {},
  settled() {},
  randomBytes: (length) => new ArrayBuffer(length),
  encode: () => new ArrayBuffer(0),
  decode: () => "",
  encodingName: () => "",
  url: () => "null",
  startTask: () => 0,
};

/** Byte of a runtime that holds QuickJS's flags for what functions leave out; its first bit is for their source text. */
const stripFlags = 228;

/**
 * Has functions made without their source text from now on: nobody can see that of the runtime, and it would be an eighth of an image.
 * The result goes back to normal.
 */
function dropSources(context: QuickJSContext, memory: WebAssembly.Memory): () => void {
  const address = runtimeAddress(context.runtime) + stripFlags;
  const bytes = new Uint8Array(memory.buffer);
  const showsSource = (): boolean =>
    context
      .unwrapResult(context.evalCode("(() => 4711).toString()"))
      .consume((handle) => context.getString(handle).includes("4711"));
  bytes[address] = 1;
  if (showsSource()) throw new Error("The flags for source texts are at another place");
  return () => {
    bytes[address] = 0;
    if (!showsSource()) throw new Error("The flags for source texts are at another place");
  };
}

/**
 * Overwrites what was freed with zeros: most of what evaluating the runtime took. Each sandbox would copy it, and have the memory for
 * it resident.
 */
function clearFreeMemory(context: QuickJSContext, memory: WebAssembly.Memory): void {
  const bytes = new Uint8Array(memory.buffer);
  const end = bytes.findLastIndex((byte) => byte !== 0);
  const blocks: number[] = [];
  for (let size = 2 ** 20; size >= 16; size /= 2) {
    for (;;) {
      const address = allocate(context, size);
      blocks.push(address);
      // Nothing free is left, and the allocator takes what was never used.
      if (address > end) break;
      bytes.fill(0, address, address + size);
    }
  }
  for (const address of blocks) release(context, address);
}

/** Finds the state of `Math.random`: the eight bytes of the context that decide on its next value, and nothing else does. */
function findRandomState(context: QuickJSContext, memory: WebAssembly.Memory): number {
  const start = contextAddress(context);
  const view = new DataView(memory.buffer);
  const next = (address: number, state: bigint): number => {
    const before = view.getBigUint64(address, true);
    view.setBigUint64(address, state, true);
    const value = context
      .unwrapResult(context.evalCode("Math.random()"))
      .consume((handle) => context.getNumber(handle));
    view.setBigUint64(address, before, true);
    return value;
  };
  // Every byte of the state changes sooner or later; the high bytes of pointers and counters never do.
  const changed = new Uint8Array(1_024);
  for (let round = 0; round < 64; round += 1) {
    const before = new Uint8Array(memory.buffer, start, changed.length).slice();
    context.unwrapResult(context.evalCode("Math.random()")).dispose();
    const after = new Uint8Array(memory.buffer, start, changed.length);
    for (const [index, byte] of after.entries()) {
      if (byte !== before[index]) changed[index] = 1;
    }
  }
  for (let offset = 0; offset < changed.length; offset += 8) {
    if (!changed.subarray(offset, offset + 8).every((flag) => flag === 1)) continue;
    const address = start + offset;
    const [first, again, other] = [next(address, 1n), next(address, 1n), next(address, 2n)];
    if (first === again && first !== other) return address;
  }
  throw new Error("The state of Math.random was not found");
}
