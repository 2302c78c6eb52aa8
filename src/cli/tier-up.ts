import { setFlagsFromString } from "node:v8";
import { compileFile, defaultWasmFile } from "../engine/compiled-engine.ts";

/** The newest Node whose V8 is known to have the flag: another would complain on standard error. */
const newestKnownNode = 24;

/**
 * Compiles the engine, once `ready` has settled, so that it runs for some milliseconds before V8 compiles its hot functions again with the optimizing
 * compiler.
 *
 * A thread cannot end while that compiler works on one of the engine's huge functions: a short script would wait a tenth of a
 * second for code that it never runs. Once a flag was set, V8 refuses the code cache of
 * Node's own modules, and a worker needs twice as long to start: `ready` is when it runs.
 */
export async function compileWithLateTierUp(ready: Promise<void>): Promise<void> {
  await ready;
  if (Number.parseInt(process.versions.node, 10) > newestKnownNode) return;
  setFlagsFromString("--wasm-tiering-budget=100000000");
  await compileFile(defaultWasmFile());
}
