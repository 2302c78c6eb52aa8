import { startRunner } from "./runners/runners.js";
import { median } from "./statistics.js";

/**
 * Runs a workload in rounds: each runner in turn, in a process that lives through all of them. The first runner is what the others are
 * compared with.
 *
 * @param bench what a scenario is given
 * @param options `workload`, the name of its file; `open(name)`, what its `open` is given in a runner; and one of
 * - `unit`: the number of messages is found by warming up, as a multiple of it
 * - `tasks`: what its `run` is given to `warmUp`, as often as it takes, and to `measure`
 * @returns by runner: the `rounds`, and the `costs` of a message in all of them: microseconds of CPU
 */
export async function measureRounds(bench, options) {
  const processes = new Map();
  try {
    for (const [name, runner] of bench.runners) {
      const open = { url: bench.server.url, ...options.open(name) };
      processes.set(name, await startRunner(runner, options.workload, open));
    }
    const task = await warmUp(bench, [...processes.values()], options);
    const rounds = new Map([...processes.keys()].map((name) => [name, []]));
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const name of rotated([...processes.keys()], round)) {
        const serverStart = await bench.server.ask("cpu");
        const result = await processes.get(name).ask("measure", task);
        const serverCpu = (await bench.server.ask("cpu")) - serverStart;
        rounds.get(name).push({ ...result, serverCpu });
      }
    }
    return new Map([...rounds].map(([name, results]) => [name, summarise(results)]));
  } finally {
    await Promise.all([...processes.values()].map((process) => process.stop()));
  }
}

/** By runner, a figure of each round compared with that of the first runner in the same round: as a ratio if nothing else is said. */
export function compareRounds(results, figureOf, compare = (own, first) => own / first) {
  const [[, { rounds: firstRounds }], ...others] = results;
  return Object.fromEntries(
    others.map(([name, { rounds }]) => [
      name,
      spread(rounds.map((round, index) => compare(figureOf(round), figureOf(firstRounds[index])))),
    ]),
  );
}

/** Microseconds of CPU per message of a round. */
export function cpuPerMessage({ cpu, messages }) {
  return cpu / messages;
}

/** By runner, the costs of messages for the tables. */
export function costsOf(results) {
  return Object.fromEntries([...results].map(([name, { costs }]) => [name, costs]));
}

/** The median of values with their range. */
export function spread(values) {
  return { value: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Lets each runner work until its engine has compiled what is hot; V8 does so to WebAssembly late, and in the background.
 *
 * @returns what is measured then
 */
async function warmUp({ lengths }, processes, { tasks, unit = 1 }) {
  if (tasks !== undefined) {
    for (const process of processes) {
      let spent = 0;
      while (spent < lengths.warmUp) {
        spent += (await process.ask("measure", tasks.warmUp)).milliseconds;
      }
    }
    return tasks.measure;
  }
  const counts = [];
  for (const process of processes) counts.push(await warmUpFor(lengths, process, unit));
  // As many as the first takes a stretch for.
  return { count: counts[0] };
}

/** Returns how many messages take a stretch. */
async function warmUpFor({ warmUp, stretch }, process, unit) {
  let count = unit;
  let stretchCount = unit;
  let spent = 0;
  while (spent < warmUp) {
    const { milliseconds } = await process.ask("measure", { count });
    spent += milliseconds;
    stretchCount = Math.ceil(((stretch / milliseconds) * count) / unit) * unit;
    // The first messages say little.
    count = Math.min(stretchCount, count * 10);
  }
  return stretchCount;
}

/** Nobody is always first. */
function rotated(names, round) {
  const first = round % names.length;
  return [...names.slice(first), ...names.slice(0, first)];
}

function summarise(rounds) {
  const costs = {
    messages: rounds.reduce((sum, { messages }) => sum + messages, 0),
    cpuPerMessage: median(rounds.map(cpuPerMessage)),
    serverCpuPerMessage: median(rounds.map(({ serverCpu, messages }) => serverCpu / messages)),
    messagesPerSecond: median(
      rounds.map(({ messages, milliseconds }) => (messages / milliseconds) * 1_000),
    ),
  };
  return { rounds, costs };
}
