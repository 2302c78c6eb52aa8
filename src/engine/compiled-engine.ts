import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type EngineImage, readImage } from "./image.ts";

/** A compiled WebAssembly file of QuickJS. Can be posted to other threads. */
export interface CompiledEngine {
  readonly module: WebAssembly.Module;
  /**
   * Where the runtime keeps its `host_promise_rejection_tracker`, in 32-bit words after its `interrupt_handler`.
   * Nothing for a file that is not known.
   */
  readonly trackerWord: number | undefined;
  /** SHA-256 of the file, hexadecimal. An image is bound to it. */
  readonly hash: string;
  /** Memory with the guest runtime evaluated, when the package was built with one for this file. */
  readonly image: EngineImage | undefined;
}

/** Name under which the function table is exported. */
export const tableExport = "function_table";

/**
 * The files whose insides are known, by SHA-256: QuickJS can tell about unhandled rejections, but its published builds
 * offer no way to ask for it. Everything else works without.
 */
const trackerWords: Readonly<Record<string, number>> = {
  // @jitl/quickjs-wasmfile-release-sync 0.32.0
  "105c3bed22d457e43e3d1c3c1c6959fda62a8fe06f0fc8a985303c3a2be72232": 2,
  // @jitl/quickjs-wasmfile-debug-sync 0.32.0, for tests
  "4d2f9f8adf28c48ed273515b815e05ae9a698b54955f7348e951faf43b1febc3": 2,
  // @jitl/quickjs-ng-wasmfile-release-sync 0.32.0: three fields of a promise hook stand between the two
  b56fe5094b8751c47b8c32fb5ed4d75afe2dbb43412d3d983ac5d1156af456da: 5,
};

const require: NodeJS.Require = createRequire(import.meta.url);

/** The WebAssembly file as its package has it. */
export const packageWasmFile: string = require.resolve("@jitl/quickjs-wasmfile-release-sync/wasm");

/** Custom section of a file that was made from another one: that one's SHA-256. What is known of it holds for both. */
export const sourceSection = "quickjs-network-device.source";

/** The WebAssembly file that sandboxes use: the one that this package was built with, or else the one it would be made from. */
export function defaultWasmFile(): string {
  return resolveBuilt("#engine-wasm") ?? packageWasmFile;
}

const compiled = new Map<string, Promise<CompiledEngine>>();

/** Compiles a file, once per thread. */
export function compileFile(file: string): Promise<CompiledEngine> {
  let engine = compiled.get(file);
  if (engine === undefined) {
    engine = compile(file);
    compiled.set(file, engine);
  }
  return engine;
}

async function compile(file: string): Promise<CompiledEngine> {
  const [bytes, { createHash }] = await Promise.all([readFile(file), import("node:crypto")]);
  const hash = createHash("sha256").update(bytes).digest("hex");
  const [module, image] = await Promise.all([
    WebAssembly.compile(withTableExported(bytes)),
    readImage(resolveBuilt("#engine-image"), hash),
  ]);
  // Not declared by Node's types.
  const { customSections } = WebAssembly.Module as unknown as {
    customSections(module: WebAssembly.Module, name: string): ArrayBuffer[];
  };
  const [source] = customSections(module, sourceSection);
  const known = source === undefined ? hash : Buffer.from(source).toString("latin1");
  return { module, trackerWord: trackerWords[known], hash, image };
}

/** Path of a file that the package was built with; nothing when it was not. */
function resolveBuilt(specifier: string): string | undefined {
  try {
    return require.resolve(specifier);
  } catch {
    return undefined;
  }
}

/** Adds the export of table 0 to the export section of a WebAssembly module. */
function withTableExported(bytes: Uint8Array): Uint8Array {
  const exportSection = 7;
  const headerBytes = 8;
  for (let start = headerBytes; start < bytes.length;) {
    const size = readLeb(bytes, start + 1);
    const end = size.next + size.value;
    if (bytes[start] === exportSection) {
      const count = readLeb(bytes, size.next);
      const name = Buffer.from(tableExport);
      const section = Buffer.concat([
        writeLeb(count.value + 1),
        bytes.subarray(count.next, end),
        writeLeb(name.length),
        name,
        // Kind 1 is a table; its index is 0.
        Buffer.of(1, 0),
      ]);
      return Buffer.concat([
        bytes.subarray(0, start),
        Buffer.of(exportSection),
        writeLeb(section.length),
        section,
        bytes.subarray(end),
      ]);
    }
    start = end;
  }
  throw new Error("The WebAssembly module exports nothing");
}

/** Reads an unsigned LEB128 number. */
function readLeb(
  bytes: Uint8Array,
  start: number,
): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let index = start, shift = 0; ; index += 1, shift += 7) {
    const byte = bytes[index] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value: value >>> 0, next: index + 1 };
  }
}

function writeLeb(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
