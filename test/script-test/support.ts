import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import {
  type TestOutcome,
  TestSession,
  type TestSessionOptions,
} from "../../src/script-test/test-session.ts";

/** A folder with scripts and tests. */
export interface TestFolder {
  readonly write: (name: string, source: string) => void;
  /** Runs every test of a file `tests/a.test.js`; what came of it by name, and of the file by `"the file"` where it does not evaluate. */
  readonly outcomes: (
    source: string,
    options?: Partial<TestSessionOptions>,
  ) => Promise<Readonly<Record<string, TestOutcome>>>;
  /** The same, as one text for each test: `"passed"`, or the messages with their places. */
  readonly results: (
    source: string,
    options?: Partial<TestSessionOptions>,
  ) => Promise<Readonly<Record<string, string>>>;
}

/** Makes a {@link TestFolder} that goes with the test file. */
export function openTestFolder(): TestFolder {
  const root = mkdtempSync(join(tmpdir(), "netdevice tests "));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const outcomes: TestFolder["outcomes"] = async (source, options) => {
    const file = { root, name: "tests/a.test.js", source };
    const all = { timeout: 20_000, ...options };
    const { tests, outcome } = await new TestSession(file, all).list();
    if (outcome.failures.length > 0) return { "the file": outcome };
    const result: Record<string, TestOutcome> = {};
    for (const [index, { names }] of tests.entries()) {
      result[names.join(" > ")] = await new TestSession(file, all).run(index);
    }
    return result;
  };
  return {
    outcomes,
    write(name, source) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), source);
    },
    async results(source, options) {
      const all = Object.entries(await outcomes(source, options));
      return Object.fromEntries(all.map(([name, outcome]) => [name, inWords(outcome)]));
    },
  };
}

function inWords({ failures }: TestOutcome): string {
  if (failures.length === 0) return "passed";
  return failures
    .map(({ position, name, message }) => {
      const place = position && `${position.file}:${position.line}:${position.column} `;
      return `${place ?? ""}${name === "" ? "" : `${name}: `}${message}`;
    })
    .join("\n");
}
