import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  RELEASE_SYNC,
  type QuickJSContext,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
} from "quickjs-emscripten";
import { SandboxError } from "../errors.ts";

/** A build of QuickJS: its loader and the path of its WebAssembly file. */
export interface EngineBuild {
  readonly variant: QuickJSSyncVariant;
  readonly wasmFile: string;
}

/** The build that sandboxes use: Bellard's QuickJS, synchronous, optimised. */
export const defaultBuild: EngineBuild = {
  variant: RELEASE_SYNC,
  wasmFile: createRequire(import.meta.url).resolve("@jitl/quickjs-wasmfile-release-sync/wasm"),
};

/** Options of {@link createEngine}. Bytes. */
export interface EngineOptions {
  readonly maxMemory: number;
  readonly maxStack: number;
  /** @defaultValue {@link defaultBuild} */
  readonly build?: EngineBuild | undefined;
  /** The build's WebAssembly file, compiled. @defaultValue it is compiled, once per thread */
  readonly compiled?: WebAssembly.Module | undefined;
}

/** One QuickJS in a WebAssembly instance and memory of its own. */
export interface Engine extends Disposable {
  readonly context: QuickJSContext;
  readonly runtime: QuickJSRuntime;
  /**
   * Asked by the engine now and then while a script runs, from inside the engine: must be quick and must not call into it.
   * `true` interrupts the script.
   */
  shouldInterrupt: () => boolean;
}

const pageSize = 65_536;

/**
 * Creates an engine whose memory cannot grow past `maxMemory`.
 *
 * The memory is reserved at once and becomes resident as the script touches it. Dropping all references to an engine frees
 * everything; {@link Engine} disposal is a best effort that frees earlier.
 *
 * @throws {SandboxError} `ERR_ENGINE` if the WebAssembly module cannot be loaded or its memory cannot be reserved.
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { variant, wasmFile } = options.build ?? defaultBuild;
  const pages = Math.floor(options.maxMemory / pageSize);
  try {
    const quickjs = await newQuickJSWASMModuleFromVariant(
      newVariant(variant, {
        wasmModule: options.compiled ?? (await compileEngine({ variant, wasmFile })),
        wasmMemory: new WebAssembly.Memory({ initial: pages, maximum: pages }),
      }),
    );
    const runtime = quickjs.newRuntime({ maxStackSizeBytes: options.maxStack });
    const context = runtime.newContext();
    const engine: Engine = {
      context,
      runtime,
      shouldInterrupt: () => false,
      [Symbol.dispose]() {
        context.dispose();
        runtime.dispose();
      },
    };
    runtime.setInterruptHandler(() => engine.shouldInterrupt());
    return engine;
  } catch (error) {
    throw new SandboxError(
      "ERR_ENGINE",
      `The QuickJS engine could not be started with ${options.maxMemory} bytes of memory`,
      { cause: error },
    );
  }
}

const modules = new Map<string, Promise<WebAssembly.Module>>();

/** Compiles the WebAssembly file of a build, once per thread. The result can be posted to other threads. */
export function compileEngine(build: EngineBuild = defaultBuild): Promise<WebAssembly.Module> {
  let module = modules.get(build.wasmFile);
  if (module === undefined) {
    module = readFile(build.wasmFile).then((bytes) => WebAssembly.compile(bytes));
    modules.set(build.wasmFile, module);
  }
  return module;
}
