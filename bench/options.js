import { parseArgs } from "node:util";
import { peerNames } from "./runners/peers.js";

/** Milliseconds of work before and in each stretch, and how many stretches; the rest in the scenarios. */
const lengths = {
  quick: { name: "quick", rounds: 2, stretch: 40, warmUp: 200 },
  default: { name: "default", rounds: 5, stretch: 200, warmUp: 1_500 },
  full: { name: "full", rounds: 9, stretch: 400, warmUp: 3_000 },
};

/** What `--help` prints. */
export function help(scenarios) {
  return `Usage: npm run bench -- [NAME]... [OPTION]...

Measures what the sandbox costs over plain ws, in about six minutes.

  NAME, --only NAME   only scenarios whose names start so; repeatable:
${wrap(scenarios.map(({ name }) => name)).join("\n")}
  --peer NAME         also measures ${peerNames.join(", ")}; repeatable
  --rounds N          stretches of each runner (${lengths.default.rounds})
  --quick             a try that says little; --full: twice as long, and a million messages
  --node-option OPT   an option of Node for the measured processes, such as --cpu-prof; repeatable
  --json FILE         writes all figures; - is standard output, in place of the tables
  --against FILE      compares with figures written before
  --plot FILE         draws the ratios as SVG
  --document FILE     writes the table between the marks of a document
  --render FILE       measures nothing: shows the figures of a file
  --help
`;
}

/**
 * Reads the command line.
 *
 * @throws {Error} if it is wrong
 */
export function readOptions(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      only: { type: "string", multiple: true, default: [] },
      peer: { type: "string", multiple: true, default: [] },
      "node-option": { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      json: { type: "string" },
      against: { type: "string" },
      plot: { type: "string" },
      document: { type: "string" },
      render: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  for (const name of values.peer) {
    if (!peerNames.includes(name)) {
      throw new Error(`--peer expects one of ${peerNames.join(", ")}, got ${name}`);
    }
  }
  const length = lengths[lengthName(values)];
  const rounds = Number(values.rounds ?? length.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds expects a positive integer, got ${values.rounds}`);
  }
  return { ...values, only: [...positionals, ...values.only], lengths: length, rounds };
}

function lengthName({ quick, full }) {
  if (quick && full) throw new Error("--quick and --full exclude each other");
  if (quick) return "quick";
  return full ? "full" : "default";
}

function wrap(names) {
  const lines = [""];
  for (const name of names) {
    if (lines.at(-1).length + name.length > 70) lines.push("");
    lines[lines.length - 1] += `${name} `;
  }
  return lines.map((line) => `                        ${line.trimEnd()}`);
}
