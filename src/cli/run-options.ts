import type { GuestGlobal } from "../boundary.ts";
import {
  parseBaseUrl,
  parseChoice,
  parseDuration,
  parseGlobals,
  parseSize,
} from "./option-values.ts";
import { asText, readTokens } from "./read-tokens.ts";
import { UsageError } from "./usage-error.ts";

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
  /** Path of a recording to write. */
  readonly recordFile: string | undefined;
  readonly recordSecrets: boolean;
  readonly args: readonly string[];
}

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
  record: { type: "string" },
  "record-secrets": { type: "boolean" },
  strict: { type: "boolean" },
  timeout: { type: "string" },
  trace: { type: "boolean" },
  type: { type: "string" },
} as const;

/** Reads what follows `netdevice run`; `undefined` if help is asked for. */
export function parseRunOptions(args: readonly string[]): RunCommand | undefined {
  const tokens = readTokens("run", runOptions, args);
  if (tokens.has("help")) return undefined;
  const [script = tokens.rest[0], extra] = tokens.positionals;
  if (script === undefined) {
    throw new UsageError(
      "Expected the path of a script, or - for standard input, got nothing. Try: netdevice run script.js",
    );
  }
  if (extra !== undefined) throw extraArgument(extra);
  const rest = tokens.positionals.length === 0 ? tokens.rest.slice(1) : tokens.rest;
  const recordFile = tokens.last("record", asText);
  if (recordFile === undefined && tokens.has("record-secrets")) {
    throw new UsageError(
      "--record-secrets expects --record beside it, got no file. Write: --record session.har --record-secrets",
    );
  }
  return {
    script,
    allow: tokens.all("allow"),
    allowAllLoopback: tokens.has("allow-all-loopback"),
    allowPrivateNetworks: tokens.has("allow-private-networks"),
    policyFile: tokens.last("policy", asText),
    baseUrl: tokens.last("base-url", parseBaseUrl),
    caFile: tokens.last("ca", asText),
    timeout: tokens.last("timeout", parseDuration),
    memory: tokens.last("memory", parseSize),
    delivery:
      tokens.last("delivery", (option, value) => parseChoice(option, value, ["auto", "update"])) ??
      "auto",
    globals: tokens.last("globals", parseGlobals),
    isolation:
      tokens.last("isolation", (option, value) => parseChoice(option, value, ["worker", "none"])) ??
      "worker",
    optimize: tokens.has("optimize"),
    strict: tokens.has("strict"),
    trace: tokens.has("trace"),
    type: tokens.last("type", (option, value) => parseChoice(option, value, ["script", "module"])),
    recordFile,
    recordSecrets: tokens.has("record-secrets"),
    args: [...tokens.all("arg"), ...rest],
  };
}

/** Says where values for a script go. */
export function extraArgument(value: string): UsageError {
  return new UsageError(
    `Expected one script, got ${JSON.stringify(value)} after it. Values for the script are given with --arg ${JSON.stringify(value)} or after --`,
  );
}
