// How long the command takes from start to finish for an empty script, and what that time goes to.
// Each step does one thing more than the step before. Wall time, medians of interleaved rounds.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const rounds = Number(process.argv[2] ?? 15);
const folder = mkdtempSync(join(tmpdir(), "netdevice bench "));
const script = join(folder, "empty.js");
writeFileSync(script, "");
const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

const steps = [
  { name: "Node alone (node -e 0)", args: ["-e", "0"] },
  { name: "the command's first module (--version)", args: [command, "--version"] },
  { name: "engine, runtime, script (--isolation none)", args: run("--isolation", "none") },
  { name: "a thread around it (the default)", args: run() },
];

const times = steps.map(() => []);
for (let round = 0; round < rounds; round += 1) {
  for (const [index, { args }] of steps.entries()) times[index].push(measure(args));
}
rmSync(folder, { recursive: true });

const medians = times.map(median);
console.log(`node ${process.version}, ${rounds} rounds, milliseconds\n`);
for (const [index, { name }] of steps.entries()) {
  const added = medians[index] - (medians[index - 1] ?? 0);
  const range = `${Math.min(...times[index]).toFixed(0)} to ${Math.max(...times[index]).toFixed(0)}`;
  const columns = [`+${added.toFixed(0)}`.padStart(6), medians[index].toFixed(0).padStart(6)];
  console.log(`${name.padEnd(45)}${columns.join("")}   (${range})`);
}

function run(...options) {
  return [command, "run", script, ...options];
}

function measure(args) {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args);
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return performance.now() - start;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
