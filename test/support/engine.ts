import type { QuickJSContext } from "quickjs-emscripten";
import { onTestFinished } from "vitest";
import { createEngine, type Engine } from "../../src/engine/engine.ts";
import { RawEngine } from "../../src/engine/raw-engine.ts";
import { type BuildName, buildNames, builds } from "./builds.ts";
import { createDebugEngine } from "./debug-engine.ts";

/** Options of {@link createTestEngine}. */
export interface TestEngineOptions {
  /** @defaultValue the first of {@link buildNames} */
  readonly build?: BuildName | undefined;
  /** Bytes. @defaultValue 64 MiB */
  readonly maxMemory?: number;
  /** Bytes. @defaultValue 256 KiB */
  readonly maxStack?: number;
  /** Whether to start from the engine image, as sandboxes do. @defaultValue true, for the build that has one */
  readonly image?: boolean;
  /** See `EngineOptions.wallNow`. */
  readonly wallNow?: () => number;
}

/** Creates an engine in a build of choice. Disposal of the debug build throws when anything leaked. */
export function createTestEngine(options: TestEngineOptions = {}): Promise<Engine> {
  const {
    build = buildNames[0] ?? "bellard",
    maxMemory = 64 * 2 ** 20,
    maxStack = 256 * 2 ** 10,
    image = true,
    wallNow,
  } = options;
  // Its frames take several times as much: what fits elsewhere has to fit here.
  if (build === "debug") return createDebugEngine({ maxMemory, maxStack: maxStack * 3, wallNow });
  return createEngine({ maxMemory, maxStack, build: builds[build], image, wallNow });
}

/** Creates an engine that is disposed of with the test. */
export async function openEngine(options: TestEngineOptions): Promise<Engine> {
  const engine = await createTestEngine(options);
  onTestFinished(() => engine[Symbol.dispose]());
  return engine;
}

/** Raw access to a context, disposed of with the test. */
export function openRaw(context: QuickJSContext): RawEngine | undefined {
  const raw = RawEngine.open(context);
  onTestFinished(() => raw?.[Symbol.dispose]());
  return raw;
}

/** Evaluates a script and returns its value as a copy; throws what it threw. */
export function evaluate(context: QuickJSContext, source: string): unknown {
  return context
    .unwrapResult(context.evalCode(source, "test.js", { type: "global" }))
    .consume((handle) => context.dump(handle) as unknown);
}
