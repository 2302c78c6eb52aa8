import { parentPort } from "node:worker_threads";
import { type FileRun, runFile } from "../script-test/run-file.ts";

// The thread that runs test files: a test that never comes back ends it, and not the command.

parentPort?.on("message", (run: FileRun) => {
  void runFile(run, (event) => parentPort?.postMessage(event));
});
