import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require: NodeJS.Require = createRequire(import.meta.url);

/** A test file and where it is. Plain data: can be posted to another thread. */
export interface TestFile {
  /** Folder that imports and `load()` may reach. */
  readonly root: string;
  /** Path from there, with `/`: the file's name in the sandbox. */
  readonly name: string;
  readonly source: string;
}

/** Names that a test file has in its module: the script under test may declare the same ones as globals. */
const names = [
  "test",
  "it",
  "describe",
  "beforeEach",
  "afterEach",
  "expect",
  "device",
  "load",
  "clock",
];

/** The source to evaluate; what comes before the file's own is on its first line. */
export function preparedSource({ source }: TestFile): {
  readonly text: string;
  /** Characters before the file's own first line. */
  readonly shift: number;
} {
  const own = names.filter((name) => !declares(source, name));
  const before = `const{${own.join(",")}}=globalThis;`;
  return { text: before + source, shift: before.length };
}

/** Whether a source may declare a name, at its top level or below. */
function declares(source: string, name: string): boolean {
  return new RegExp(
    String.raw`\b(?:const|let|var|class|function\*?)\s+${name}\b|\b(?:const|let|var)\s*\{[^}]*\b${name}\b|\bimport\b[^;"']*\b${name}\b`,
  ).test(source);
}

let library: string | undefined;

/** Source of the testing library, `runtime/testing/`, bundled. */
export function readLibrary(): string {
  library ??= readFileSync(require.resolve("#test-library"), "utf8");
  return library;
}

/** What names of the runtime begin with in stacks. */
export const runtimeName = "netdevice:runtime";

/** Name of the library in the sandbox: the runtime leaves its frames out of what it reports. */
export const libraryName: string = `${runtimeName}/testing`;
