import { compareRounds, costsOf, cpuPerMessage, measureRounds, spread } from "../measure-rounds.js";
import { percentile } from "../statistics.js";

const sockets = 50;
const perSecond = 20_000;

/** Rounds and their milliseconds, by length of the run. */
const plans = { quick: [1, 1_000], default: [2, 5_000], full: [3, 10_000] };

/** A dashboard: many sockets with a steady stream of events, one of 20 of which is answered. */
export const events = {
  name: "events",
  title: `${sockets} sockets, ${perSecond.toLocaleString("en")} JSON events per second`,
  seconds: 45,
  async run(bench) {
    const [rounds, milliseconds] = plans[bench.lengths.name];
    const task = { task: "pace", perSecond, answerEvery: 20 };
    const results = await measureRounds(
      { ...bench, rounds },
      {
        workload: "group",
        open: (runner) => ({ name: `events-${runner}`, sockets, isControlling: true }),
        tasks: {
          warmUp: { ...task, milliseconds: bench.lengths.warmUp },
          measure: { ...task, milliseconds },
        },
      },
    );
    return [
      {
        name: "events/cpu",
        title: events.title,
        unit: "ratio",
        target: 1.3,
        results: compareRounds(results, cpuPerMessage),
        costs: costsOf(results),
      },
      ...delayFigures("events", events.title, results, 2),
    ];
  },
};

/** Figures of the time from the moment when an event is due to its answer. */
export function delayFigures(name, title, results, target) {
  const p99 = ({ delays }) => percentile(delays, 99);
  return [
    {
      name: `${name}/delay`,
      title: `${title}: delay, 99 %`,
      unit: "ms",
      results: Object.fromEntries(
        [...results].map(([runner, { rounds }]) => [runner, spread(rounds.map(p99))]),
      ),
    },
    {
      name: `${name}/delay-over-plain`,
      title: `${title}: delay, 99 %, beyond plain ws`,
      unit: "ms",
      target,
      results: compareRounds(results, p99, (own, plain) => own - plain),
    },
  ];
}
