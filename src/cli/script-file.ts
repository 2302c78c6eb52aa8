import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readModuleText } from "../modules/module-source.ts";
import { SourceError } from "../modules/source-error.ts";
import type { ScriptSources } from "./report-exception.ts";
import { readProblem, UsageError } from "./usage-error.ts";

/** A script that was read. */
export interface ScriptFile extends ScriptSources {
  readonly source: string;
  /** Its name in the sandbox. */
  readonly name: string;
  /** The folder that its imports come from. */
  readonly folder: string;
}

/**
 * Reads the script that the command line names.
 *
 * @param input standard input, where it was read already
 * @throws {UsageError} if it cannot be read
 */
export async function readScript(path: string, input?: string): Promise<ScriptFile> {
  return path === "-"
    ? scriptFile(input ?? (await readStandardInput()), "stdin.js", "<stdin>", process.cwd())
    : scriptFile(readText(path), basename(path), path, dirname(path));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(
      `Cannot read the script ${JSON.stringify(path)}: ${readProblem(error)}. Expected the path of a file, or - for standard input`,
      { cause: error },
    );
  }
}

/** Reads standard input to its end. */
export async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

function scriptFile(text: string, name: string, path: string, folder: string): ScriptFile {
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  return {
    source,
    name,
    folder,
    path(file) {
      if (file === name) return path;
      // Names that are no files: code made by `eval`, native functions.
      return /\.\w+$/.test(file) ? join(dirname(path), file) : file;
    },
    text(file) {
      if (file === name) return source;
      try {
        return readModuleText(folder, file);
      } catch (error) {
        // Only an excerpt is lost: the name is whatever the script's stack says.
        if (error instanceof SourceError) return undefined;
        throw error;
      }
    },
  };
}
