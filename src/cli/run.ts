import { SandboxError } from "../errors.ts";
import type { Observer } from "../events.ts";
import type { Sandbox } from "../sandbox.ts";
import { coloursFor } from "./colours.ts";
import { type ExitCode, exitCode } from "./exit-code.ts";
import { createOutput } from "./output.ts";
import type { RecordFile } from "./record-file.ts";
import { createReporter, type Outcome, type Reporter } from "./reporter.ts";
import type { RunCommand } from "./run-options.ts";
import { sandboxOptions } from "./sandbox-options.ts";
import { readScript, type ScriptFile } from "./script-file.ts";
import { onSignals, startTimeout, waitAtMost } from "./stop.ts";
import { compileEngine } from "./tier-up.ts";
import { UsageError } from "./usage-error.ts";

/** Milliseconds that sockets get to close with 1001 before the process ends anyway. */
const closeGrace = 2_000;

/**
 * Runs a script until nothing is left to do.
 *
 * @returns the exit code
 * @throws {UsageError} before anything of the script has run
 */
export async function run(command: RunCommand): Promise<ExitCode> {
  const compiling = compileEngine(prepare(command), command.optimize);
  const script = await readScript(command);
  const options = await sandboxOptions(command, script.folder, script.files);
  let stop: (code: ExitCode) => void = () => {};
  const stopped = new Promise<ExitCode>((resolve) => (stop = resolve));
  const output = createOutput({
    // On this thread a script can block for long: what it printed before must be seen.
    isBatched: command.isolation === "worker",
    onBroken: (code) => stop(code === "EPIPE" ? exitCode.done : exitCode.scriptFailed),
  });
  const reporter = createReporter({
    output,
    sources: script,
    colours: coloursFor(2, process.env),
    trace: command.trace,
    isEscaped: command.strict,
  });
  const record =
    command.recordFile === undefined
      ? undefined
      : await openRecord(command.recordFile, command.recordSecrets);
  onSignals(stop);
  const timeout = startTimeout(command.timeout, () => stop(exitCode.timedOut));

  const { createSandbox } = await import("../sandbox.ts");
  await compiling;
  let sandbox: Sandbox | undefined;
  async function execute(): Promise<ExitCode> {
    try {
      sandbox = await createSandbox({ ...options, observe: observeAll(reporter, record) });
      await runToIdle(sandbox, script);
    } catch (error) {
      fail(error, reporter);
    }
    return codes[reporter.outcome];
  }
  let code: ExitCode;
  try {
    code = await Promise.race([execute(), stopped]);
  } catch (error) {
    record?.discard();
    throw error;
  }
  // The longest turn may have ended the script while this thread could not run its timer.
  if (code === exitCode.refused && timeout.hasPassed()) code = exitCode.timedOut;
  if (code === exitCode.timedOut) reporter.note(`timed out after ${command.timeout} ms`);
  if (sandbox !== undefined) await waitAtMost(closeGrace, sandbox.close());
  const problem = record?.save();
  if (problem !== undefined) {
    reporter.note(problem);
    if (code === exitCode.done) code = exitCode.scriptFailed;
  }
  output.flush();
  return code;
}

async function openRecord(path: string, secrets: boolean): Promise<RecordFile> {
  const { openRecordFile } = await import("./record-file.ts");
  return openRecordFile(path, secrets);
}

function observeAll(reporter: Reporter, record: RecordFile | undefined): Observer {
  if (record === undefined) return reporter.observe;
  return (event) => {
    record.observe(event);
    reporter.observe(event);
  };
}

/** Starts the sandbox's thread as early as can be: it boots while this thread loads what it needs. */
async function prepare(command: RunCommand): Promise<void> {
  if (command.isolation === "none") return;
  const { prepareThread } = await import("../worker/thread.ts");
  await prepareThread();
}

/** Rejects with what ended the script, if it did not end by itself. */
async function runToIdle(sandbox: Sandbox, script: ScriptFile): Promise<void> {
  const { source, name, type } = script;
  await sandbox.run(source, type === undefined ? { name } : { name, type });
  await sandbox.idle();
  // Idle also means closed: by a limit, for example.
  await sandbox.close();
  const reason = await sandbox.closed;
  if (reason !== undefined) throw reason;
}

function fail(error: unknown, reporter: Reporter): void {
  if (!(error instanceof SandboxError)) throw error;
  // Options come from the command line only.
  if (error.code === "ERR_OPTION") throw new UsageError(error.message, { cause: error });
  reporter.failed(error);
}

const codes: Readonly<Record<Outcome, ExitCode>> = {
  done: exitCode.done,
  failed: exitCode.scriptFailed,
  refused: exitCode.refused,
};
