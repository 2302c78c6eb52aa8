import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type ExitCode, exitCode } from "./exit-code.ts";
import { createOutput } from "./output.ts";
import type { ReplayCommand } from "./replay-options.ts";
import type { ReplayWork } from "./replay-session.ts";
import type { ReplayAnswer } from "./replay-thread.ts";
import { readStandardInput } from "./script-file.ts";
import { onSignals } from "./stop.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Runs a script against a recording.
 *
 * @returns the exit code
 * @throws {UsageError} before anything of the script has run
 */
export async function replay(command: ReplayCommand): Promise<ExitCode> {
  const input = command.script === "-" ? await readStandardInput() : undefined;
  const work: ReplayWork = { command, input };
  const worker = new Worker(new URL("replay-thread.js", import.meta.url), {
    workerData: work,
    execArgv: [],
  });
  const stopped = new Promise<ReplayAnswer>((resolve) => {
    const stop = (code: ExitCode): void => resolve({ type: "ended", code });
    onSignals(stop);
    if (command.timeout !== undefined) {
      setTimeout(() => {
        const output = createOutput({ isBatched: false, onBroken: () => {} });
        output.write("stderr", `netdevice: timed out after ${command.timeout} ms\n`);
        stop(exitCode.timedOut);
      }, command.timeout).unref();
    }
  });
  const [answer] = await Promise.race([
    once(worker, "message") as Promise<[ReplayAnswer]>,
    stopped.then((value): [ReplayAnswer] => [value]),
  ]);
  if (answer.type === "usage") throw new UsageError(answer.message);
  const code = Object.values(exitCode).find((candidate) => candidate === answer.code);
  return code ?? exitCode.scriptFailed;
}
