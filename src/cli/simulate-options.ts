import { nearest } from "../nearest.ts";
import { parseChoice, parseDuration } from "./option-values.ts";
import { asText, readTokens, type Tokens } from "./read-tokens.ts";
import { UsageError } from "./usage-error.ts";

/** Options of `netdevice simulate`. */
export interface SimulateCommand {
  readonly simulator: SimulatorName;
  /** 0: any that is free. */
  readonly port: number;
  readonly host: string;
  /** PEM files for TLS: both or none. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly secondConnection: "refuse" | "replace" | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Milliseconds. */
  readonly interval: number | undefined;
  readonly apiKey: string | undefined;
  readonly websocketPort: number | undefined;
}

/** A simulator, by the name that it has in the command. */
export type SimulatorName = (typeof simulatorNames)[number];

/** All of them. */
export const simulatorNames = ["netzer", "clown-hub", "deconz", "turbulenz-chat", "echo"] as const;

const simulateOptions = {
  "api-key": { type: "string" },
  cert: { type: "string" },
  help: { type: "boolean", short: "h" },
  host: { type: "string" },
  interval: { type: "string" },
  key: { type: "string" },
  password: { type: "string" },
  port: { type: "string" },
  "second-connection": { type: "string" },
  user: { type: "string" },
  "websocket-port": { type: "string" },
} as const;

type SimulateOption = keyof typeof simulateOptions;

/** Options that only one simulator has. */
const ownOptions: Readonly<Partial<Record<SimulateOption, SimulatorName>>> = {
  "api-key": "deconz",
  "websocket-port": "deconz",
  interval: "clown-hub",
  password: "clown-hub",
  user: "clown-hub",
  "second-connection": "netzer",
};

/** Reads what follows `netdevice simulate`; `undefined` if help is asked for. */
export function parseSimulateOptions(args: readonly string[]): SimulateCommand | undefined {
  const tokens = readTokens("simulate", simulateOptions, args);
  if (tokens.has("help")) return undefined;
  const [name, extra] = [...tokens.positionals, ...tokens.rest];
  if (extra !== undefined) {
    throw new UsageError(`Expected one simulator, got ${JSON.stringify(extra)} after it`);
  }
  const simulator = parseSimulator(name);
  checkOwnOptions(simulator, tokens);
  const certFile = tokens.last("cert", asText);
  const keyFile = tokens.last("key", asText);
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const [given, missing] = certFile === undefined ? ["key", "cert"] : ["cert", "key"];
    throw new UsageError(`--${given} expects --${missing} beside it. Both name a PEM file`);
  }
  return {
    simulator,
    port: tokens.last("port", parsePort) ?? 0,
    host: tokens.last("host", asText) ?? "127.0.0.1",
    certFile,
    keyFile,
    secondConnection: tokens.last("second-connection", (option, value) =>
      parseChoice(option, value, ["refuse", "replace"]),
    ),
    user: tokens.last("user", asText),
    password: tokens.last("password", asText),
    interval: tokens.last("interval", parseDuration),
    apiKey: tokens.last("api-key", asText),
    websocketPort: tokens.last("websocket-port", parsePort),
  };
}

function parseSimulator(name: string | undefined): SimulatorName {
  const known = simulatorNames.find((candidate) => candidate === name);
  if (known !== undefined) return known;
  const expected = `Expected a simulator (${simulatorNames.join(", ")})`;
  if (name === undefined)
    throw new UsageError(`${expected}, got nothing. Try: netdevice simulate echo`);
  const suggestion = nearest(name, simulatorNames);
  throw new UsageError(
    `${expected}, got ${JSON.stringify(name)}. ${suggestion === undefined ? "See: netdevice simulate --help" : `Did you mean ${suggestion}?`}`,
  );
}

function checkOwnOptions(simulator: SimulatorName, tokens: Tokens<SimulateOption>): void {
  for (const [option, owner] of Object.entries(ownOptions)) {
    if (owner === simulator || !tokens.has(option as SimulateOption)) continue;
    throw new UsageError(`--${option} is an option of ${owner}, and ${simulator} has none such`);
  }
}

function parsePort(option: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new UsageError(
    `${option} expects a number from 0 to 65535, got ${JSON.stringify(text)}. For example: 8080, or 0 for any that is free`,
  );
}
