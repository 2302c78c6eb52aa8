import type { ScriptPosition } from "../errors.ts";
import type { FailureReport } from "../script-test/failure.ts";
import type { ConsoleLine } from "../script-test/test-session.ts";

/** What came of one test, or of a file that does not evaluate. */
export interface TestReport {
  /** Path of the file, as it is printed. */
  readonly path: string;
  /** Names of the groups around the test, then its own; none for the file itself. */
  readonly names: readonly string[];
  readonly outcome: "passed" | "failed" | "skipped" | "todo";
  readonly failures: readonly FailureReport[];
  readonly lines: readonly ConsoleLine[];
  /** Where the test is declared. */
  readonly position: ScriptPosition | undefined;
  /** Milliseconds of real time. */
  readonly duration: number;
}

/** Tells what comes of tests. Returns text to write. */
export interface TestReporter {
  begin(): string;
  /** Is told of every test, file by file. */
  test(report: TestReport): string;
  /** Milliseconds of real time of all. */
  end(reports: readonly TestReport[], duration: number): string;
}

/** A failure in one line or more: what was thrown, and its message. */
export function failureText({ name, message }: FailureReport): string {
  return [name, message].filter((part) => part !== "").join(": ");
}
