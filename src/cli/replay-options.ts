import type { GuestGlobal } from "../boundary.ts";
import { parseBaseUrl, parseChoice, parseDuration, parseGlobals } from "./option-values.ts";
import { readTokens } from "./read-tokens.ts";
import { extraArgument } from "./run-options.ts";
import { UsageError } from "./usage-error.ts";

/** Options of `netdevice replay`. */
export interface ReplayCommand {
  /** Path of the recording. */
  readonly recording: string;
  /** Path of the script, or `-` for standard input. */
  readonly script: string;
  readonly match: "json" | "exact";
  /** JSON paths. */
  readonly ignore: readonly string[];
  readonly baseUrl: string | undefined;
  /** Milliseconds of real time. */
  readonly timeout: number | undefined;
  readonly delivery: "auto" | "update";
  readonly globals: readonly GuestGlobal[] | undefined;
  readonly trace: boolean;
  readonly type: "script" | "module" | undefined;
  readonly args: readonly string[];
}

const replayOptions = {
  arg: { type: "string" },
  "base-url": { type: "string" },
  delivery: { type: "string" },
  globals: { type: "string" },
  help: { type: "boolean", short: "h" },
  ignore: { type: "string" },
  match: { type: "string" },
  timeout: { type: "string" },
  trace: { type: "boolean" },
  type: { type: "string" },
} as const;

/** Reads what follows `netdevice replay`; `undefined` if help is asked for. */
export function parseReplayOptions(args: readonly string[]): ReplayCommand | undefined {
  const tokens = readTokens("replay", replayOptions, args);
  if (tokens.has("help")) return undefined;
  const [recording, script, extra] = tokens.positionals;
  if (recording === undefined || script === undefined) {
    throw new UsageError(
      `Expected a recording and a script, got ${recording === undefined ? "nothing" : `only ${JSON.stringify(recording)}`}. Try: netdevice replay session.har script.js`,
    );
  }
  if (extra !== undefined) throw extraArgument(extra);
  return {
    recording,
    script,
    match:
      tokens.last("match", (option, value) => parseChoice(option, value, ["json", "exact"])) ??
      "json",
    ignore: tokens.all("ignore"),
    baseUrl: tokens.last("base-url", parseBaseUrl),
    timeout: tokens.last("timeout", parseDuration),
    delivery:
      tokens.last("delivery", (option, value) => parseChoice(option, value, ["auto", "update"])) ??
      "auto",
    globals: tokens.last("globals", parseGlobals),
    trace: tokens.has("trace"),
    type: tokens.last("type", (option, value) => parseChoice(option, value, ["script", "module"])),
    args: [...tokens.all("arg"), ...tokens.rest],
  };
}
