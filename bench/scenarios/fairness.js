import { measureRounds } from "../measure-rounds.js";
import { delayFigures } from "./events.js";

/** Rounds and their milliseconds, by length of the run. */
const plans = { quick: [1, 1_000], default: [3, 2_000], full: [5, 4_000] };

/** One socket is flooded without an end: how long the events of the others wait. */
export const fairness = {
  name: "fairness",
  title: "10 sockets beside one that is flooded",
  seconds: 30,
  async run(bench) {
    const [rounds, milliseconds] = plans[bench.lengths.name];
    const task = { task: "pace", perSecond: 200, answerEvery: 1 };
    const results = await measureRounds(
      { ...bench, rounds },
      {
        workload: "flooded-group",
        open: (runner) => ({ name: `fairness-${runner}`, sockets: 10 }),
        tasks: {
          warmUp: { ...task, milliseconds: bench.lengths.warmUp },
          measure: { ...task, milliseconds },
        },
      },
    );
    return delayFigures("fairness", fairness.title, results);
  },
};
