import { targetOf } from "./target.js";

const rowHeight = 28;
const left = 450;
const right = 930;
const top = 82;
const legendColumns = 5;

/** Marks by runner, and their colours: on light and on dark ground. */
const marks = {
  worker: { title: 'sandbox, isolation "worker"', light: "#0b62c4", dark: "#6cb2ff" },
  none: { title: 'sandbox, isolation "none"', light: "#b35900", dark: "#ffa94d" },
  naive: { title: "naive embedding", light: "#8a8a8a", dark: "#9a9a9a" },
  node: { title: "Node's own WebSocket", light: "#3c873a", dark: "#7ccf78" },
  deno: { title: "Deno", light: "#7a3fb0", dark: "#c79bf2" },
  bun: { title: "Bun", light: "#c2306e", dark: "#ff8ab8" },
};

/** Draws the ratios of a run as an SVG that is readable on light and on dark ground. */
export function drawRatios({ figures, versions, machine, commit, date }) {
  const rows = figures.filter(({ unit }) => unit === "ratio");
  const runners = Object.keys(marks).filter((name) =>
    rows.some(({ results }) => results[name] !== undefined),
  );
  const bottom = top + rows.length * rowHeight;
  const scale = createScale(rows, runners);
  const height = bottom + 78;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${right + 40} ${height}" role="img" aria-label="Ratios to plain ws by workload">`,
    `<style>${styles(runners)}</style>`,
    `<text x="16" y="26" class="title">Cost over plain ws, as a ratio (less is better, logarithmic)</text>`,
    drawLegend(runners),
    ...scale.ticks.map((tick) => drawTick(tick, scale.place(tick), bottom)),
    ...rows.map((row, index) =>
      drawRow(row, runners, scale.place, top + (index + 0.5) * rowHeight),
    ),
    `<text x="16" y="${bottom + 48}" class="note">Median of rounds, line from the least to the most; the bar is the target.</text>`,
    `<text x="16" y="${bottom + 66}" class="note">${escape(`Node ${versions.node}, ws ${versions.ws}, ${machine.cores} × ${machine.cpu}, commit ${commit}, ${date.slice(0, 10)}`)}</text>`,
    `</svg>`,
    "",
  ].join("\n");
}

function createScale(rows, runners) {
  const values = rows.flatMap((row) => [
    1,
    ...runners.flatMap((runner) => {
      const result = row.results[runner];
      const target = targetOf(row, runner);
      return [result?.min, result?.max, target].filter((value) => value > 0);
    }),
  ]);
  const low = Math.log(Math.min(...values) * 0.9);
  const high = Math.log(Math.max(...values) * 1.1);
  const place = (value) => left + ((Math.log(value) - low) / (high - low)) * (right - left);
  const ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].filter(
    (tick) => Math.log(tick) >= low && Math.log(tick) <= high,
  );
  return { place, ticks };
}

function styles(runners) {
  const colours = (theme) =>
    runners.map((name) => `.${name}{fill:${marks[name][theme]};stroke:${marks[name][theme]}}`);
  return [
    "text{font:13px system-ui,sans-serif;fill:#222;stroke:none}",
    ".title{font-size:16px;font-weight:600}.note,.tick{font-size:12px;fill:#666}",
    ".grid{stroke:#ddd}.one{stroke:#888}.target{stroke:#111;stroke-width:3}.range{stroke-width:2;opacity:.5}",
    ...colours("light"),
    "@media(prefers-color-scheme:dark){",
    "text{fill:#e6e6e6}.note,.tick{fill:#aaa}.grid{stroke:#3a3a3a}.one{stroke:#999}.target{stroke:#fff}",
    ...colours("dark"),
    "}",
  ].join("");
}

function drawLegend(runners) {
  const entries = runners.map((name, index) => {
    const x = 22 + (index % legendColumns) * 190;
    const y = 46 + Math.floor(index / legendColumns) * 18;
    return `<circle cx="${x}" cy="${y}" r="5" class="${name}"/><text x="${x + 10}" y="${y + 4}">${escape(marks[name].title)}</text>`;
  });
  return entries.join("");
}

function drawTick(tick, x, bottom) {
  const at = x.toFixed(1);
  return `<line x1="${at}" x2="${at}" y1="${top}" y2="${bottom}" class="${tick === 1 ? "one" : "grid"}"/><text x="${at}" y="${bottom + 18}" text-anchor="middle" class="tick">${tick}</text>`;
}

function drawRow(row, runners, place, y) {
  const target = targetOf(row, "worker") ?? targetOf(row, "none");
  return [
    `<text x="${left - 14}" y="${y + 4}" text-anchor="end">${escape(row.title)}</text>`,
    target === undefined
      ? ""
      : `<line x1="${place(target).toFixed(1)}" x2="${place(target).toFixed(1)}" y1="${y - 10}" y2="${y + 10}" class="target"><title>target ${target}</title></line>`,
    ...runners.map((runner, index) => drawMark(row, runner, place, y + (index % 2 === 0 ? -4 : 4))),
  ].join("");
}

function drawMark({ results }, runner, place, y) {
  if (results[runner] === undefined) return "";
  const { value, min, max } = results[runner];
  const title = `<title>${escape(marks[runner].title)}: ${value.toFixed(2)}</title>`;
  return `<line x1="${place(min).toFixed(1)}" x2="${place(max).toFixed(1)}" y1="${y}" y2="${y}" class="range ${runner}"/><circle cx="${place(value).toFixed(1)}" cy="${y}" r="4.5" class="${runner}">${title}</circle>`;
}

function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
