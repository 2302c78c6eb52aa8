import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Limits } from "../limits.ts";

/** Native stack of a thread in MiB: with this much, no script was found that overflows it before QuickJS's own limit. */
const stackSizeMb = 16;

let spare: { readonly thread: Worker; readonly heapMb: number } | undefined;

/**
 * Starts a thread before it is known what it is for: the next {@link takeThread} gets it. Settles when it runs. It
 * keeps the process alive.
 */
export function prepareThread(limits: Limits): Promise<void> {
  const thread = startThread(limits);
  spare = { thread, heapMb: heapMb(limits) };
  return new Promise((resolve) => {
    thread.once("online", () => resolve());
    thread.once("error", () => {
      // Whoever takes a thread next finds out by its own.
      if (spare?.thread === thread) spare = undefined;
      resolve();
    });
  });
}

/** A thread that waits for its `start` message: the spare one, if its memory is as these limits want it, or a new one. */
export function takeThread(limits: Limits): Worker {
  if (spare?.heapMb !== heapMb(limits)) return startThread(limits);
  const { thread } = spare;
  spare = undefined;
  return thread;
}

/** Bytes of the host's own heap that a sandbox of these limits may take: what its messages and calls are made of, and the program. */
function heapMb({ maxInboundBytes, maxBufferedBytes, maxMemory }: Limits): number {
  return 128 + Math.ceil((2 * (maxInboundBytes + maxBufferedBytes + maxMemory)) / 2 ** 20);
}

function startThread(limits: Limits): Worker {
  return new Worker(fileURLToPath(import.meta.resolve("#worker-entry")), {
    name: "netdevice sandbox",
    // Options of the parent, such as --input-type, do not fit the entry.
    execArgv: [],
    resourceLimits: { stackSizeMb, maxOldGenerationSizeMb: heapMb(limits) },
    // What the engine prints when it breaks is not for the host's terminal.
    stdout: true,
    stderr: true,
  });
}
