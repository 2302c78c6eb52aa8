/** Reads the engine's stack traces: lines `    at name (file:line:column)`, or `    at file:line:column` for syntax errors. */
import { charCodeAt, indexOf, lastIndexOf, NumberOf, stringSlice } from "./intrinsics.ts";

/** The script name of the runtime itself. Its frames are no business of a script. */
const runtimeFile = "netdevice:runtime";

/** Where something happened. Positions are 1-based; 0 is unknown. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const nativeMark = "(native)";
const maxStackLength = 16_384;

/**
 * The stack without the frames of the runtime and of the built-ins that it called, such as `Function.prototype.call`; `""` for
 * what is not a string.
 */
export function scriptStack(stack: unknown): string {
  let kept = "";
  let natives = "";
  eachLine(stack, (line) => {
    if (stringSlice(line, -nativeMark.length) === nativeMark) natives += line + "\n";
    else {
      if (indexOf(line, runtimeFile) < 0) kept += natives + line + "\n";
      natives = "";
    }
    return kept.length > maxStackLength;
  });
  return kept + natives;
}

/** The innermost position in a stack that has one. */
export function topPosition(stack: unknown): Position {
  let found: Position = { file: "", line: 0, column: 0 };
  eachLine(stack, (line) => {
    const position = parseFrame(line);
    if (position !== undefined) found = position;
    return position !== undefined;
  });
  return found;
}

function eachLine(stack: unknown, visit: (line: string) => boolean): void {
  if (typeof stack !== "string") return;
  let start = 0;
  while (start < stack.length) {
    let end = indexOf(stack, "\n", start);
    if (end < 0) end = stack.length;
    if (end > start && visit(stringSlice(stack, start, end))) return;
    start = end + 1;
  }
}

function parseFrame(line: string): Position | undefined {
  const at = indexOf(line, "at ");
  if (at < 0) return undefined;
  let location = stringSlice(line, at + 3);
  const open = indexOf(location, " (");
  if (open >= 0 && stringSlice(location, -1) === ")")
    location = stringSlice(location, open + 2, -1);
  const beforeColumn = lastIndexOf(location, ":");
  const beforeLine = beforeColumn > 0 ? lastIndexOf(location, ":", beforeColumn - 1) : -1;
  if (beforeLine > 0) {
    const row = toPosition(stringSlice(location, beforeLine + 1, beforeColumn));
    const column = toPosition(stringSlice(location, beforeColumn + 1));
    if (row > 0 && column > 0)
      return { file: stringSlice(location, 0, beforeLine), line: row, column };
  }
  // Some frames carry a line only.
  const row = beforeColumn > 0 ? toPosition(stringSlice(location, beforeColumn + 1)) : 0;
  return row > 0
    ? { file: stringSlice(location, 0, beforeColumn), line: row, column: 0 }
    : undefined;
}

/** The number that the text spells in at most nine digits, else 0. */
function toPosition(text: string): number {
  if (text.length === 0 || text.length > 9) return 0;
  for (let index = 0; index < text.length; index++) {
    const unit = charCodeAt(text, index);
    if (unit < 0x30 || unit > 0x39) return 0;
  }
  return NumberOf(text);
}
