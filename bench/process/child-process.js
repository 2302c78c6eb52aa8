import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * Starts a process that serves commands as `child.js` does.
 *
 * @returns an object with `ask(command, argument)`, which resolves with the answer, and `stop()`
 */
export function startProcess(executable, args, { name, env = {} }) {
  const child = spawn(executable, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...env },
    // A session of its own: on Linux each session gets the same share of the processors.
    detached: true,
  });
  const waiting = [];
  const ended = new Promise((resolve) => child.once("close", resolve));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { result, error } = JSON.parse(line);
    const { resolve, reject } = waiting.shift();
    if (error === undefined) resolve(result);
    else reject(new Error(`${name}: ${error}`));
  });
  function fail(message, cause) {
    for (const { reject } of waiting.splice(0)) reject(new Error(message, { cause }));
  }
  child.once("error", (error) => fail(`${name} does not start: ${error.message}`, error));
  child.once("close", (code, signal) => fail(`${name} ended with ${code ?? signal}`));
  // A child that ended is told of by the promise of its answer.
  child.stdin.on("error", () => {});

  return {
    name,
    ask(command, argument) {
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify({ command, argument })}\n`);
      });
    },
    async stop() {
      child.stdin.end();
      // What does not end by itself is not worth waiting for.
      const impatience = setTimeout(() => child.kill("SIGKILL"), 2_000);
      await ended;
      clearTimeout(impatience);
    },
  };
}
