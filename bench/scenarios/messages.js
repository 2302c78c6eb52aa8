import { compareRounds, costsOf, cpuPerMessage, measureRounds } from "../measure-rounds.js";
import { createStateMessage } from "../server/state-message.js";
import { median } from "../statistics.js";

const state = JSON.parse(createStateMessage(100_000));

/** One socket and many messages: what each costs. */
const workloads = [
  {
    name: "ping-pong",
    title: "ping-pong, 64 B text, 1 outstanding",
    workload: "echo",
    options: { outstanding: 1, kind: "text", size: 64 },
    target: 1.2,
    roundTripTarget: 1.1,
  },
  ...[
    ["text", 64],
    ["text", 1_024],
    ["binary", 64],
  ].map(([kind, size]) => ({
    name: `echo-${kind}-${size}`,
    title: `echo, 64 outstanding, ${sizeText(size)} ${kind}`,
    workload: "echo",
    options: { outstanding: 64, kind, size },
    target: 0.7,
  })),
  ...[
    ["text", 64, 1.6],
    ["json", 1_024, 3],
    ["binary", 2 ** 16, 1.15],
    ["binary", 2 ** 20, 1.15],
  ].map(([kind, size, target]) => ({
    name: `receive-${kind}-${size}`,
    title: `receive flood, ${sizeText(size)} ${kind === "json" ? "JSON, parsed" : kind}`,
    workload: "receive",
    options: { kind, size },
    target,
  })),
  ...[
    ["text", 64, 500, 0.35],
    ["json", 1_024, 100, 1.6],
    ["binary", 2 ** 16, 16, 0.4],
    ["binary", 2 ** 20, 4, 0.4],
  ].map(([kind, size, burst, target]) => ({
    name: `send-${kind}-${size}`,
    title: `send flood, ${sizeText(size)} ${kind === "json" ? "JSON, stringified" : kind}`,
    workload: "send",
    options: { kind, size, burst, state },
    unit: burst,
    target,
  })),
];

/** A scenario for each workload. */
export const messages = workloads.map((workload) => ({
  name: workload.name,
  title: workload.title,
  seconds: 22,
  async run(bench) {
    const results = await measureRounds(bench, {
      workload: workload.workload,
      open: () => workload.options,
      unit: workload.unit,
    });
    return createFigures(workload, results);
  },
}));

function createFigures({ name, title, target, roundTripTarget }, results) {
  const cpu = {
    name: `${name}/cpu`,
    title,
    unit: "ratio",
    target,
    results: compareRounds(results, cpuPerMessage),
    costs: costsOf(results),
  };
  if (roundTripTarget === undefined) return [cpu];
  const roundTrip = {
    name: `${name}/round-trip`,
    title: `${title}: median round trip`,
    unit: "ratio",
    target: roundTripTarget,
    results: compareRounds(results, ({ roundTrips }) => median(roundTrips)),
  };
  return [cpu, roundTrip];
}

function sizeText(bytes) {
  if (bytes >= 2 ** 20) return `${bytes / 2 ** 20} MiB`;
  return bytes >= 2 ** 10 ? `${bytes / 2 ** 10} KiB` : `${bytes} B`;
}
