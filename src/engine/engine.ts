import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
  RELEASE_SYNC,
} from "quickjs-emscripten";
import { SandboxError } from "../errors.ts";
import { type CompiledEngine, compileFile, defaultWasmFile } from "./compiled-engine.ts";
import { type Rejections, trackRejections } from "./rejections.ts";

/** A build of QuickJS: its loader and the path of its WebAssembly file. */
export interface EngineBuild {
  readonly variant: QuickJSSyncVariant;
  readonly wasmFile: string;
}

/** The build that sandboxes use: Bellard's QuickJS, synchronous, optimised. */
export const defaultBuild: EngineBuild = {
  variant: RELEASE_SYNC,
  wasmFile: defaultWasmFile,
};

/** Options of {@link createEngine}. Bytes. */
export interface EngineOptions {
  readonly maxMemory: number;
  readonly maxStack: number;
  /** @defaultValue {@link defaultBuild} */
  readonly build?: EngineBuild | undefined;
  /** Result of {@link compileFile} for the build. @defaultValue it is compiled, once per thread */
  readonly compiled?: CompiledEngine | undefined;
}

/** One QuickJS in a WebAssembly instance and memory of its own. */
export interface Engine extends Disposable {
  readonly context: QuickJSContext;
  readonly runtime: QuickJSRuntime;
  /** Promises that were rejected and that nobody handles; absent for a build whose insides are not known. */
  readonly rejections: Rejections | undefined;
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
  const { build = defaultBuild } = options;
  const pages = Math.floor(options.maxMemory / pageSize);
  try {
    const compiled = options.compiled ?? (await compileFile(build.wasmFile));
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    let instance: WebAssembly.Instance | undefined;
    const emscriptenModule: InstantiateHook = {
      instantiateWasm(imports, received) {
        instance = new WebAssembly.Instance(compiled.module, imports);
        received(instance);
        return instance.exports;
      },
    };
    const quickjs = await newQuickJSWASMModuleFromVariant(
      newVariant(build.variant, { wasmMemory: memory, emscriptenModule }),
    );
    const runtime = quickjs.newRuntime({ maxStackSizeBytes: options.maxStack });
    const context = runtime.newContext();
    const engine: Engine = {
      context,
      runtime,
      rejections: instance && trackRejections({ context, compiled, instance, memory }),
      shouldInterrupt: () => false,
      [Symbol.dispose]() {
        engine.rejections?.[Symbol.dispose]();
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

/** Emscripten's hook to bring one's own instance; the declarations of quickjs-emscripten leave it out. */
interface InstantiateHook {
  instantiateWasm(
    imports: WebAssembly.Imports,
    received: (instance: WebAssembly.Instance) => void,
  ): WebAssembly.Exports;
}
