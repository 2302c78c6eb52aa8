import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { packageWasmFile, sourceSection } from "../src/engine/compiled-engine.ts";

/**
 * Functions of at most so many instructions are inlined wherever they are called. The engine's build is made for size: counting
 * references and telling kinds of values apart are calls there, made several times for each instruction of a script.
 */
const maxInlined = 30;

const cache: URL = new URL("../node_modules/.cache/quickjs-network-device/", import.meta.url);

/**
 * Makes the engine's WebAssembly file that the package ships from that of the engine's package: a quarter larger, and a fifth faster.
 * The result depends on nothing but the lockfile; it is kept for the next build, because it takes some seconds.
 */
export async function writeEngineWasm(target: URL): Promise<void> {
  const source = await readFile(packageWasmFile);
  const { version } = createRequire(import.meta.url)("binaryen/package.json") as {
    readonly version: string;
  };
  const hash = createHash("sha256").update(source).digest("hex");
  const kept = new URL(`engine-${hash.slice(0, 16)}-${version}-${maxInlined}.wasm`, cache);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(kept);
  } catch {
    bytes = withSection(await inlineSmall(source), sourceSection, hash);
    await mkdir(cache, { recursive: true });
    // At once: another build may be reading.
    const written = new URL(`${kept.href}.${process.pid}`);
    await writeFile(written, bytes);
    await rename(written, kept);
  }
  await writeFile(target, bytes);
}

async function inlineSmall(source: Uint8Array): Promise<Uint8Array> {
  // Loaded late: most builds find the file.
  const { default: binaryen } = await import("binaryen");
  const module = binaryen.readBinary(source);
  try {
    // What the file uses already: nothing that a WebAssembly engine could lack is added.
    module.setFeatures(
      binaryen.Features.BulkMemory |
        binaryen.Features.BulkMemoryOpt |
        binaryen.Features.SignExt |
        binaryen.Features.MutableGlobals |
        binaryen.Features.NontrappingFPToInt |
        binaryen.Features.Multivalue,
    );
    binaryen.setAlwaysInlineMaxSize(maxInlined);
    binaryen.setOptimizeLevel(3);
    module.runPasses(["inlining-optimizing"]);
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

/** Adds a custom section with a text to a WebAssembly module. */
function withSection(bytes: Uint8Array, name: string, text: string): Uint8Array {
  const content = Buffer.from(String.fromCharCode(name.length) + name + text, "latin1");
  const size = Buffer.of((content.length & 0x7f) | 0x80, content.length >> 7);
  return Buffer.concat([bytes, Buffer.of(0), size, content]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeEngineWasm(new URL("../dist/engine.wasm", import.meta.url));
}
