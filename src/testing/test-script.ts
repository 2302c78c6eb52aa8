import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describeError, SandboxError } from "../errors.ts";

/** A script to test. */
export interface TestScript {
  readonly source: string;
  /** Its name in stack traces; absent for a source that was given as text. */
  readonly name?: string;
  /** The folder that its imports come from. */
  readonly folder?: string;
}

/**
 * Reads a script: the `file:` URL or the path of a file, relative to the working directory, or a source. A text of one line that ends
 * in `.js`, `.mjs`, `.ts` or `.mts` is a path.
 *
 * @throws {SandboxError} `ERR_OPTION` for anything else, and a file that cannot be read.
 */
export async function readTestScript(script: string | URL): Promise<TestScript> {
  if (typeof script === "string" && !/^[^\r\n]*\.m?[jt]s$/.test(script)) return { source: script };
  const file = pathOf(script);
  try {
    return { source: await readFile(file, "utf8"), name: basename(file), folder: dirname(file) };
  } catch (cause) {
    throw new SandboxError(
      "ERR_OPTION",
      `script must be a file that can be read, or a source: ${describeError(cause)}`,
      { cause },
    );
  }
}

function pathOf(script: string | URL): string {
  if (typeof script === "string" && !script.startsWith("file:")) return resolve(script);
  // Callers without types pass anything.
  const given: unknown = script;
  const text = typeof given === "string" || given instanceof URL ? String(given) : typeof given;
  if (!text.startsWith("file:")) {
    throw new SandboxError(
      "ERR_OPTION",
      `script must be a file: URL, a path or a source, got ${text}`,
    );
  }
  return fileURLToPath(text);
}
