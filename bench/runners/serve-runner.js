import { readFile } from "node:fs/promises";
import process from "node:process";
import { serve } from "../process/child.js";

/**
 * Serves what the bench asks of a process that runs a workload: `load` its file, `call` a function of it, and `measure` such a call.
 *
 * @param runner `load(source, file)`, and `call(name, argument)`, which resolves with what the workload's function resolves with
 */
export function serveRunner({ load, call }) {
  return serve({
    async load(file) {
      await load(await readFile(file, "utf8"), file);
    },
    call: ({ name, argument }) => call(name, argument),
    async measure(argument) {
      const start = performance.now();
      const startUsage = process.cpuUsage();
      const result = await call("run", argument);
      const { user, system } = process.cpuUsage(startUsage);
      return { ...result, milliseconds: performance.now() - start, cpu: user + system };
    },
  });
}
