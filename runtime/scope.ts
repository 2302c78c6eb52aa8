import type { HostCalls, RuntimeOptions } from "../src/boundary.ts";
import type { Steps } from "./steps.ts";

/** What the parts of the runtime need to install themselves: every part exports an `installX(scope)`. */
export interface RuntimeScope {
  readonly global: typeof globalThis;
  readonly host: HostCalls;
  readonly options: RuntimeOptions;
  /** Callbacks that the host's events cause: one step for each. What a step throws is reported. */
  readonly steps: Steps;
  /** Reports an exception at once, as `reportError` does. Not for steps: they throw. */
  report(exception: unknown): void;
  /** Reports the rejection of a promise that a callback returned; other values are ignored. */
  watch(value: unknown): void;
}
