// Measures the built package: what a script in a sandbox costs over the same script on plain ws. See docs/performance.md.
import { readFile, writeFile } from "node:fs/promises";
import { help, readOptions } from "./options.js";
import { createProgress } from "./progress.js";
import { describeMachine } from "./report/machine.js";
import { insertFigures } from "./report/markdown.js";
import { drawRatios } from "./report/plot.js";
import { printAgainst, printFigures } from "./report/tables.js";
import { findRunners } from "./runners/runners.js";
import { scenarios } from "./scenarios/scenarios.js";
import { startServer } from "./start-server.js";

const options = readUsage();
if (options.help) {
  process.stdout.write(help(scenarios));
  process.exit();
}
try {
  await report(options.render === undefined ? await measure() : await readJson(options.render));
} catch (error) {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
}

function readUsage() {
  try {
    const read = readOptions(process.argv.slice(2));
    for (const name of read.only) {
      if (!scenarios.some((scenario) => scenario.name.startsWith(name))) {
        throw new Error(`no scenario is named ${name}: see --help`);
      }
    }
    return read;
  } catch (error) {
    process.stderr.write(`bench: ${error.message}\n`);
    return process.exit(2);
  }
}

async function measure() {
  const chosen = scenarios.filter(
    ({ name }) => options.only.length === 0 || options.only.some((start) => name.startsWith(start)),
  );
  const runners = await findRunners(options.peer, options["node-option"]);
  const machine = await describeMachine();
  const server = await startServer();
  const progress = createProgress(chosen, options);
  const figures = [];
  try {
    for (const scenario of chosen) {
      progress.starts(scenario);
      const { rounds, lengths } = options;
      figures.push(...(await scenario.run({ server, runners, rounds, lengths })));
    }
  } finally {
    progress.ends();
    await server.stop();
  }
  return { format: 1, ...machine, length: options.lengths.name, rounds: options.rounds, figures };
}

async function report(run) {
  const json = JSON.stringify(run, roundNumbers, 2);
  if (options.json === "-") console.log(json);
  else printFigures(run);
  if (options.json !== undefined && options.json !== "-") {
    await writeFile(options.json, `${json}\n`);
  }
  if (options.plot !== undefined) await writeFile(options.plot, drawRatios(run));
  if (options.document !== undefined) {
    const document = await readFile(options.document, "utf8");
    await writeFile(options.document, insertFigures(document, run));
  }
  if (options.against !== undefined && options.json !== "-") {
    printAgainst(run, await readJson(options.against), options.against);
  }
}

/** More digits than that would only look exact. */
function roundNumbers(_key, value) {
  if (typeof value !== "number" || Number.isInteger(value)) return value;
  return Number(value.toPrecision(5));
}

async function readJson(file) {
  return JSON.parse(await readFile(file, "utf8"));
}
