import { createRequire } from "node:module";
import debugSync from "@jitl/quickjs-wasmfile-debug-sync";
import type { QuickJSEmscriptenModule, QuickJSSyncVariant } from "quickjs-emscripten";
import { createEngine, type Engine, type EngineBuild } from "../../src/engine/engine.ts";

/** What the sanitizer needs beside the engine: a mebibyte for each size of allocation, and its tables. */
const sanitizerMemory = 192 * 2 ** 20;

/** Engines that have not been disposed of, and so not been checked, in this test file. */
export const uncheckedEngines: Set<Engine> = new Set();

/**
 * Creates an engine in the debug build, which keeps account of every allocation. Its disposal throws when one is left: one that
 * no global and no stack of the engine leads to, as none should any more when context and runtime are gone.
 */
export async function createDebugEngine(options: {
  readonly maxMemory: number;
  readonly maxStack: number;
  readonly wallNow?: (() => number) | undefined;
}): Promise<Engine> {
  const printed: string[] = [];
  const engine = await createEngine({
    maxMemory: options.maxMemory + sanitizerMemory,
    maxStack: options.maxStack,
    wallNow: options.wallNow,
    build: debugBuild((line) => printed.push(line)),
  });
  const dispose = engine[Symbol.dispose];
  uncheckedEngines.add(engine);
  engine[Symbol.dispose] = () => {
    uncheckedEngines.delete(engine);
    // What was printed before is about memory that ran out.
    printed.length = 0;
    const { ffi } = engine.context as unknown as {
      readonly ffi: { QTS_RecoverableLeakCheck(): number };
    };
    try {
      dispose();
    } catch (cause) {
      throw new Error(`The engine cannot be disposed of\n${printed.join("\n")}`, { cause });
    }
    const leaks = ffi.QTS_RecoverableLeakCheck() !== 0;
    // A string that is counted too often is freed with its runtime all the same: only the engine tells of it.
    if (leaks || printed.length > 0) {
      throw new Error(`The engine leaks memory\n${printed.join("\n")}`);
    }
  };
  return engine;
}

/** The debug build with a place for what it prints. */
function debugBuild(print: (line: string) => void): EngineBuild {
  // Its declarations are those of its CommonJS build, whose default export is the namespace.
  const variant = debugSync as unknown as QuickJSSyncVariant;
  return {
    wasmFile: createRequire(import.meta.url).resolve("@jitl/quickjs-wasmfile-debug-sync/wasm"),
    variant: {
      ...variant,
      async importModuleLoader() {
        // This package answers the loader itself, whose options are Emscripten's.
        const load = (await variant.importModuleLoader()) as ModuleLoader;
        return (options) => load({ ...options, print, printErr: print, LSAN_OPTIONS: sanitizer });
      },
    },
  };
}

/**
 * A stack for each allocation makes the engine thirty times slower: the sanitizer asks the host for it. To learn where a leak
 * was allocated, run its test with `LEAK_STACKS=1`.
 */
const sanitizer: string = process.env["LEAK_STACKS"] === "1" ? "" : "malloc_context_size=0";

type ModuleLoader = (options: object | undefined) => Promise<QuickJSEmscriptenModule>;
