import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where peers are installed, each in a folder of its own: not among the dependencies. */
const caches = fileURLToPath(new URL("../../node_modules/.cache/bench-peers", import.meta.url));

const nativeRunner = fileURLToPath(new URL("native.js", import.meta.url));

/** What a sandbox can be compared with, by name. Without an executable it is Node. */
const finders = {
  async deno() {
    const executable = await findExecutable("deno", "@deno", ["deno", "deno.exe"]);
    return { title: "Deno", executable, args: ["run", "--allow-all", "--no-lock", nativeRunner] };
  },
  async bun() {
    const executable = await findExecutable("bun", "@oven", ["bin/bun", "bin/bun.exe"]);
    return { title: "Bun", executable, args: [nativeRunner] };
  },
  async node() {
    const [major] = process.versions.node.split(".");
    const flags = Number(major) < 22 ? ["--experimental-websocket"] : [];
    return {
      title: "Node's own WebSocket",
      args: ["--no-warnings", ...flags, nativeRunner],
    };
  },
  async naive() {
    const args = [fileURLToPath(new URL("naive.js", import.meta.url))];
    return { title: "naive", args };
  },
};

/** Names that `--peer` takes. */
export const peerNames = Object.keys(finders);

/** Finds how to start a peer, and installs it where it is missing. */
export function findPeer(name) {
  return finders[name]();
}

/** The program in one of the packages per platform that a package brings along. */
async function findExecutable(name, scope, paths) {
  const cache = join(caches, name);
  const installed = await findInstalled(cache, scope, paths);
  if (installed !== undefined) return installed;
  await mkdir(cache, { recursive: true });
  process.stderr.write(`Installing ${name} in ${cache}\n`);
  const args = ["install", "--no-save", "--ignore-scripts", "--prefix", cache, `${name}@latest`];
  try {
    await run("npm", args, { shell: process.platform === "win32" });
  } catch (error) {
    throw new Error(`--peer ${name}: npm cannot install it: ${error.stderr ?? error.message}`, {
      cause: error,
    });
  }
  const executable = await findInstalled(cache, scope, paths);
  if (executable !== undefined) return executable;
  throw new Error(`--peer ${name}: its package has no program that runs on this platform`);
}

async function findInstalled(cache, scope, paths) {
  const folder = join(cache, "node_modules", scope);
  const packages = await readdir(folder).catch(() => []);
  for (const candidate of packages.flatMap((name) =>
    paths.map((path) => join(folder, name, path)),
  )) {
    // Packages for processors and C libraries other than ours are there, too.
    const answer = await run(candidate, ["--version"]).catch(() => undefined);
    if (answer !== undefined) return candidate;
  }
  return undefined;
}
