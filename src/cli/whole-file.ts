import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { readProblem, UsageError } from "./usage-error.ts";

/** A file that appears whole or not at all. */
export interface WholeFile {
  write(text: string): void;
  /** Puts it in its place. */
  save(): void;
  /** Leaves the place as it was, unless it was saved. Safe to call twice. */
  discard(): void;
}

/**
 * Opens a file beside its place.
 *
 * @param option for messages, for example `--output`
 * @param mode who may read and write it, as for `open`
 * @throws {UsageError} if the place cannot be written
 */
export function openWholeFile(option: string, path: string, mode: number): WholeFile {
  const partial = `${path}.${process.pid}.partial`;
  const descriptor = open(option, path, partial, mode);
  let isOpen = true;

  function close(): void {
    if (isOpen) closeSync(descriptor);
    isOpen = false;
  }

  return {
    write(text) {
      let rest: Uint8Array = Buffer.from(text);
      while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
    },
    save() {
      close();
      renameSync(partial, path);
    },
    discard() {
      if (!isOpen) return;
      close();
      rmSync(partial, { force: true });
    },
  };
}

function open(option: string, path: string, partial: string, mode: number): number {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      throw Object.assign(new Error("a folder"), { code: "EISDIR" });
    }
    return openSync(partial, "wx", mode);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const problem = code === "ENOENT" ? "there is no such folder" : readProblem(error);
    throw new UsageError(
      `${option} expects a file that can be written, got ${JSON.stringify(path)}: ${problem}`,
      { cause: error },
    );
  }
}
