import type { HostCalls, RuntimeOptions } from "../src/boundary.ts";
import type { Steps } from "./steps.ts";

/** What the parts of the runtime need to install themselves: every part exports an `installX(scope)`. `timers.ts` also exports its
 * handler of the alarm, and `runLater(milliseconds, step)` for `AbortSignal.timeout`, which is no timer that a script could clear. */
export interface RuntimeScope {
  readonly global: typeof globalThis;
  readonly host: HostCalls;
  readonly options: RuntimeOptions;
  /** Callbacks that the host's events cause: one step for each. What a step throws is reported. */
  readonly steps: Steps;
  /** Reports an exception at once, as `reportError` does: for what runs while a script runs, and for promise jobs. */
  report(exception: unknown): void;
  /** Runs a callback in a task of its own, soon and in order: no timer of the script. Until then the sandbox is not idle. */
  later(callback: () => void): void;
  /** Reports an exception in steps of its own, before all others. A step can simply throw. */
  reportNext(exception: unknown): void;
}
