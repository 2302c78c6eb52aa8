import { type ExitCode, exitCode } from "./exit-code.ts";

/** Asks to stop at the first SIGINT or SIGTERM; the second ends the process at once. */
export function onSignals(stop: (code: ExitCode) => void): void {
  let isStopping = false;
  const listen = (signal: NodeJS.Signals, code: ExitCode): void => {
    process.on(signal, () => {
      if (isStopping) process.exit(code);
      isStopping = true;
      stop(code);
    });
  };
  listen("SIGINT", exitCode.interrupted);
  listen("SIGTERM", exitCode.terminated);
}

/** A timeout that was started. */
export interface Timeout {
  hasPassed(): boolean;
}

/** Calls back once after `milliseconds`, if that is a number. Does not keep the process alive. */
export function startTimeout(milliseconds: number | undefined, callback: () => void): Timeout {
  if (milliseconds === undefined) return { hasPassed: () => false };
  const end = performance.now() + milliseconds;
  setTimeout(callback, milliseconds).unref();
  return { hasPassed: () => performance.now() >= end };
}

/** Waits for a promise, but not longer than `milliseconds`. */
export async function waitAtMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
