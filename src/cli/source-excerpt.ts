import { printable } from "./printable.ts";

/** Most columns of a line that are shown: scripts may be one long line. */
const maxColumns = 100;

/** The line of a source with a caret below the column, or `undefined` when there is no such line. */
export function sourceExcerpt(source: string, line: number, column: number): string | undefined {
  const text = source.split(/\r\n|[\n\r\u2028\u2029]/, line)[line - 1];
  if (text === undefined || text.trim() === "") return undefined;
  const gutter = String(line);
  const { shown, caret } = cut(text, column);
  const lines = [`  ${gutter} | ${shown}`];
  if (column > 0) lines.push(`  ${" ".repeat(gutter.length)} | ${caret}`);
  return lines.join("\n");
}

function cut(text: string, column: number): { shown: string; caret: string } {
  const at = Math.min(Math.max(column - 1, 0), text.length);
  const start = at < maxColumns - 20 ? 0 : at - maxColumns / 2;
  const end = start + maxColumns;
  const before = `${start > 0 ? "..." : ""}${printable(text.slice(start, at))}`;
  const after = `${printable(text.slice(at, end))}${end < text.length ? "..." : ""}`;
  // A tab takes as many columns below as above.
  return { shown: before + after, caret: `${before.replaceAll(/[^\t]/g, " ")}^` };
}
