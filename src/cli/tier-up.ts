import { setFlagsFromString } from "node:v8";
import { compileFile, defaultWasmFile } from "../engine/compiled-engine.ts";

/** The newest Node whose V8 is known to have the flags: another would complain on standard error. */
const newestKnownNode = 24;

/**
 * Compiles the engine, once `ready` has settled, for good with V8's fast compiler: unless `optimize` asks for it, the optimizing one
 * never follows.
 *
 * That takes 37 MB for the function that interprets scripts, soon after each start, and a thread cannot end while it is at work. What
 * it gives there is lost in the noise; JSON and regular expressions take half as long again without it. Once a flag was set, V8 refuses the code cache of Node's own modules, and a worker needs
 * twice as long to start: `ready` is when it runs.
 */
export async function compileEngine(ready: Promise<void>, optimize: boolean): Promise<void> {
  await ready;
  if (!optimize && Number.parseInt(process.versions.node, 10) <= newestKnownNode) {
    setFlagsFromString("--no-wasm-tier-up");
    setFlagsFromString("--no-wasm-dynamic-tiering");
  }
  await compileFile(defaultWasmFile());
}
