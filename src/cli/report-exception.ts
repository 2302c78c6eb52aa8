import type { ScriptException, ScriptPosition } from "../errors.ts";
import { firstPlace, replacePlaces } from "../modules/stack-places.ts";
import type { Colours } from "./colours.ts";
import { printable } from "./printable.ts";
import { sourceExcerpt } from "./source-excerpt.ts";

/** Knows the sources of a script for reports. */
export interface ScriptSources {
  /** The path to print for the name of a source in a stack. */
  path(name: string): string;
  /** Text of a source, if it can be had. */
  text(name: string): string | undefined;
  /**
   * An exception with its places in the original sources, where the script has source maps.
   *
   * @param note is told why a map is of no use
   */
  original(exception: ScriptException, note: (message: string) => void): ScriptException;
}

/** An uncaught exception as text: its place, the line of the source with a caret, the message and the stack. */
export function reportException(
  exception: ScriptException,
  sources: ScriptSources,
  colours: Colours,
): string {
  const lines: string[] = [];
  const position =
    exception.position ?? firstPlace(exception.stack) ?? firstPlace(exception.message);
  if (position !== undefined) lines.push(...place(position, sources, colours), "");
  lines.push(colours.red(printable(title(exception))));
  const stack = replacePlaces(exception.stack.trimEnd(), (at) => ({
    ...at,
    file: sources.path(at.file),
  }));
  if (stack !== "") lines.push(colours.dim(printable(stack)));
  return `${lines.join("\n")}\n`;
}

function title({ name, message }: ScriptException): string {
  // A value that is no error has no name.
  return ["Uncaught", [name, message].filter((part) => part !== "").join(": ")].join(" ");
}

function place(position: ScriptPosition, sources: ScriptSources, colours: Colours): string[] {
  const { file, line, column } = position;
  const shown = printable(`${sources.path(file)}:${line}${column > 0 ? `:${column}` : ""}`);
  const source = sources.text(file);
  const excerpt = source === undefined ? undefined : sourceExcerpt(source, line, column);
  return excerpt === undefined ? [colours.bold(shown)] : [colours.bold(shown), excerpt];
}
