import { targetOf } from "./target.js";

/** Prints all figures with their targets, then what messages cost. */
export function printFigures({ figures, length, rounds, versions, machine }) {
  const { cpu, cores } = machine;
  console.log(`node ${versions.node}, ${cores} × ${cpu}, ${length}, ${rounds} rounds\n`);
  const { head, rows } = describeFigures({ figures });
  printTable(head, rows);
  printCosts(figures);
}

/** The figures as a table: its `head` and its `rows`. */
export function describeFigures({ figures }) {
  const runners = listRunners(figures);
  const rows = figures.map((figure) => [
    figure.title,
    describeTarget(figure),
    ...runners.map((runner) => describeResult(figure, runner)),
  ]);
  return { head: ["", "target", ...runners], rows };
}

/** Prints how the figures differ from those of a saved run. */
export function printAgainst(run, saved, file) {
  console.log(`\nAgainst ${file} (${saved.commit}, ${saved.date.slice(0, 10)}): then → now\n`);
  const savedFigures = new Map(saved.figures.map((figure) => [figure.name, figure]));
  const both = run.figures.filter(({ name }) => savedFigures.has(name));
  const runners = listRunners(both);
  printTable(
    ["", ...runners],
    both.map(({ name, title, unit, results }) => [
      title,
      ...runners.map((runner) => {
        const before = savedFigures.get(name).results[runner]?.value;
        const now = results[runner]?.value;
        if (before === undefined || now === undefined) return "";
        // A difference from plain ws can be of either sign.
        if (before <= 0) return `${formatValue(before, unit)} → ${formatValue(now, unit)}`;
        const change = Math.round((now / before - 1) * 100);
        const sign = change > 0 ? "+" : "";
        return `${formatValue(before, unit)} → ${formatValue(now, unit)}  ${sign}${change} %`;
      }),
    ]),
  );
}

function printCosts(figures) {
  const measured = figures.filter(({ costs }) => costs !== undefined);
  if (measured.length === 0) return;
  const runners = [...new Set(measured.flatMap(({ costs }) => Object.keys(costs)))];
  console.log("\nMicroseconds of CPU per message, thousands of messages per second\n");
  printTable(
    ["", ...runners, "server"],
    measured.map(({ title, costs }) => [
      title,
      ...runners.map((runner) => {
        if (costs[runner] === undefined) return "";
        const { cpuPerMessage, messagesPerSecond } = costs[runner];
        return `${formatNumber(cpuPerMessage)}  ${formatNumber(messagesPerSecond / 1_000)} k/s`;
      }),
      formatNumber(costs.plain.serverCpuPerMessage),
    ]),
  );
}

/** Our own first, then the reference, which has results only where they are no ratios to it, then peers. */
function listRunners(figures) {
  const named = new Set(figures.flatMap(({ results }) => Object.keys(results)));
  const known = ["worker", "none", "plain"].filter((name) => named.has(name));
  return [...new Set([...known, ...named])];
}

function describeTarget(figure) {
  const targets = ["worker", "none"].map((runner) => targetOf(figure, runner));
  const described = targets
    .filter((target) => target !== undefined)
    .map((target) => formatValue(target, figure.unit));
  return described.length === 0 ? "" : `≤ ${[...new Set(described)].join(", ")}`;
}

function describeResult(figure, runner) {
  const { results, unit } = figure;
  const result = results[runner];
  if (result === undefined) return "";
  const { value, min, max } = result;
  const target = targetOf(figure, runner);
  const verdict = target === undefined ? "" : value <= target ? " met" : " MISSED";
  return `${formatValue(value, unit)} (${formatRange(min, max, unit)})${verdict}`;
}

function formatRange(min, max, unit) {
  const format = unit === "ratio" ? (value) => formatValue(value, unit) : formatNumber;
  return `${format(min)}–${format(max)}`;
}

function formatValue(value, unit) {
  return unit === "ratio" ? value.toFixed(2) : `${formatNumber(value)} ${unit}`;
}

function formatNumber(value) {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

function printTable(head, rows) {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column].length)),
  );
  for (const row of [head, ...rows]) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] + 2))
        .join("")
        .trimEnd(),
    );
  }
}
