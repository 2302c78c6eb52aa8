import { readFileSync, statSync } from "node:fs";
import { SandboxError } from "../errors.ts";
import { allowAll } from "../policy/allow-all.ts";
import { parseHar } from "../recording/parse-har.ts";
import { RecordingError } from "../recording/recording-error.ts";
import type { Recording } from "../recording/recording.ts";
import { type Replay, replayPeers } from "../recording/replay-peers.ts";
import { createSandboxFrom, type Sandbox } from "../sandbox.ts";
import { determined } from "../testing/determined.ts";
import { simulatedTransport } from "../testing/simulated-transport.ts";
import { type VirtualClock, virtualClock } from "../testing/virtual-clock.ts";
import { coloursFor } from "./colours.ts";
import { type ExitCode, exitCode } from "./exit-code.ts";
import type { Output } from "./output.ts";
import { printable } from "./printable.ts";
import type { ReplayCommand } from "./replay-options.ts";
import { createReporter } from "./reporter.ts";
import { readScript, type ScriptFile } from "./script-file.ts";
import { readProblem, UsageError } from "./usage-error.ts";

/** What the thread of a replay is given. */
export interface ReplayWork {
  readonly command: ReplayCommand;
  /** Standard input, which only the main thread has, where the script comes from there. */
  readonly input: string | undefined;
}

/** Bytes of the largest recording that is read. */
const maxBytes = 2 ** 28;

/** Milliseconds of virtual time that a script may take longer than it took when it was recorded. */
const maxDelay = 600_000;

/** Milliseconds of virtual time that sockets get to close at the end. */
const closeTime = 1_000;

/**
 * Runs a script against a recording, in virtual time.
 *
 * @returns the exit code: 1 when the conversation is another
 * @throws {UsageError} before anything of the script has run
 */
export async function replaySession(
  { command, input }: ReplayWork,
  output: Output,
): Promise<ExitCode> {
  const recording = readRecording(command.recording);
  const script = await readScript(command, { input });
  const replay = openReplay(recording, command);
  // What day it was may matter to the script.
  const { startedAt } = recording;
  const clock = virtualClock(startedAt === undefined ? {} : { startTime: startedAt });
  const colours = coloursFor(2, process.env);
  const reporter = createReporter({
    output,
    sources: script,
    colours,
    trace: command.trace,
    isEscaped: false,
  });
  const sandbox = await createSandboxFrom(
    {
      isolation: "none",
      clock,
      transport: simulatedTransport(replay.peers, { clock }),
      // There is no other network than the recording.
      policy: allowAll,
      delivery: command.delivery,
      modules: script.folder,
      args: command.args,
      trace: command.trace,
      observe(event) {
        replay.observe(event);
        reporter.observe(event);
      },
      ...(command.globals === undefined ? {} : { globals: command.globals }),
      ...(command.baseUrl === undefined ? {} : { baseUrl: command.baseUrl }),
    },
    determined(1, clock),
  );
  let ended: SandboxError | undefined;
  void sandbox.closed.then((error) => (ended = error));
  try {
    await play(sandbox, script, { replay, recording, clock });
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    reporter.failed(error);
  }
  // By a limit, while nobody waited for the script.
  if (ended !== undefined) reporter.failed(ended);
  const drift = replay.finish();
  // What is unused after an exception is its consequence.
  const isTold = drift?.kind !== "unused" || reporter.outcome === "done";
  if (drift !== undefined && isTold) output.write("stderr", `${printable(drift.report)}\n`);
  const closing = sandbox.close();
  await clock.advance(closeTime);
  await closing;
  if (reporter.outcome === "refused") return exitCode.refused;
  if (drift !== undefined || reporter.outcome === "failed") return exitCode.scriptFailed;
  const { connections, exchanges } = recording;
  reporter.note(
    `the same conversation: ${count(connections, "connection")}, ${count(exchanges, "request")}`,
  );
  return exitCode.done;
}

function count(list: readonly unknown[], noun: string): string {
  return `${list.length} ${noun}${list.length === 1 ? "" : "s"}`;
}

/** Lets time pass until the script has ended, the recording is over, or they differ. */
async function play(
  sandbox: Sandbox,
  { source, name, type }: ScriptFile,
  {
    replay,
    recording,
    clock,
  }: {
    readonly replay: Replay;
    readonly recording: Recording;
    readonly clock: VirtualClock;
  },
): Promise<void> {
  const state = { hasEnded: false };
  const execute = async (): Promise<void> => {
    await sandbox.run(source, type === undefined ? { name } : { name, type });
    await sandbox.idle();
  };
  const execution = execute().finally(() => {
    state.hasEnded = true;
  });
  // Handled below, at the end of the time.
  execution.catch(() => {});
  const latest = recording.duration + maxDelay;
  while (!state.hasEnded && replay.drift === undefined) {
    // What the script does after the recorded time was not recorded.
    const isOver = !(await clock.step(replay.isDone ? recording.duration : latest));
    if (isOver) break;
  }
  if (state.hasEnded) await execution;
}

function openReplay(recording: Recording, { match, ignore }: ReplayCommand): Replay {
  try {
    return replayPeers(recording, { match, ignore });
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    const option =
      match === "exact" && ignore.length > 0 ? "--ignore needs --match json" : "--ignore";
    throw new UsageError(`${option}: ${error.message}`, { cause: error });
  }
}

function readRecording(path: string): Recording {
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > maxBytes) {
      throw new UsageError(
        `Expected a recording of at most ${maxBytes} bytes, got ${JSON.stringify(path)} with ${size}. Export only the connections that are wanted`,
      );
    }
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `Cannot read the recording ${JSON.stringify(path)}: ${readProblem(error)}. Expected a HAR file`,
      { cause: error },
    );
  }
  try {
    return parseHar(text);
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    throw new UsageError(`${path}: ${error.message}`, { cause: error });
  }
}
