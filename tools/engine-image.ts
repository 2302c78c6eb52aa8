import { writeFile } from "node:fs/promises";
import type { QuickJSContext } from "quickjs-emscripten";
import { compileFile, tableExport } from "../src/engine/compiled-engine.ts";
import { defaultBuild, instantiate } from "../src/engine/engine.ts";
import { installRuntime } from "../src/engine/guest.ts";
import type { HostActions } from "../src/engine/host-calls.ts";
import { type ImageLayout, packImage } from "../src/engine/image.ts";
import { contextAddress, runtimeAddress } from "../src/engine/internals.ts";
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
  const entries = Object.entries(
    installRuntime(
      { context, values: createValues(context, undefined), raw: undefined },
      bundle,
      noCalls,
    ),
  );
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
  updated() {},
  now: () => 0,
  setAlarm() {},
  log() {},
  alert() {},
  report() {},
  settled() {},
  randomBytes: (length) => new ArrayBuffer(length),
  encode: () => new ArrayBuffer(0),
  decode: () => "",
  encodingName: () => "",
  url: () => "null",
};

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
