import { nearest } from "../nearest.ts";
import { parseReplayOptions, type ReplayCommand } from "./replay-options.ts";
import { parseRunOptions, type RunCommand } from "./run-options.ts";
import { parseSimulateOptions, type SimulateCommand } from "./simulate-options.ts";
import { parseTestOptions, type TestCommand } from "./test-options.ts";
import { UsageError } from "./usage-error.ts";

/** What the command line asks for. */
export type Command =
  | { readonly command: "run"; readonly options: RunCommand }
  | { readonly command: "replay"; readonly options: ReplayCommand }
  | { readonly command: "test"; readonly options: TestCommand }
  | { readonly command: "simulate"; readonly options: SimulateCommand }
  | { readonly command: "help"; readonly topic: HelpTopic | undefined }
  | { readonly command: "version" };

/** A command with a help text of its own. */
export type HelpTopic = (typeof topics)[number];

const topics = ["run", "replay", "test", "simulate"] as const;

/**
 * Reads the command line, without the program's name.
 *
 * @throws {UsageError} for anything that is not understood
 */
export function parseCommand(args: readonly string[]): Command {
  const [first, ...rest] = args;
  switch (first) {
    case "run":
      return commandOr("run", parseRunOptions(rest), (options) => ({ command: "run", options }));
    case "replay":
      return commandOr("replay", parseReplayOptions(rest), (options) => ({
        command: "replay",
        options,
      }));
    case "test":
      return commandOr("test", parseTestOptions(rest), (options) => ({ command: "test", options }));
    case "simulate":
      return commandOr("simulate", parseSimulateOptions(rest), (options) => ({
        command: "simulate",
        options,
      }));
    case "help":
    case "--help":
    case "-h":
      return { command: "help", topic: topics.find((topic) => topic === rest[0]) };
    case "--version":
    case "-v":
      return { command: "version" };
    case undefined:
      throw new UsageError(
        "Expected a command, got nothing. Try: netdevice run script.js, or netdevice --help",
      );
    default:
      throw unknownCommand(first);
  }
}

/** The command, or the help that was asked for instead. */
function commandOr<Options>(
  topic: HelpTopic,
  options: Options | undefined,
  command: (options: Options) => Command,
): Command {
  return options === undefined ? { command: "help", topic } : command(options);
}

function unknownCommand(first: string): UsageError {
  const known = topics.join(", ");
  if (first.startsWith("-")) {
    return new UsageError(
      `Expected a command (${known}), got ${JSON.stringify(first)}. Try: netdevice --help`,
    );
  }
  const suggestion = nearest(first, topics);
  const remedy = suggestion ?? `run ${first}`;
  return new UsageError(
    `Expected a command (${known}), got ${JSON.stringify(first)}. Try: netdevice ${remedy}`,
  );
}
