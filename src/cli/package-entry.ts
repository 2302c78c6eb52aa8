import { readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { isBelow } from "./is-below.ts";
import { readProblem, UsageError } from "./usage-error.ts";

/** What a package runs. */
export interface PackageEntry {
  /** Its path, without links. */
  readonly file: string;
  /** Whether its name, or the package, says that it is a module. */
  readonly isModule: boolean;
}

/** Conditions of `exports` that hold for a sandbox. */
const conditions: ReadonlySet<string> = new Set([
  "worker",
  "browser",
  "import",
  "module",
  "default",
]);

/** Entries of packages that name none. */
const defaultEntries: readonly string[] = ["index.js", "index.mjs", "index.ts"];

/** Levels of nested conditions. */
const maxDepth = 20;

/**
 * Finds the file that a package runs: what `exports`, `browser`, `module` or `main` of its package.json names, the first of them
 * that it has, else its index.
 *
 * @throws {UsageError} if there is none
 */
export function packageEntry(folder: string): PackageEntry {
  const path = join(folder, "package.json");
  const manifest = readManifest(path);
  const isModulePackage = manifest["type"] === "module";
  const name = namedEntry(manifest);
  const names = name === undefined ? defaultEntries : [name, `${name}.js`, `${name}/index.js`];
  const root = realpathSync(folder);
  for (const candidate of names) {
    const file = realFile(join(root, candidate));
    if (file === undefined) continue;
    if (!isBelow(root, file)) {
      throw new UsageError(
        `Expected the entry of ${JSON.stringify(path)} to lie in its folder, got ${JSON.stringify(candidate)}, which lies outside`,
      );
    }
    const isModule = /\.m[jt]s$/i.test(file) || (isModulePackage && !/\.c[jt]s$/i.test(file));
    return { file, isModule };
  }
  throw new UsageError(
    name === undefined
      ? `Expected ${JSON.stringify(path)} to name what to run, with "main", "module" or "exports", or an ${defaultEntries.join(", ")} beside it; found neither`
      : `Cannot find ${JSON.stringify(name)}, which ${JSON.stringify(path)} names as its entry. Build the package, or name the script to run`,
  );
}

function readManifest(path: string): Readonly<Record<string, unknown>> {
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const problem = error instanceof SyntaxError ? error.message : readProblem(error);
    throw new UsageError(`Cannot read ${JSON.stringify(path)}: ${problem}`, { cause: error });
  }
  if (typeof manifest !== "object" || manifest === null || Array.isArray(manifest)) {
    throw new UsageError(`Expected ${JSON.stringify(path)} to hold an object, got another value`);
  }
  return manifest as Readonly<Record<string, unknown>>; // Proven by the line above.
}

function namedEntry(manifest: Readonly<Record<string, unknown>>): string | undefined {
  const { browser, module, main } = manifest;
  return [exported(manifest["exports"]), browser, module, main].find(
    (entry): entry is string => typeof entry === "string" && entry !== "",
  );
}

/** @see https://nodejs.org/api/packages.html#conditional-exports */
function exported(target: unknown, depth = 0): string | undefined {
  if (typeof target === "string") return target;
  if (typeof target !== "object" || target === null || depth > maxDepth) return undefined;
  if (Array.isArray(target)) return exported(target[0], depth + 1);
  for (const [key, value] of Object.entries(target)) {
    // Sub-paths are at the top only.
    if (key !== "." && !conditions.has(key)) continue;
    const found = exported(value, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function realFile(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
    ? realpathSync(path)
    : undefined;
}
