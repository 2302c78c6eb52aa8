import { Worker } from "node:worker_threads";
import { describeError } from "../errors.ts";
import type { FileEvent, FileRun, ListedTest } from "../script-test/run-file.ts";
import type { TestOutcome } from "../script-test/test-session.ts";

/** What is told of a file, in order: `tests` once, then an `ended` for each test that runs. */
export type RunnerEvent = Extract<FileEvent, { readonly type: "tests" | "ended" }>;

/** Runs test files in a thread, and begins another one when a test does not come back. */
export interface TestRunner {
  run(file: Omit<FileRun, "from">, hear: (event: RunnerEvent) => void): Promise<void>;
}

/** Milliseconds that a thread has beyond the time of a test and of its file's evaluation, to end it by itself. */
const grace = 1_000;

/** Milliseconds that a thread has to start. */
const startTime = 10_000;

export function createTestRunner(): TestRunner {
  let idle: Worker | undefined;

  /** Resolves to the test that comes next in another thread, or `undefined` when all is done. */
  function runFrom(run: FileRun, hear: (event: RunnerEvent) => void): Promise<number | undefined> {
    const worker = idle ?? new Worker(new URL("test-thread.js", import.meta.url), { execArgv: [] });
    idle = undefined;
    return new Promise((resolve) => {
      let current: number | undefined;
      let tests: readonly ListedTest[] | undefined;
      let start = performance.now();
      let watchdog = watch(run.options.timeout + startTime);

      function watch(time: number): NodeJS.Timeout {
        return setTimeout(() => {
          lose(`did not end within ${run.options.timeout} ms, nor did a single call of it`);
        }, time);
      }

      /** The thread is gone, or has to go: whatever it was doing has failed. */
      function lose(problem: string): void {
        stop();
        // What comes of a thread that is ended is no news.
        worker.on("error", () => {});
        void worker.terminate();
        const name = current === undefined ? "The file" : "The test";
        const outcome = failed(`${name} ${problem}`);
        if (current === undefined) {
          hear({ type: "tests", tests: tests ?? [], outcome });
          resolve(undefined);
        } else {
          hear({ type: "ended", index: current, outcome, duration: performance.now() - start });
          resolve(current + 1);
        }
      }

      /** The file does not evaluate in another thread, as it did in the first. */
      function failRest({ tests: all, outcome }: Extract<FileEvent, { type: "tests" }>): void {
        for (const [index, { mode }] of all.entries()) {
          if (index >= run.from && mode === "run") {
            hear({ type: "ended", index, outcome, duration: 0 });
          }
        }
      }

      function stop(): void {
        clearTimeout(watchdog);
        worker.off("message", heard).off("error", broken).off("exit", ended);
      }

      function heard(event: FileEvent): void {
        clearTimeout(watchdog);
        watchdog = watch(run.options.timeout * 2 + grace);
        switch (event.type) {
          case "tests":
            tests = event.tests;
            if (run.from === 0) hear(event);
            else if (event.outcome.failures.length > 0) failRest(event);
            break;
          case "started":
            current = event.index;
            start = performance.now();
            break;
          case "ended":
            hear(event);
            break;
          case "finished":
            stop();
            idle = worker;
            resolve(undefined);
            break;
        }
      }

      const broken = (error: unknown): void => lose(`ended its thread: ${describeError(error)}`);
      const ended = (): void => lose("ended its thread");
      worker.on("message", heard).on("error", broken).on("exit", ended);
      worker.postMessage(run);
    });
  }

  return {
    async run(file, hear) {
      let from: number | undefined = 0;
      while (from !== undefined) from = await runFrom({ ...file, from }, hear);
    },
  };
}

function failed(message: string): TestOutcome {
  return {
    failures: [{ name: "", message, stack: "", position: undefined }],
    lines: [],
    virtualTime: 0,
  };
}
