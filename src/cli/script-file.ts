import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { ScriptException } from "../errors.ts";
import { createSourceMapper, type SourceMapper } from "../modules/source-mapper.ts";
import { mayImportPackages } from "./import-patterns.ts";
import { type EsbuildLoader, loadEsbuild } from "./load-esbuild.ts";
import type { ScriptSources } from "./report-exception.ts";
import type { RunCommand } from "./run-options.ts";
import { findScriptMap, readBelow } from "./script-maps.ts";
import { readProblem, UsageError } from "./usage-error.ts";

/** A script that was read, or a bundle that was made of it and of what it imports. */
export interface ScriptFile extends ScriptSources {
  readonly source: string;
  /** Its name in the sandbox. */
  readonly name: string;
  /** How it has to be parsed; by its name, when that does not matter. */
  readonly type: "script" | "module" | undefined;
  /** Paths, without links, of what a bundle holds. */
  readonly files: readonly string[];
  /** The folder that its imports come from. */
  readonly folder: string;
}

/** What {@link scriptFile} makes a {@link ScriptFile} of. */
interface ScriptText extends Pick<ScriptFile, "source" | "name" | "folder"> {
  /** The path to print for it. */
  readonly path: string;
  /** The path to print for the folder. */
  readonly shownFolder: string;
  /** Source map of a bundle, as JSON. */
  readonly sourceMap?: string;
}

/** Options of {@link readScript}. */
export interface ReadOptions {
  /** Standard input, where it was read already. */
  readonly input?: string | undefined;
  readonly load?: EsbuildLoader;
}

/**
 * Reads the script that the command line names, and bundles it when it is a package or imports one.
 *
 * @throws {UsageError} if it cannot be read or bundled
 */
export async function readScript(
  { script: path, type }: Pick<RunCommand, "script" | "type">,
  { input, load = loadEsbuild }: ReadOptions = {},
): Promise<ScriptFile> {
  if (isFolder(path)) {
    const { bundlePackage } = await import("./bundle.ts");
    const bundle = await bundlePackage(path, type, load);
    return scriptFile({ ...bundle, folder: path, shownFolder: path });
  }
  const script = path === "-" ? inputScript(input ?? (await readStandardInput())) : readFile(path);
  if (!mayImportPackages(script.source, script.name, script.folder)) {
    return scriptFile({ ...script, type });
  }
  const { bundleScript } = await import("./bundle.ts");
  const bundle = await bundleScript(script, path === "-" ? undefined : path, type, load);
  return scriptFile({ ...script, type, ...bundle });
}

function isFolder(path: string): boolean {
  if (path === "-" || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return false;
  }
  if (existsSync(join(path, "package.json"))) return true;
  throw new UsageError(
    `Cannot read the script ${JSON.stringify(path)}: it is a folder without a package.json. Expected the path of a file, of a folder with a package.json, or - for standard input`,
  );
}

function readFile(path: string): ScriptText {
  const folder = dirname(path);
  try {
    const source = withoutMark(readFileSync(path, "utf8"));
    return { source, name: basename(path), path, folder, shownFolder: folder };
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

function inputScript(text: string): ScriptText {
  return {
    source: withoutMark(text),
    name: "stdin.js",
    path: "<stdin>",
    folder: process.cwd(),
    shownFolder: ".",
  };
}

function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

function scriptFile(
  script: ScriptText & Pick<ScriptFile, "type"> & Partial<Pick<ScriptFile, "files">>,
): ScriptFile {
  const { source, name, path, folder, shownFolder } = script;
  let mapper: SourceMapper | undefined;

  function generated(file: string): string | undefined {
    return file === name ? source : readBelow(folder, file);
  }
  return {
    ...{ source, name, folder },
    type: script.type,
    files: script.files ?? [],
    path(file) {
      if (file === name) return path;
      // Names that are no files below the folder: code made by `eval`, native functions, sources that a map places elsewhere.
      return /\.\w+$/.test(file) && !/^(?:[a-z][a-z\d+.-]*:|\/)/i.test(file)
        ? join(shownFolder, file)
        : file;
    },
    text: (file) => mapper?.text(file) ?? generated(file),
    original(exception: ScriptException, note) {
      mapper ??= createSourceMapper(
        (file) =>
          file === name && script.sourceMap !== undefined
            ? { code: source, sourceMap: script.sourceMap }
            : findScriptMap(file, generated(file), folder),
        (file, reason) => note(`the source map of ${JSON.stringify(file)} is ignored: ${reason}`),
      );
      return mapper.map(exception);
    },
  };
}
