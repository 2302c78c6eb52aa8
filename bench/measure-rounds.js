import { reference, startRunner } from "./runners/runners.js";
import { median } from "./statistics.js";

/**
 * Runs a workload in rounds: each runner in turn, in a process that lives through all of them.
 *
 * @param bench what a scenario is given
 * @param options `workload`, the name of its file; `open`, what its `open` is given; `run`, a function that makes what its `run` is given of a
 * number of messages; `unit`, of which that number is a multiple; `count`, the number where it is not found by warming up
 * @returns by runner: the `rounds`, and the `costs` of a message in all of them: microseconds of CPU
 */
export async function measureRounds(bench, options) {
  const { unit = 1, run = (count) => ({ count }) } = options;
  const processes = new Map();
  try {
    for (const [name, runner] of bench.runners) {
      const open = { url: bench.server.url, ...options.open(name) };
      processes.set(name, await startRunner(runner, options.workload, open));
    }
    const count = await warmUp(bench, processes, run, unit);
    const rounds = new Map([...processes.keys()].map((name) => [name, []]));
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const name of rotated([...processes.keys()], round)) {
        const serverStart = await bench.server.ask("cpu");
        const result = await processes.get(name).ask("measure", run(count));
        const serverCpu = (await bench.server.ask("cpu")) - serverStart;
        rounds.get(name).push({ ...result, serverCpu });
      }
    }
    return new Map([...rounds].map(([name, results]) => [name, summarise(results)]));
  } finally {
    await Promise.all([...processes.values()].map((process) => process.stop()));
  }
}

/** Ratios of a figure of each round to the reference's in the same round, by runner. */
export function compareRounds(results, figureOf) {
  const referenceRounds = results.get(reference).rounds;
  const others = [...results].filter(([name]) => name !== reference);
  return Object.fromEntries(
    others.map(([name, { rounds }]) => {
      const ratios = rounds.map(
        (round, index) => figureOf(round) / figureOf(referenceRounds[index]),
      );
      return [name, spread(ratios)];
    }),
  );
}

/** The median of values with their range. */
export function spread(values) {
  return { value: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Lets each runner work until its engine has compiled what is hot; V8 does so to WebAssembly late, and in the background.
 *
 * @returns how many messages plain `ws` takes as long for as a stretch shall last
 */
async function warmUp({ lengths }, processes, run, unit) {
  let stretch = 0;
  for (const [name, process] of processes) {
    let count = unit;
    let spent = 0;
    while (spent < lengths.warmUp) {
      const { milliseconds } = await process.ask("measure", run(count));
      spent += milliseconds;
      const perMessage = milliseconds / count;
      const next = Math.ceil(lengths.stretch / perMessage / unit) * unit;
      if (name === reference) stretch = next;
      // The first messages say little.
      count = Math.min(next, count * 10);
    }
  }
  return stretch;
}

/** Nobody is always first. */
function rotated(names, round) {
  const first = round % names.length;
  return [...names.slice(first), ...names.slice(0, first)];
}

function summarise(rounds) {
  const costs = {
    messages: rounds.reduce((sum, { messages }) => sum + messages, 0),
    cpuPerMessage: median(rounds.map(({ cpu, messages }) => cpu / messages)),
    serverCpuPerMessage: median(rounds.map(({ serverCpu, messages }) => serverCpu / messages)),
    messagesPerSecond: median(
      rounds.map(({ messages, milliseconds }) => (messages / milliseconds) * 1_000),
    ),
  };
  return { rounds, costs };
}
