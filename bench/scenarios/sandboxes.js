import { fileURLToPath } from "node:url";
import { spread } from "../measure-rounds.js";
import { startProcess } from "../process/child-process.js";

const maker = fileURLToPath(new URL("../runners/sandbox-maker.js", import.meta.url));

/** Sandboxes that are made one after the other, and that live at the same time, by length of the run. */
const plans = {
  quick: { times: { worker: 3, none: 5 }, memory: { worker: 3, none: 20 }, processes: 1 },
  default: { times: { worker: 15, none: 40 }, memory: { worker: 20, none: 200 }, processes: 2 },
  full: { times: { worker: 40, none: 100 }, memory: { worker: 50, none: 500 }, processes: 3 },
};

/** Warm: the engine has been compiled for the sandboxes before. */
const warmUpCount = 5;

/** How long a sandbox takes to make in a process that has made some. */
export const creation = {
  name: "creation",
  title: "a warm sandbox, from its creation to the first line of its script",
  seconds: 6,
  async run({ lengths }) {
    const { times } = plans[lengths.name];
    const results = {};
    for (const [isolation, count] of Object.entries(times)) {
      const process = startMaker(isolation);
      await process.ask("times", { count: warmUpCount });
      results[isolation] = spread(await process.ask("times", { count }));
      await process.stop();
    }
    return [
      {
        name: "creation/time",
        title: creation.title,
        unit: "ms",
        target: { worker: 60, none: 5 },
        results,
      },
    ];
  },
};

/** Test sandboxes in each of ten batches, by length of the run. */
const batchSizes = { quick: 10, default: 100, full: 100 };

/** What a test costs that makes a sandbox of its own. */
export const testSandboxes = {
  name: "test-sandboxes",
  title: "a test sandbox with an echo conversation, from its creation to its end",
  seconds: 8,
  async run({ lengths }) {
    const process = startMaker("none");
    await process.ask("conversations", { count: warmUpCount, batches: 1 });
    const times = await process.ask("conversations", {
      count: batchSizes[lengths.name],
      batches: 10,
    });
    await process.stop();
    return [
      {
        name: "test-sandboxes/time",
        title: testSandboxes.title,
        unit: "ms",
        target: { none: 5 },
        results: { none: spread(times) },
      },
    ];
  },
};

/** What a sandbox adds to the memory of the process that is resident. */
export const residentMemory = {
  name: "resident-memory",
  title: "resident memory of each sandbox",
  seconds: 15,
  async run({ lengths }) {
    const { memory, processes } = plans[lengths.name];
    const results = {};
    for (const [isolation, count] of Object.entries(memory)) {
      const megabytes = [];
      for (let index = 0; index < processes; index += 1) {
        const process = startMaker(isolation);
        megabytes.push((await process.ask("memory", { count })) / 1e6);
        await process.stop();
      }
      results[isolation] = spread(megabytes);
    }
    return [
      {
        name: "resident-memory/sandbox",
        title: residentMemory.title,
        unit: "MB",
        target: { worker: 12, none: 0.8 },
        results,
      },
    ];
  },
};

function startMaker(isolation) {
  const args = ["--expose-gc", maker, isolation];
  return startProcess(process.execPath, args, { name: `sandboxes, "${isolation}"` });
}
