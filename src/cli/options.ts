import { parseArgs } from "node:util";
import type { GuestGlobal } from "../boundary.ts";
import { nearest } from "../nearest.ts";
import {
  parseBaseUrl,
  parseChoice,
  parseDuration,
  parseGlobals,
  parseSize,
} from "./option-values.ts";
import { UsageError } from "./usage-error.ts";

/** What the command line asks for. */
export type Command =
  | { readonly command: "run"; readonly options: RunCommand }
  | { readonly command: "help"; readonly topic: "run" | undefined }
  | { readonly command: "version" };

/** Options of `netdevice run`. */
export interface RunCommand {
  /** Path of the script, or `-` for standard input. */
  readonly script: string;
  readonly allow: readonly string[];
  readonly allowAllLoopback: boolean;
  readonly allowPrivateNetworks: boolean;
  readonly policyFile: string | undefined;
  readonly baseUrl: string | undefined;
  readonly caFile: string | undefined;
  /** Milliseconds. */
  readonly timeout: number | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
  readonly delivery: "auto" | "update";
  readonly globals: readonly GuestGlobal[] | undefined;
  readonly isolation: "worker" | "none";
  readonly optimize: boolean;
  readonly strict: boolean;
  readonly trace: boolean;
  readonly type: "script" | "module" | undefined;
  readonly args: readonly string[];
}

/** The options of `run`: those with a value, which may be given several times, and switches. */
const runOptions = {
  allow: { type: "string" },
  "allow-all-loopback": { type: "boolean" },
  "allow-private-networks": { type: "boolean" },
  arg: { type: "string" },
  "base-url": { type: "string" },
  ca: { type: "string" },
  delivery: { type: "string" },
  globals: { type: "string" },
  help: { type: "boolean", short: "h" },
  isolation: { type: "string" },
  memory: { type: "string" },
  optimize: { type: "boolean" },
  policy: { type: "string" },
  strict: { type: "boolean" },
  timeout: { type: "string" },
  trace: { type: "boolean" },
  type: { type: "string" },
} as const;

type RunOption = keyof typeof runOptions;

/**
 * Reads the command line, without the program's name.
 *
 * @throws {UsageError} for anything that is not understood
 */
export function parseCommand(args: readonly string[]): Command {
  const [first, ...rest] = args;
  switch (first) {
    case "run":
      return parseRun(rest);
    case "help":
    case "--help":
    case "-h":
      return { command: "help", topic: rest[0] === "run" ? "run" : undefined };
    case "--version":
    case "-v":
      return { command: "version" };
    case undefined:
      throw new UsageError(
        "Expected a command, got nothing. Try: netdevice run script.js, or netdevice --help",
      );
    default:
      throw new UsageError(
        `Expected the command run, got ${JSON.stringify(first)}. Try: ${first.startsWith("-") ? "netdevice --help" : `netdevice run ${first}`}`,
      );
  }
}

function parseRun(args: readonly string[]): Command {
  const { values, positionals, help } = readTokens(args);
  if (help) return { command: "help", topic: "run" };
  const [script, ...rest] = positionals;
  if (script === undefined) {
    throw new UsageError(
      "Expected the path of a script, or - for standard input, got nothing. Try: netdevice run script.js",
    );
  }
  const last = <Value>(
    name: RunOption,
    parse: (option: string, text: string) => Value,
  ): Value | undefined => {
    const text = values.get(name)?.at(-1);
    return text === undefined ? undefined : parse(`--${name}`, text);
  };
  const text = (_option: string, value: string): string => value;
  const options: RunCommand = {
    script,
    allow: values.get("allow") ?? [],
    allowAllLoopback: values.has("allow-all-loopback"),
    allowPrivateNetworks: values.has("allow-private-networks"),
    policyFile: last("policy", text),
    baseUrl: last("base-url", parseBaseUrl),
    caFile: last("ca", text),
    timeout: last("timeout", parseDuration),
    memory: last("memory", parseSize),
    delivery:
      last("delivery", (option, value) => parseChoice(option, value, ["auto", "update"])) ?? "auto",
    globals: last("globals", parseGlobals),
    isolation:
      last("isolation", (option, value) => parseChoice(option, value, ["worker", "none"])) ??
      "worker",
    optimize: values.has("optimize"),
    strict: values.has("strict"),
    trace: values.has("trace"),
    type: last("type", (option, value) => parseChoice(option, value, ["script", "module"])),
    args: [...(values.get("arg") ?? []), ...rest],
  };
  return { command: "run", options };
}

interface Tokens {
  readonly values: ReadonlyMap<RunOption, readonly string[]>;
  /** The script, then what follows `--`. */
  readonly positionals: readonly string[];
  readonly help: boolean;
}

function readTokens(args: readonly string[]): Tokens {
  // Not strict: the parser's own messages do not tell what to do.
  const { tokens } = parseArgs({
    args: [...args],
    options: runOptions,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<RunOption, string[]>();
  const positionals: string[] = [];
  let terminated = false;
  for (const token of tokens) {
    if (token.kind === "option-terminator") terminated = true;
    else if (token.kind === "positional") {
      if (positionals.length > 0 && !terminated) throw extraArgument(token.value);
      positionals.push(token.value);
    } else {
      const name = knownOption(token.name, token.rawName);
      const value = checkValue(name, token.value, token.inlineValue === true);
      values.set(name, [...(values.get(name) ?? []), value]);
    }
  }
  return { values, positionals, help: values.has("help") };
}

function extraArgument(value: string): UsageError {
  return new UsageError(
    `Expected one script, got ${JSON.stringify(value)} after it. Values for the script are given with --arg ${JSON.stringify(value)} or after --`,
  );
}

function knownOption(name: string, rawName: string): RunOption {
  if (Object.hasOwn(runOptions, name)) return name as RunOption; // Proven by the line itself.
  const names = Object.keys(runOptions);
  const suggestion = nearest(name, names);
  throw new UsageError(
    `${rawName} is not an option of netdevice run. ${suggestion === undefined ? "See: netdevice run --help" : `Did you mean --${suggestion}?`}`,
  );
}

function checkValue(name: RunOption, value: string | undefined, isInline: boolean): string {
  if (runOptions[name].type === "boolean") {
    if (isInline)
      throw new UsageError(
        `--${name} takes no value, got ${JSON.stringify(value)}. Write only --${name}`,
      );
    return "";
  }
  if (value === undefined)
    throw new UsageError(`--${name} expects a value, got nothing. See: netdevice run --help`);
  if (!isInline && value.length > 1 && value.startsWith("-")) {
    throw new UsageError(
      `--${name} expects a value, got the option ${value}. If that is the value, write --${name}=${value}`,
    );
  }
  return value;
}
