import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

/** Native stack of a thread in MiB: with this much, no script was found that overflows it before QuickJS's own limit. */
const stackSizeMb = 16;

/** Threads that wait for a sandbox. */
const spare: Worker[] = [];

/**
 * Starts threads before it is known what they are for: the next sandboxes get them. Settles when they run. They do not keep the
 * process alive.
 */
export async function prepareThreads(count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => prepareThread()));
  for (const thread of spare) thread.unref();
}

/** Starts one such thread, which keeps the process alive. */
export function prepareThread(): Promise<void> {
  const thread = startThread();
  spare.push(thread);
  return new Promise((resolve) => {
    thread.once("online", () => resolve());
    // Whoever takes a thread next finds out by its own.
    const leave = (): void => {
      const index = spare.indexOf(thread);
      if (index >= 0) spare.splice(index, 1);
      resolve();
    };
    thread.once("error", leave);
    thread.once("exit", leave);
  });
}

/** A thread that waits for its `start` message: a spare one, or a new one. */
export function takeThread(): Worker {
  const thread = spare.shift() ?? startThread();
  thread.ref();
  return thread;
}

function startThread(): Worker {
  return new Worker(fileURLToPath(import.meta.resolve("#worker-entry")), {
    name: "netdevice sandbox",
    // Options of the parent, such as --input-type, do not fit the entry.
    execArgv: [],
    // No bound of its own on the heap: a large allocation that meets one ends the whole process. What a script can make the host
    // hold is bounded where it is made.
    resourceLimits: { stackSizeMb },
    // What the engine prints when it breaks is not for the host's terminal.
    stdout: true,
    stderr: true,
  });
}
