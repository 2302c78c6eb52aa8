import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { TestFile } from "../script-test/test-file.ts";
import { readProblem, UsageError } from "./usage-error.ts";

/** A test file with the path to print. */
export interface FoundTest {
  readonly path: string;
  readonly file: TestFile;
}

/** What makes a file of a folder a test. */
const testName = /\.test\.m?[jt]s$/;

/** Files that are looked at. */
const maxFiles = 100_000;

/**
 * Finds the tests that the command line names: files, folders with everything below them, and patterns with `*`, `**`, `?`, `{a,b}`.
 *
 * @throws {UsageError} where something does not exist, cannot be read or names no test
 */
export function findTests(wanted: readonly string[]): readonly FoundTest[] {
  const paths = (wanted.length === 0 ? ["."] : wanted).flatMap((path) => findPaths(path));
  return [...new Set(paths)].map((path) => ({ path, file: readTest(path) }));
}

function findPaths(path: string): readonly string[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isFile() === true) return [path];
  if (status?.isDirectory() === true) {
    const found = filesBelow(path).filter((file) => testName.test(basename(file)));
    if (found.length > 0) return found;
    throw new UsageError(
      `Expected tests in the folder ${JSON.stringify(path)}, got none: their names end in .test.js, .test.mjs, .test.ts or .test.mts`,
    );
  }
  if (!/[*?{[]/.test(path)) {
    throw new UsageError(
      `Cannot find the test ${JSON.stringify(path)}: there is no such file or folder. Try: netdevice test, for all tests below this folder`,
    );
  }
  const pattern = toPattern(path);
  const found = filesBelow(fixedFolder(path)).filter((file) => pattern.test(posix(file)));
  if (found.length > 0) return found;
  throw new UsageError(
    `Expected files that match ${JSON.stringify(path)}, got none. ** stands for any folders: "tests/**/*.test.js"`,
  );
}

/** The folder of a pattern: its parts before the first that is not fixed. */
function fixedFolder(pattern: string): string {
  const parts = posix(pattern).split("/");
  const fixed = parts.slice(
    0,
    parts.findIndex((part) => /[*?{[]/.test(part)),
  );
  return fixed.length === 0 ? "." : fixed.join("/") || "/";
}

function toPattern(glob: string): RegExp {
  let groups = 0;
  const source = posix(glob.replace(/^\.\//, "")).replaceAll(
    /\*\*\/|\*\*|\*|\?|\{|\}|,|[.+^$()|[\]\\]/g,
    (part) => {
      switch (part) {
        case "**/":
          return "(?:[^/]+/)*";
        case "**":
          return ".*";
        case "*":
          return "[^/]*";
        case "?":
          return "[^/]";
        case "{":
          groups++;
          return "(?:";
        case "}":
          if (groups === 0) return String.raw`\}`;
          groups--;
          return ")";
        case ",":
          return groups > 0 ? "|" : ",";
        default:
          return `\\${part}`;
      }
    },
  );
  return new RegExp(`^${source}${")".repeat(groups)}$`);
}

/** All files below a folder but those of packages and hidden ones, sorted. */
function filesBelow(folder: string): readonly string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    for (const entry of readFolder(path)) {
      const below = path === "." ? entry.name : join(path, entry.name);
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      if (entry.isDirectory()) visit(below);
      else if (entry.isFile()) found.push(below);
      if (found.length > maxFiles) {
        throw new UsageError(
          `Expected at most ${maxFiles} files below ${JSON.stringify(folder)}, got more. Name a smaller folder`,
        );
      }
    }
  };
  visit(folder);
  return found.toSorted();
}

function readFolder(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    throw new UsageError(`Cannot read the folder ${JSON.stringify(path)}: ${readProblem(error)}`, {
      cause: error,
    });
  }
}

function readTest(path: string): TestFile {
  const full = resolve(path);
  const way = relative(process.cwd(), full);
  // What a test loads lies below the current folder, as a rule.
  const isInside = !isAbsolute(way) && way.split(sep)[0] !== "..";
  const root = isInside ? process.cwd() : dirname(full);
  try {
    const source = readFileSync(full, "utf8").replace(/^\uFEFF/, "");
    return { root, name: posix(isInside ? way : basename(full)), source };
  } catch (error) {
    throw new UsageError(`Cannot read the test ${JSON.stringify(path)}: ${readProblem(error)}`, {
      cause: error,
    });
  }
}

function posix(path: string): string {
  return path.split(sep).join("/");
}
