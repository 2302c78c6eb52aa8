/** Lays out what the console shows on lines. */
import { indexOf, stringSlice } from "../intrinsics.ts";

/** Longest object that stays on one line. */
const lineLength = 72;

/** Joins the entries, on one line where they fit. */
export function compose(
  prefix: string,
  isList: boolean,
  entries: readonly string[],
  depth: number,
): string {
  const open = isList ? "[" : "{";
  const close = isList ? "]" : "}";
  if (entries.length === 0) return prefix + open + close;
  let length = prefix.length + depth * 2;
  let isFlat = true;
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] ?? "";
    length += entry.length + 2;
    isFlat &&= length <= lineLength && indexOf(entry, "\n") < 0;
  }
  if (isFlat) return prefix + open + " " + join(entries, ", ") + " " + close;
  const margin = "\n" + spaces(depth * 2);
  const separator = "," + margin + "  ";
  // Short items of a list share lines.
  const text = isList ? fill(entries, separator, depth * 2 + 2) : join(entries, separator);
  return prefix + open + margin + "  " + text + margin + close;
}

function join(entries: readonly string[], separator: string): string {
  let text = entries[0] ?? "";
  for (let index = 1; index < entries.length; index++) text += separator + (entries[index] ?? "");
  return text;
}

function fill(entries: readonly string[], separator: string, margin: number): string {
  let text = entries[0] ?? "";
  let column = margin + text.length;
  for (let index = 1; index < entries.length; index++) {
    const entry = entries[index] ?? "";
    column += entry.length + 2;
    const fits = column <= lineLength && entry.length < 16;
    text += (fits ? ", " : separator) + entry;
    if (!fits) column = margin + entry.length;
  }
  return text;
}

/** The text with the lines after its first moved to the right. */
export function indent(text: string, depth: number): string {
  if (depth === 0) return text;
  const margin = "\n" + spaces(depth * 2);
  let result = "";
  let start = 0;
  for (;;) {
    const end = indexOf(text, "\n", start);
    if (end < 0) return result + stringSlice(text, start);
    result += stringSlice(text, start, end) + margin;
    start = end + 1;
  }
}

function spaces(count: number): string {
  let text = "";
  while (text.length < count) text += "  ";
  return text;
}
