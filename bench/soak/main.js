// Soaks the built package as an embedder uses it, and says whether it keeps what docs/reliability.md promises.
//
//   node bench/soak/main.js [--short] [--only SCENARIO]... [--node-option OPTION]... [--json FILE]
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const names = ["messages", "cycles", "sandboxes", "neighbours"];

/** Longest that one scenario may take, in milliseconds. */
const patience = { full: 600_000, short: 120_000 };

const { values: options } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: names },
    // For the measured process alone.
    "node-option": { type: "string", multiple: true, default: [] },
    json: { type: "string" },
  },
});
for (const name of options.only) {
  if (!names.includes(name)) {
    throw new Error(`--only must be one of ${names.join(", ")}, got ${name}`);
  }
}

/** With it V8 of Node 20 keeps nothing of a thread that used WebAssembly; without, some 30 kB: see docs/reliability.md. */
const threadOptions =
  Number(process.versions.node.split(".")[0]) < 22 ? ["--no-wasm-lazy-compilation"] : [];

const length = options.short ? "short" : "full";
const machine = {
  node: process.version,
  platform: process.platform,
  cores: cpus().length,
  options: options["node-option"],
};
console.log(`Soak, ${length}: node ${machine.node}, ${machine.platform}, ${machine.cores} cores\n`);

const results = [];
for (const name of options.only) results.push(await run(name));
const misses = results.flatMap(({ name, figures, failure }) => [
  ...(failure === undefined ? [] : [`${name}: ${failure}`]),
  ...figures.filter(isMissed).map((figure) => `${name}: ${describeMiss(figure)}`),
]);
for (const result of results) printTable(result);
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ length, machine, results }, undefined, 2)}\n`);
}
for (const miss of misses) console.error(`Missed: ${miss}`);
console.log(misses.length === 0 ? "All requirements are met" : `${misses.length} missed`);
process.exitCode = misses.length === 0 ? 0 : 1;

/** Runs one scenario in a process of its own, with two servers in theirs. */
async function run(name) {
  const start = performance.now();
  const seconds = () => Math.round((performance.now() - start) / 1_000);
  const servers = await Promise.all([startServer(), startServer()]);
  const own = name === "sandboxes" ? threadOptions : [];
  const host = fork(file("host.js"), [name, length, ...servers.map(({ url }) => url)], {
    execArgv: ["--expose-gc", ...own, ...options["node-option"]],
    timeout: patience[length],
  });
  let figures = [];
  host.on("message", (message) => {
    if (message.figures !== undefined) figures = message.figures;
    else console.log(`${name.padEnd(10)} ${String(seconds()).padStart(4)} s  ${message.progress}`);
  });
  const [code, signal] = await once(host, "exit");
  for (const { server } of servers) server.disconnect();
  const failure = code === 0 ? undefined : `the process ended with ${code ?? signal}`;
  return { name, seconds: seconds(), figures, failure };
}

async function startServer() {
  // A session of its own: on Linux its share of the processors is then not that of the threads that are measured.
  const server = fork(file("server.js"), { detached: true });
  const [url] = await once(server, "message");
  return { server, url };
}

function file(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}

function isMissed({ value, atMost }) {
  return atMost !== undefined && !(value <= atMost);
}

function describeMiss({ name, value, unit, atMost }) {
  return `${name} is ${format(value)} ${unit}, at most ${format(atMost)} is required`;
}

function printTable({ name, seconds, figures }) {
  const width = Math.max(...figures.map((figure) => figure.name.length));
  console.log(`\n${name} (${seconds} s)`);
  for (const figure of figures) {
    const required = figure.atMost === undefined ? "" : `at most ${format(figure.atMost)}`;
    const columns = [
      figure.name.padEnd(width),
      format(figure.value).padStart(10),
      figure.unit.padEnd(24),
      required,
      isMissed(figure) ? " MISSED" : "",
    ];
    console.log(`  ${columns.join(" ")}`.trimEnd());
  }
  console.log();
}

function format(value) {
  return Number.isInteger(value) ? value.toLocaleString("en") : value.toFixed(value < 10 ? 2 : 1);
}
