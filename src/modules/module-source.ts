import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { resolveSpecifier } from "./resolve-specifier.ts";
import { SourceError } from "./source-error.ts";
import { createTypeStripper, isTypeScript, type TypeStripper } from "./strip-types.ts";

/** What `import` finds: the path or `file:` URL of a folder, or sources by name, for example `{ "lib/lamp.js": "export ..." }`. */
export type ModuleSource = string | URL | Readonly<Record<string, string>>;

/** Finds what a script imports. Synchronous, as the engine is. Throws only {@link SourceError}. */
export interface ModuleLoader {
  /**
   * Turns a specifier in the module `base` into a name for {@link ModuleLoader.load}. Never throws, because the engine loses such
   * errors: for a wrong specifier, loading the name throws.
   */
  normalize(base: string, specifier: string): string;
  /** JavaScript source of a module. */
  load(name: string): string;
}

/**
 * Makes a loader for the modules below a folder, or for sources by name.
 *
 * Names are POSIX paths relative to the folder. Nothing outside of it is ever read, also not through symbolic links, and no
 * path of the host appears in a name or an error.
 *
 * TypeScript that does not compile is not compiled again: a script may import it as often as it likes.
 *
 * @param maxBytes largest module that is loaded, in UTF-8
 * @param stripper the sandbox's own
 */
export function createModuleLoader(
  source: ModuleSource,
  maxBytes: number,
  stripper: TypeStripper = createTypeStripper(),
): ModuleLoader {
  const read = isFolder(source) ? folderReader(source, maxBytes) : recordReader(source, maxBytes);
  const stripModule = rememberFailures((text, name) => strip(stripper, text, name));
  const refused = new Map<string, SourceError>();
  // The engine loads what it has just normalized.
  let importer = "";
  return {
    normalize(base, specifier) {
      importer = base;
      try {
        return resolveSpecifier(base, specifier, read.has);
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        const name = `import ${JSON.stringify(specifier)}`;
        refused.set(name, error);
        return name;
      }
    },
    load(name) {
      const error = refused.get(name);
      // Loading follows at once, so that a script cannot fill the map.
      refused.delete(name);
      try {
        if (error !== undefined) throw error;
        return prepare(name, read, stripModule);
      } catch (cause) {
        throw cause instanceof SourceError ? importedBy(cause, importer) : cause;
      }
    },
  };
}

/** Says which module wanted one that cannot be had; an error inside a module has its own place. */
function importedBy(error: SourceError, importer: string): SourceError {
  if (error.position !== undefined || importer === "") return error;
  const name = error.name === "SyntaxError" ? "SyntaxError" : "TypeError";
  return new SourceError(name, `${error.message} (imported by ${JSON.stringify(importer)})`);
}

/**
 * Text of a file below a folder as it is, for reports.
 *
 * @throws {SourceError} as {@link ModuleLoader.load} does
 */
export function readModuleText(folder: string, name: string): string {
  return folderReader(folder, Number.POSITIVE_INFINITY)(name);
}

/** Reads the text of a module by its normalized name. */
interface Reader {
  (name: string): string;
  /** Whether a specifier that is not relative is the exact name of a module. */
  readonly has: (specifier: string) => boolean;
}

function isFolder(source: ModuleSource): source is string | URL {
  return typeof source === "string" || source instanceof URL;
}

function recordReader(sources: Readonly<Record<string, string>>, maxBytes: number): Reader {
  const has = (name: string): boolean => Object.hasOwn(sources, name);
  const read = (name: string): string => {
    const source = has(name) ? sources[name] : undefined;
    if (typeof source !== "string") throw notFound(name);
    if (Buffer.byteLength(source) > maxBytes) throw tooLarge(name, maxBytes);
    return source;
  };
  return Object.assign(read, { has });
}

function folderReader(folder: string | URL, maxBytes: number): Reader {
  const path = folder instanceof URL ? fileURLToPath(folder) : folder;
  let root: string | undefined;
  const read = (name: string): string => {
    // Only now: a script without imports needs no folder.
    root ??= realPath(path, name);
    return readBelow(root, name, maxBytes);
  };
  return Object.assign(read, { has: () => false });
}

function readBelow(root: string, name: string, maxBytes: number): string {
  // Checked again, because a loader may be called without `normalize`: `..` must not even reach the file system.
  if (name.startsWith("/") || /[\\\0]/.test(name) || name.split("/").includes(".."))
    throw outside(name);
  const path = realPath(join(root, name), name);
  if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) throw outside(name);
  const file = open(path, name);
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw notFound(name);
    if (status.size > maxBytes) throw tooLarge(name, maxBytes);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function realPath(path: string, name: string): string {
  try {
    return realpathSync(path);
  } catch {
    // The system's message holds the path.
    throw notFound(name);
  }
}

function open(path: string, name: string): number {
  try {
    // The path has no links left: one that appears now was put there to escape. A pipe must not block.
    return openSync(
      path,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
  } catch {
    throw notFound(name);
  }
}

function prepare(name: string, read: Reader, stripModule: StripModule): string {
  if (isTypeScript(name)) return stripModule(name, () => withoutMark(read(name)));
  const source = withoutMark(read(name));
  return /\.json$/i.test(name) ? jsonModule(name, source) : source;
}

function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

type StripModule = (name: string, read: () => string) => string;

/** Failures that are remembered: on a file system that ignores case, one module has many names. */
const maxFailures = 1_000;

function rememberFailures(strip: (text: string, name: string) => string): StripModule {
  const failures = new Map<string, SourceError>();
  return (name, read) => {
    const known = failures.get(name);
    if (known !== undefined) throw known;
    const text = read();
    try {
      return strip(text, name);
    } catch (error) {
      if (failures.size >= maxFailures) failures.clear();
      if (error instanceof SourceError) failures.set(name, error);
      throw error;
    }
  };
}

function strip(stripper: TypeStripper, source: string, name: string): string {
  try {
    return stripper.strip(source, name);
  } catch (error) {
    if (!(error instanceof SourceError) || error.position === undefined) throw error;
    const { line, column } = error.position;
    // The engine keeps only the message of an error of its loader.
    throw new SourceError(
      "SyntaxError",
      `${error.message} (${name}:${line}:${column})`,
      error.position,
    );
  }
}

function jsonModule(name: string, text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "";
    throw new SourceError("SyntaxError", `${JSON.stringify(name)} is not JSON: ${reason}`);
  }
  // A literal would take "__proto__" as the prototype.
  return `export default JSON.parse(${JSON.stringify(text)});`;
}

function notFound(name: string): SourceError {
  return new SourceError(
    "TypeError",
    `Cannot find the module ${JSON.stringify(name)}; names are relative to the importing file and below the script's folder`,
  );
}

function outside(name: string): SourceError {
  return new SourceError(
    "TypeError",
    `The module ${JSON.stringify(name)} lies outside of the script's folder; only files below it can be imported`,
  );
}

function tooLarge(name: string, maxBytes: number): SourceError {
  return new SourceError(
    "TypeError",
    `The module ${JSON.stringify(name)} is larger than limits.maxScriptBytes (${maxBytes} bytes)`,
  );
}
