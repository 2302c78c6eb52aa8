import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spread } from "../measure-rounds.js";

const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

const roundCounts = { quick: 3, default: 15, full: 30 };

/** How long the command takes from start to finish for an empty script, and what that time goes to. */
export const start = {
  name: "start",
  title: "start of the command with an empty script",
  seconds: 10,
  async run({ lengths }) {
    const folder = mkdtempSync(join(tmpdir(), "netdevice bench "));
    const script = join(folder, "empty.js");
    writeFileSync(script, "");
    try {
      return createFigures(measureSteps(script, roundCounts[lengths.name]));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** Wall-clock times of each step, in interleaved rounds. */
function measureSteps(script, rounds) {
  const steps = {
    node: ["-e", "0"],
    firstModule: [command, "--version"],
    none: [command, "run", script, "--isolation", "none"],
    worker: [command, "run", script],
  };
  const times = Object.fromEntries(Object.keys(steps).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, args] of Object.entries(steps)) times[name].push(measure(args));
  }
  return times;
}

function createFigures({ node, firstModule, none, worker }) {
  const unit = "ms";
  const beyondNode = (times) => spread(times.map((time, round) => time - node[round]));
  const first = beyondNode(firstModule);
  return [
    {
      name: "start/command",
      title: "empty script by the command, beyond node -e 0",
      unit,
      target: 120,
      results: { worker: beyondNode(worker), none: beyondNode(none) },
    },
    {
      name: "start/first-module",
      title: "the command's first module (--version), beyond node -e 0",
      unit,
      results: { worker: first, none: first },
    },
    { name: "start/node", title: "node -e 0", unit, results: { plain: spread(node) } },
  ];
}

function measure(args) {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args);
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return performance.now() - begin;
}
