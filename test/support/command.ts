import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The built command. */
export const commandFile: string = fileURLToPath(
  new URL("../../dist/cli/main.js", import.meta.url),
);

/** How the command ended. */
export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and with what the command runs. */
export interface CommandOptions {
  readonly cwd?: string;
  /** Standard input. @defaultValue empty */
  readonly input?: string;
  /** Whether standard input stays open after `input`, for more of it. @defaultValue false */
  readonly isInputOpen?: boolean;
  /** Whether standard output is read in pauses, so that its pipe is full most of the time. */
  readonly isSlow?: boolean;
}

/** A running command. */
export interface RunningCommand {
  readonly child: ChildProcessWithoutNullStreams;
  readonly result: Promise<CommandResult>;
  /** Waits until standard output holds a text. */
  printed(text: string): Promise<void>;
}

/** Starts the built command. */
export function startCommand(
  args: readonly string[],
  options: CommandOptions = {},
): RunningCommand {
  const child = spawn(process.execPath, [commandFile, ...args], { cwd: options.cwd });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  if (options.isSlow === true) {
    child.stdout.on("data", () => {
      child.stdout.pause();
      setImmediate(() => child.stdout.resume());
    });
  }
  // The command may end without reading its input.
  child.stdin.on("error", () => {}).write(options.input ?? "");
  if (options.isInputOpen !== true) child.stdin.end();
  const result = new Promise<CommandResult>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    child,
    result,
    async printed(text) {
      while (!stdout.includes(text)) {
        if (child.exitCode !== null) throw new Error(`ended without printing ${text}: ${stderr}`);
        await once(child.stdout, "data");
      }
    },
  };
}

/** Runs the built command to its end. */
export function runCommand(
  args: readonly string[],
  options?: CommandOptions,
): Promise<CommandResult> {
  return startCommand(args, options).result;
}
