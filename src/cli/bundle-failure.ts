import { isBuiltin } from "node:module";
import { join } from "node:path";
import type { BuildFailure, Message, PartialMessage } from "esbuild";
import { describeError } from "../errors.ts";
import { printable } from "./printable.ts";
import { sourceExcerpt } from "./source-excerpt.ts";
import { UsageError } from "./usage-error.ts";

/** Mistakes that are shown; one often causes many. */
const maxShown = 10;

/** What esbuild says of a bundle that it could not make, with the places in the user's files. */
export function bundleFailure(error: unknown, shownFolder: string): UsageError {
  const { errors = [] }: Partial<BuildFailure> = error instanceof Error ? error : {};
  if (errors.length === 0) {
    return new UsageError(
      printable(
        `esbuild failed: ${describeError(error)}. Try to install it again: npm install esbuild`,
      ),
      { cause: error },
    );
  }
  const lines = errors.slice(0, maxShown).map((message) => describe(message, shownFolder));
  if (errors.length > maxShown) lines.push(`and ${errors.length - maxShown} more`);
  return new UsageError(printable(`Cannot bundle the script\n${lines.join("\n")}`), {
    cause: error,
  });
}

function describe(message: Message, shownFolder: string): string {
  const { text, notes } = message;
  const [, specifier] = /^Could not resolve "(.*)"$/.exec(text) ?? [];
  const lines = [`${place(message, shownFolder)}${explain(text, specifier)}`];
  const { location } = message;
  const shown = location === null ? undefined : excerpt(location);
  if (shown !== undefined) lines.push(shown);
  // The advice for what cannot be found is about options of esbuild.
  if (specifier === undefined) {
    lines.push(...notes.map((note) => `  ${place(note, shownFolder)}${note.text}`));
  }
  return lines.join("\n");
}

function explain(text: string, specifier: string | undefined): string {
  if (specifier === undefined) return text;
  if (isBuiltin(specifier)) {
    return `${text}: the sandbox has no Node built-ins, so use another package, or a build of this one for browsers`;
  }
  const name = packageName(specifier);
  return isPackageName(name) ? `${text}: npm install ${name}` : text;
}

/** The package that a specifier begins with. */
export function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Whether npm could have a package of that name. */
export function isPackageName(name: string): boolean {
  return /^(?:@[\w.~-]+\/)?[\w.~-]+$/.test(name) && !/^\.+$/.test(name);
}

type Location = NonNullable<Message["location"]>;

function place({ location }: PartialMessage, shownFolder: string): string {
  if (location === null || location === undefined) return "";
  const { file = "", line = 0 } = location;
  const shown = file === "<stdin>" ? file : join(shownFolder, file);
  return `${shown}:${line}:${columnOf(location)}: `;
}

/** 1-based, in code units; esbuild counts bytes from 0. */
function columnOf({ lineText = "", column = 0 }: Partial<Location>): number {
  return Buffer.from(lineText).subarray(0, column).toString("utf8").length + 1;
}

function excerpt(location: Location): string | undefined {
  const { line, lineText } = location;
  return sourceExcerpt(`${"\n".repeat(line - 1)}${lineText}`, line, columnOf(location));
}
