import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startProcess } from "../process/child-process.js";
import { findPeer } from "./peers.js";

/** Our own runners. */
export const ownRunners = {
  plain: { title: "plain ws", executable: process.execPath, args: [file("plain.js")] },
  worker: {
    title: 'sandbox, "worker"',
    executable: process.execPath,
    args: [file("sandbox.js"), "worker"],
  },
  none: {
    title: 'sandbox, "none"',
    executable: process.execPath,
    args: [file("sandbox.js"), "none"],
  },
};

/** Finds how to start the runners of a run: our own, and the peers that are asked for. The first is the reference. */
export async function findRunners(peers) {
  const runners = new Map(Object.entries(ownRunners));
  for (const name of peers) runners.set(name, await findPeer(name));
  return runners;
}

/** Starts a process that runs a workload, and opens its sockets. */
export async function startRunner({ title, executable, args }, workload, options) {
  const runner = startProcess(executable, args, { name: title });
  try {
    await runner.ask("load", await readFile(file(`../workloads/${workload}.js`), "utf8"));
    await runner.ask("call", { name: "open", argument: options });
  } catch (error) {
    await runner.stop();
    throw error;
  }
  return runner;
}

/** Many sandboxes in one process, each with the same workload. */
export function manySandboxes(isolation, count) {
  return {
    title: `${count} sandboxes`,
    executable: process.execPath,
    args: [file("sandbox.js"), isolation, String(count)],
  };
}

function file(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}
