import { compareRounds, costsOf, cpuPerMessage, measureRounds, spread } from "../measure-rounds.js";
import { ownRunners, startRunner } from "../runners/runners.js";
import { median } from "../statistics.js";

const many = 1_000;

/** Events of a measured stretch, and messages of one socket, by length of the run. */
const plans = {
  quick: { events: 1_000, messages: 20_000 },
  default: { events: 4_000, messages: 200_000 },
  full: { events: 10_000, messages: 1_000_000 },
};

/** What an event costs when there are many sandboxes in a process, by what it costs when there is one. */
export const manySandboxesGrowth = {
  name: "many-sandboxes",
  title: `${many.toLocaleString("en")} sandboxes with a socket each, over one sandbox`,
  seconds: 25,
  async run(bench) {
    const one = bench.runners.get("none");
    const runners = new Map([
      ["one", one],
      ["many", { ...one, args: [...one.args, String(many)] }],
    ]);
    const results = await measureRotation({ ...bench, runners }, "many-sandboxes", () => 1);
    return [
      {
        name: "many-sandboxes/cpu",
        title: manySandboxesGrowth.title,
        unit: "ratio",
        target: 1.3,
        results: { none: compareRounds(results, cpuPerMessage).many },
        details: costsOf(results),
      },
    ];
  },
};

/** What an event costs when a sandbox has many sockets, by what it costs when it has one. */
export const manySocketsGrowth = {
  name: "many-sockets",
  title: `${many.toLocaleString("en")} sockets of a sandbox, over one socket`,
  seconds: 40,
  async run(bench) {
    const results = {};
    const details = {};
    for (const name of ownRunners) {
      const runner = bench.runners.get(name);
      const runners = new Map([
        ["one", runner],
        ["many", runner],
      ]);
      const measured = await measureRotation(
        { ...bench, runners },
        `many-sockets-${name}`,
        (size) => (size === "one" ? 1 : many),
      );
      results[name] = compareRounds(measured, cpuPerMessage).many;
      details[name] = costsOf(measured);
    }
    return [
      {
        name: "many-sockets/cpu",
        title: manySocketsGrowth.title,
        unit: "ratio",
        target: 1.1,
        results,
        details,
      },
    ];
  },
};

/** What a message costs after many messages, by what the first ones of the same socket cost. */
export const manyMessagesGrowth = {
  name: "many-messages",
  title: "echoes through one socket, last tenths over first tenths",
  seconds: 25,
  async run(bench) {
    const results = {};
    const details = {};
    for (const name of ownRunners) {
      const rounds = await measureTenths(bench, bench.runners.get(name));
      results[name] = spread(rounds.map(compareEnds));
      details[name] = rounds;
    }
    const { messages } = plans[bench.lengths.name];
    const title = `${messages.toLocaleString("en")} ${manyMessagesGrowth.title}`;
    return [{ name: "many-messages/cpu", title, unit: "ratio", target: 1.1, results, details }];
  },
};

/** Events one at a time: what arrives together with others costs less, and the more sockets the less does so. */
function measureRotation(bench, group, socketsOf) {
  const { events } = plans[bench.lengths.name];
  return measureRounds(bench, {
    workload: "group",
    open: (size) => ({
      name: `${group}-${size}`,
      sockets: socketsOf(size),
      isControlling: true,
    }),
    tasks: {
      warmUp: { task: "rotate", count: events * 2 },
      measure: { task: "rotate", count: events },
    },
  });
}

/** For each of some sockets, one after the other: CPU per message of the tenths of its messages. */
async function measureTenths({ server, lengths, rounds }, runner) {
  const { messages } = plans[lengths.name];
  const open = { url: server.url, outstanding: 64, kind: "text", size: 64 };
  const process = await startRunner(runner, "echo", open);
  try {
    await process.ask("measure", { count: messages });
    const results = [];
    for (let round = 0; round < Math.min(rounds, 3); round += 1) {
      await process.ask("call", { name: "close" });
      await process.ask("call", { name: "open", argument: open });
      const tenths = [];
      for (let tenth = 0; tenth < 10; tenth += 1) {
        tenths.push(cpuPerMessage(await process.ask("measure", { count: messages / 10 })));
      }
      results.push(tenths);
    }
    return results;
  } finally {
    await process.stop();
  }
}

function compareEnds(tenths) {
  return median(tenths.slice(-3)) / median(tenths.slice(0, 3));
}
