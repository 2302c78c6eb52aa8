import type { GuestGlobal } from "../boundary.ts";
import { parseChoice, parseDuration, parseGlobals, parseSize } from "./option-values.ts";
import { asText, readTokens } from "./read-tokens.ts";
import { UsageError } from "./usage-error.ts";

/** Options of `netdevice test`. */
export interface TestCommand {
  /** Files, folders and patterns; empty for all tests below the current folder. */
  readonly files: readonly string[];
  /** Only tests whose full name has this text. */
  readonly filter: string | undefined;
  /** @defaultValue `"spec"` */
  readonly reporter: ReporterName;
  /** Where the report goes; standard output then has the one for people. */
  readonly output: string | undefined;
  /** Milliseconds of real time for one test. */
  readonly timeout: number;
  /** Bytes for each test. */
  readonly memory: number | undefined;
  readonly globals: readonly GuestGlobal[] | undefined;
  readonly args: readonly string[];
}

/** How results are told: for people, as TAP 14, as JUnit's XML. */
export type ReporterName = "spec" | "tap" | "junit";

const testOptions = {
  arg: { type: "string" },
  filter: { type: "string" },
  globals: { type: "string" },
  help: { type: "boolean", short: "h" },
  memory: { type: "string" },
  output: { type: "string", short: "o" },
  reporter: { type: "string" },
  timeout: { type: "string" },
} as const;

/** Time for one test: much, because it only ends tests that would not end. */
const defaultTimeout = 10_000;

/** Reads what follows `netdevice test`; `undefined` if help is asked for. */
export function parseTestOptions(args: readonly string[]): TestCommand | undefined {
  const tokens = readTokens("test", testOptions, args);
  if (tokens.has("help")) return undefined;
  const filter = tokens.last("filter", asText);
  if (filter === "") {
    throw new UsageError(
      '--filter expects a part of a test\'s name, got "". For example: reconnects',
    );
  }
  const output = tokens.last("output", asText);
  const reporter = tokens.last("reporter", parseReporter);
  if (output !== undefined && reporter === undefined) {
    throw new UsageError(
      `--output expects --reporter beside it, got only ${JSON.stringify(output)}. For example: --reporter junit --output report.xml`,
    );
  }
  return {
    files: [...tokens.positionals, ...tokens.rest],
    filter,
    reporter: reporter ?? "spec",
    output,
    timeout: tokens.last("timeout", parseDuration) ?? defaultTimeout,
    memory: tokens.last("memory", parseSize),
    globals: tokens.last("globals", parseGlobals),
    args: tokens.all("arg"),
  };
}

function parseReporter(option: string, value: string): ReporterName {
  return parseChoice(option, value, ["spec", "tap", "junit"]);
}
