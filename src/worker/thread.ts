import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

/** Native stack of a thread in MiB: with this much, no script was found that overflows it before QuickJS's own limit. */
const stackSizeMb = 16;

let spare: Worker | undefined;

/**
 * Starts a thread before it is known what it is for: the next {@link takeThread} gets it. Settles when it runs. It
 * keeps the process alive.
 */
export function prepareThread(): Promise<void> {
  const thread = startThread();
  spare = thread;
  return new Promise((resolve) => {
    thread.once("online", () => resolve());
    thread.once("error", () => {
      // Whoever takes a thread next finds out by its own.
      if (spare === thread) spare = undefined;
      resolve();
    });
  });
}

/** A thread that waits for its `start` message: the spare one, or a new one. */
export function takeThread(): Worker {
  const thread = spare ?? startThread();
  spare = undefined;
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
