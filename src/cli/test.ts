import { describeError } from "../errors.ts";
import { resolveLimits } from "../limits.ts";
import { readModuleText } from "../modules/module-source.ts";
import { SourceError } from "../modules/source-error.ts";
import { coloursFor } from "./colours.ts";
import { type ExitCode, exitCode } from "./exit-code.ts";
import { findTests, type FoundTest } from "./find-tests.ts";
import { createJunitReporter } from "./junit-reporter.ts";
import { createOutput } from "./output.ts";
import { createSpecReporter } from "./spec-reporter.ts";
import { onSignals } from "./stop.ts";
import { createTapReporter } from "./tap-reporter.ts";
import type { ReporterName, TestCommand } from "./test-options.ts";
import type { TestReport, TestReporter } from "./test-report.ts";
import { createTestRunner, type RunnerEvent } from "./test-runner.ts";
import { UsageError } from "./usage-error.ts";
import { openWholeFile } from "./whole-file.ts";

/**
 * Runs script tests.
 *
 * @returns the exit code: 1 when a test failed
 * @throws {UsageError} for wrong options and where there is no test
 */
export async function test(command: TestCommand): Promise<ExitCode> {
  checkMemory(command.memory);
  const found = findTests(command.files);
  const file =
    command.output === undefined ? undefined : openWholeFile("--output", command.output, 0o666);
  let stop: (code: ExitCode) => void = () => {};
  const stopped = new Promise<ExitCode>((resolve) => (stop = resolve));
  const output = createOutput({
    isBatched: false,
    onBroken: (code) => stop(code === "EPIPE" ? exitCode.done : exitCode.scriptFailed),
  });
  onSignals(stop);
  const main = createReporter(file === undefined ? command.reporter : "spec", found);
  const written = file === undefined ? undefined : createReporter(command.reporter, found);
  const print = (make: (reporter: TestReporter) => string): void => {
    output.write("stdout", make(main));
    if (written !== undefined) file?.write(make(written));
  };

  async function runAll(): Promise<ExitCode> {
    const start = performance.now();
    const runner = createTestRunner();
    const reports: TestReport[] = [];
    print((reporter) => reporter.begin());
    for (const { path, file: testFile } of found) {
      const { timeout, memory, globals, args, filter } = command;
      const options = {
        timeout,
        args,
        ...(memory === undefined ? {} : { memory }),
        ...(globals === undefined ? {} : { globals }),
      };
      const tell = (report: TestReport): void => {
        reports.push(report);
        print((reporter) => reporter.test(report));
      };
      const collector = createCollector(path, filter, tell);
      await runner.run({ file: testFile, options, filter }, collector);
    }
    if (reports.length === 0) throw noTests(command.filter);
    print((reporter) => reporter.end(reports, performance.now() - start));
    file?.save();
    const hasFailed = reports.some(({ outcome }) => outcome === "failed");
    return hasFailed ? exitCode.scriptFailed : exitCode.done;
  }

  try {
    return await Promise.race([runAll(), stopped]);
  } finally {
    file?.discard();
    output.flush();
  }
}

function checkMemory(memory: number | undefined): void {
  if (memory === undefined) return;
  try {
    resolveLimits({ maxMemory: memory });
  } catch (error) {
    throw new UsageError(`--memory: ${describeError(error)}`, { cause: error });
  }
}

/** Makes reports of what the runner tells, in the order of the file. */
function createCollector(
  path: string,
  filter: string | undefined,
  tell: (report: TestReport) => void,
): (event: RunnerEvent) => void {
  let tests: Extract<RunnerEvent, { readonly type: "tests" }>["tests"] = [];
  let next = 0;
  /** Those that are not run are told in their place. */
  const skipTo = (index: number): void => {
    for (; next < index; next++) {
      const test = tests[next];
      if (test === undefined || test.mode === "filtered" || test.mode === "run") continue;
      const { names, position, mode } = test;
      const outcome = mode === "todo" ? "todo" : "skipped";
      tell({ path, names, outcome, failures: [], lines: [], position, duration: 0 });
    }
  };
  const lastToRun = (): number => tests.findLastIndex(({ mode }) => mode === "run");
  return (event) => {
    if (event.type === "tests") {
      ({ tests } = event);
      const { failures, lines } = event.outcome;
      const isEmpty = tests.length === 0 && filter === undefined && failures.length === 0;
      const problems = isEmpty ? [nothingDeclared] : failures;
      if (problems.length > 0) {
        const outcome = "failed" as const;
        tell({
          path,
          names: [],
          outcome,
          failures: problems,
          lines,
          position: undefined,
          duration: 0,
        });
      } else if (lastToRun() === -1) skipTo(tests.length);
      return;
    }
    skipTo(event.index);
    const { names = [], position } = tests[event.index] ?? {};
    const { lines } = event.outcome;
    // One that ran out of time has no place of its own.
    const failures = event.outcome.failures.map((failure) => ({
      ...failure,
      position: failure.position ?? position,
    }));
    const outcome = failures.length > 0 ? "failed" : "passed";
    tell({ path, names, outcome, failures, lines, position, duration: event.duration });
    next = event.index + 1;
    if (event.index === lastToRun()) skipTo(tests.length);
  };
}

const nothingDeclared = {
  name: "",
  message: 'Expected a test, got none. Write: test("does something", async () => { ... })',
  stack: "",
  position: undefined,
};

function noTests(filter: string | undefined): UsageError {
  return new UsageError(
    `--filter expects a part of a test's name, got ${JSON.stringify(filter)}, which no test has. A name is that of its groups and its own, with " > " between them`,
  );
}

function createReporter(name: ReporterName, found: readonly FoundTest[]): TestReporter {
  switch (name) {
    case "spec":
      return createSpecReporter({
        colours: coloursFor(1, process.env),
        source: (path, file) => readSource(found, path, file),
      });
    case "tap":
      return createTapReporter();
    case "junit":
      return createJunitReporter();
  }
}

/** Source of a script that a test names in its stack. */
function readSource(
  found: readonly FoundTest[],
  path: string,
  file: string,
): { readonly text: string | undefined; readonly path: string } {
  const test = found.find((candidate) => candidate.path === path)?.file;
  if (test === undefined) return { text: undefined, path: file };
  if (test.name === file) return { text: test.source, path };
  try {
    return { text: readModuleText(test.root, file), path: file };
  } catch (error) {
    // Only an excerpt is lost: the name is whatever the stack says.
    if (error instanceof SourceError) return { text: undefined, path: file };
    throw error;
  }
}
