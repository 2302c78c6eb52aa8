import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);
const require = createRequire(import.meta.url);

/** What a figure depends on beside the code: the machine and all versions, and which code it was. */
export async function describeMachine() {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    commit: await readCommit(),
    machine: {
      cpu: processors[0]?.model ?? "unknown",
      cores: processors.length,
      memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
      platform: `${process.platform} ${process.arch}`,
    },
    versions: {
      node: process.versions.node,
      v8: process.versions.v8,
      "quickjs-network-device": await readVersion("quickjs-network-device"),
      ws: await readVersion("ws"),
      quickjs: await readVersion("quickjs-emscripten-core"),
    },
    bufferutil: hasPackage("bufferutil"),
  };
}

/** The commit, with a plus where the code has been changed since. */
async function readCommit() {
  try {
    const { stdout: commit } = await run("git", ["rev-parse", "--short=12", "HEAD"]);
    const { stdout: changes } = await run("git", ["status", "--porcelain", "src", "runtime"]);
    return `${commit.trim()}${changes === "" ? "" : "+"}`;
  } catch {
    // Not a checkout.
    return "unknown";
  }
}

async function readVersion(name) {
  const path =
    name === "quickjs-network-device"
      ? new URL("../../package.json", import.meta.url)
      : new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(await readFile(path, "utf8")).version;
}

/** With the package that masks in native code ws costs less. */
function hasPackage(name) {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
