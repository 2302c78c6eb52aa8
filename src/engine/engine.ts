import releaseSync from "@jitl/quickjs-wasmfile-release-sync";
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
  type QuickJSWASMModule,
} from "quickjs-emscripten-core";
import { SandboxError } from "../errors.ts";
import {
  type CompiledEngine,
  compileFile,
  defaultWasmFile,
  tableExport,
} from "./compiled-engine.ts";
import type { Entries } from "./guest.ts";
import { type EngineImage, randomSeed, restoreImage } from "./image.ts";
import { adoptContext, adoptHandle } from "./internals.ts";
import { findTrackerField, type Rejections, trackRejections } from "./rejections.ts";
import { withWallClock } from "./wall-clock.ts";

/** A build of QuickJS: its loader and the path of its WebAssembly file. */
export interface EngineBuild {
  readonly variant: QuickJSSyncVariant;
  readonly wasmFile: string;
}

/** The build that sandboxes use: Bellard's QuickJS, synchronous, optimised. */
export const defaultBuild: EngineBuild = {
  // Its declarations are those of its CommonJS build, whose default export is the namespace.
  variant: releaseSync as unknown as QuickJSSyncVariant,
  get wasmFile() {
    return defaultWasmFile();
  },
};

/** Options of {@link createEngine}. Bytes. */
export interface EngineOptions {
  readonly maxMemory: number;
  readonly maxStack: number;
  /** @defaultValue {@link defaultBuild} */
  readonly build?: EngineBuild | undefined;
  /** Result of {@link compileFile} for the build. @defaultValue it is compiled, once per thread */
  readonly compiled?: CompiledEngine | undefined;
  /** Whether to start from the image that the package was built with. @defaultValue true */
  readonly image?: boolean | undefined;
  /** Eight random bytes for an engine from the image. @defaultValue taken from the host's secure generator */
  readonly seed?: Uint8Array | undefined;
  /** What `Date` shows, in milliseconds since 1970. @defaultValue the system's time */
  readonly wallNow?: (() => number) | undefined;
}

/** One QuickJS in a WebAssembly instance and memory of its own. */
export interface Engine extends Disposable {
  readonly context: QuickJSContext;
  readonly runtime: QuickJSRuntime;
  /** Entries of the guest runtime, when the engine came from an image where it is installed. */
  readonly entries: Entries | undefined;
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
    const parts = await instantiate(build, compiled, pages, options.wallNow);
    const { instance, memory } = parts;
    const image = options.image === false ? undefined : compiled.image;
    const { context, entries, trackerField } =
      image === undefined
        ? createContext(parts, compiled)
        : restoreContext(parts, image, options.seed ?? (await randomSeed()));
    const { runtime } = context;
    runtime.setMaxStackSize(options.maxStack);
    const engine: Engine = {
      context,
      runtime,
      entries,
      rejections:
        trackerField === undefined
          ? undefined
          : trackRejections({ context, instance, memory, field: trackerField }),
      shouldInterrupt: () => false,
      [Symbol.dispose]() {
        // An image that no guest was made from refers to host functions that do not exist: it is dropped as it is.
        if (entries?.step.alive === true) return;
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

/** An instance of the engine without a context yet. */
interface EngineParts {
  readonly quickjs: QuickJSWASMModule;
  readonly instance: WebAssembly.Instance;
  readonly memory: WebAssembly.Memory;
}

/** Makes an instance with a memory of exactly so many pages of 64 KiB. */
export async function instantiate(
  build: EngineBuild,
  { module }: CompiledEngine,
  pages: number,
  wallNow?: () => number,
): Promise<EngineParts> {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  let instance: WebAssembly.Instance | undefined;
  const emscriptenModule: LoaderOptions = {
    // Emscripten copies it into the memory, where by default it is the path of the host's program.
    thisProgram: "netdevice",
    instantiateWasm(imports, received) {
      instance = new WebAssembly.Instance(
        module,
        wallNow === undefined ? imports : withWallClock(imports, wallNow),
      );
      received(instance);
      return instance.exports;
    },
  };
  const quickjs = await newQuickJSWASMModuleFromVariant(
    newVariant(build.variant, { wasmMemory: memory, emscriptenModule }),
  );
  if (instance === undefined) throw new Error("The loader made no instance");
  return { quickjs, instance, memory };
}

interface ContextParts {
  readonly context: QuickJSContext;
  readonly entries: Entries | undefined;
  /** Address of the runtime's field for a promise rejection tracker, when the file is known. */
  readonly trackerField: number | undefined;
}

function createContext(
  { quickjs, memory }: EngineParts,
  { trackerWord }: CompiledEngine,
): ContextParts {
  const context = quickjs.newRuntime().newContext();
  const trackerField =
    trackerWord === undefined ? undefined : findTrackerField(context, memory, trackerWord);
  return { context, entries: undefined, trackerField };
}

/** Wraps the runtime and context that an image holds, in place of making new ones. */
function restoreContext(
  { quickjs, instance, memory }: EngineParts,
  image: EngineImage,
  seed: Uint8Array,
): ContextParts {
  const { layout } = image;
  const table = instance.exports[tableExport] as WebAssembly.Table;
  if (table.length !== layout.tableLength) throw new Error("The image is for another build");
  restoreImage(image, memory.buffer, seed);
  const context = adoptContext(quickjs, layout.runtime, layout.context);
  const entries = Object.entries(layout.entries).map(([name, address]) => [
    name,
    adoptHandle(context, address),
  ]);
  return {
    context,
    // The layout has exactly these names: it is made from the same type.
    entries: Object.fromEntries(entries) as Entries,
    trackerField: layout.tracker,
  };
}

/** Options of Emscripten's loader that the declarations of quickjs-emscripten leave out. */
interface LoaderOptions {
  readonly thisProgram: string;
  /** Brings an instance of one's own. */
  instantiateWasm(
    imports: WebAssembly.Imports,
    received: (instance: WebAssembly.Instance) => void,
  ): WebAssembly.Exports;
}
