import type { ScriptPosition } from "../errors.ts";
import { readFailure } from "./failure.ts";
import { preparedSource, type TestFile } from "./test-file.ts";
import { type TestOutcome, TestSession, type TestSessionOptions } from "./test-session.ts";

/** What to run of a file. Plain data: can be posted to another thread. */
export interface FileRun {
  readonly file: TestFile;
  readonly options: TestSessionOptions;
  /** Only tests whose full name has this text. */
  readonly filter: string | undefined;
  /** First test to run: those before have been run already. */
  readonly from: number;
}

/** What happens while a file is run. Plain data, too. */
export type FileEvent =
  /** What the file declares; with failures where it does not evaluate. */
  | { readonly type: "tests"; readonly tests: readonly ListedTest[]; readonly outcome: TestOutcome }
  | { readonly type: "started"; readonly index: number }
  | {
      readonly type: "ended";
      readonly index: number;
      readonly outcome: TestOutcome;
      /** Milliseconds of real time. */
      readonly duration: number;
    }
  | { readonly type: "finished" };

/** A test of a file. */
export interface ListedTest {
  /** Names of the groups around it, then its own. */
  readonly names: readonly string[];
  /** `"filtered"`: its name does not have the text that is wanted. */
  readonly mode: "run" | "skip" | "todo" | "filtered";
  readonly position: ScriptPosition | undefined;
}

/** Text between the names of groups and tests. */
export const nameSeparator = " > ";

/** Runs the tests of a file one after another, each in a sandbox of its own. */
export async function runFile(run: FileRun, tell: (event: FileEvent) => void): Promise<void> {
  const { file, options, filter, from } = run;
  const { tests: declared, outcome } = await new TestSession(file, options).list();
  const { shift } = preparedSource(file);
  const tests = declared.map(({ names, mode, stack }): ListedTest => {
    const isWanted = filter === undefined || names.join(nameSeparator).includes(filter);
    const { position } = readFailure({ name: "", message: "", stack }, file.name, shift);
    return { names, mode: isWanted ? mode : "filtered", position };
  });
  tell({ type: "tests", tests, outcome });
  for (const [index, { mode }] of tests.entries()) {
    if (index < from || mode !== "run" || outcome.failures.length > 0) continue;
    tell({ type: "started", index });
    const start = performance.now();
    const ended = await new TestSession(file, options).run(index);
    tell({ type: "ended", index, outcome: ended, duration: performance.now() - start });
  }
  tell({ type: "finished" });
}
