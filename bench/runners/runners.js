import { fileURLToPath } from "node:url";
import { startProcess } from "../process/child-process.js";
import { findPeer } from "./peers.js";

/** Names of our own runners: the reference, and the sandbox with both isolations. */
export const ownRunners = ["plain", "worker", "none"];

/**
 * Finds how to start the runners of a run: our own, and the peers that are asked for. The first is the reference.
 *
 * @param nodeOptions of the runners that are Node
 */
export async function findRunners(peers, nodeOptions) {
  const own = {
    // As `ws` is installed: with `bufferutil` beside it, it masks with that package too.
    plain: { title: "plain ws", args: [file("plain.js")], env: { WS_NO_BUFFER_UTIL: "1" } },
    worker: { title: 'sandbox, "worker"', args: [file("sandbox.js"), "worker"] },
    none: { title: 'sandbox, "none"', args: [file("sandbox.js"), "none"] },
  };
  const runners = new Map(Object.entries(own));
  for (const name of peers) runners.set(name, await findPeer(name));
  for (const [name, runner] of runners) {
    if (runner.executable !== undefined) continue;
    const args = [...nodeOptions, ...runner.args];
    runners.set(name, { ...runner, executable: process.execPath, args });
  }
  return runners;
}

/** Starts a process that runs a workload, and opens its sockets. */
export async function startRunner({ title, executable, args, env }, workload, options) {
  const runner = startProcess(executable, args, { name: title, env });
  try {
    await runner.ask("load", file(`../workloads/${workload}.js`));
    await runner.ask("call", { name: "open", argument: options });
  } catch (error) {
    await runner.stop();
    throw error;
  }
  return runner;
}

function file(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}
