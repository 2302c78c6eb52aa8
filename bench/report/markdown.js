import { describeFigures } from "./tables.js";

const begin = "<!-- figures -->";
const end = "<!-- /figures -->";

/**
 * Puts the figures of a run between the marks of a document.
 *
 * @throws {Error} if the document has no marks
 */
export function insertFigures(document, run) {
  const [before, rest] = document.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`The document has no ${begin} and ${end}`);
  const { head, rows } = describeFigures(run);
  const { versions, machine, commit, date, rounds } = run;
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return [
    `${before}${begin}`,
    "",
    `Ratios to plain \`ws\` if no unit is given; the median of ${rounds} rounds, and its range.`,
    `Node ${versions.node}, ws ${versions.ws}, ${machine.cores} × ${machine.cpu}, ${machine.platform}, commit ${commit}, ${date.slice(0, 10)}.`,
    "",
    ...lines,
    "",
    `${end}${after}`,
  ].join("\n");
}
