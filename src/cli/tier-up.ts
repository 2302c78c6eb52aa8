import { setFlagsFromString } from "node:v8";

/** The newest Node whose V8 is known to have the flag: another would complain on standard error. */
const newestKnownNode = 24;

/**
 * Lets WebAssembly run for some milliseconds before V8 compiles its hot functions again with the optimizing compiler.
 *
 * A thread cannot end while that compiler works on one of the engine's huge functions: a short script would wait a tenth of a
 * second for code that it never runs.
 */
export function delayTierUp(): void {
  if (Number.parseInt(process.versions.node, 10) > newestKnownNode) return;
  setFlagsFromString("--wasm-tiering-budget=100000000");
}
