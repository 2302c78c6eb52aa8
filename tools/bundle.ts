import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundleGuest } from "./guest-bundle.ts";
import { bundleTestLibrary } from "./test-library.ts";

const root: URL = new URL("../", import.meta.url);

/** Bundles the worker's entry: a worker starts faster from one module than from forty. What it loads lazily stays apart. */
export function bundleWorker(): Promise<string[]> {
  return bundleProgram(["src/worker/entry.ts"], "dist/worker");
}

/** Bundles the command, for the same reason. */
function bundleCommand(): Promise<string[]> {
  return bundleProgram(
    ["main", "replay-thread", "test-thread"].map((name) => `src/cli/${name}.ts`),
    "dist/cli",
  );
}

async function bundleProgram(entries: string[], folder: string): Promise<string[]> {
  const result = await build({
    absWorkingDir: fileURLToPath(root),
    entryPoints: entries,
    outdir: folder,
    splitting: true,
    chunkNames: "[name]-[hash]",
    bundle: true,
    conditions: ["@quickjs-network-device/source"],
    format: "esm",
    platform: "node",
    target: "node20",
    // What is large or loaded late is not bundled; what every start needs is: each module costs a start a millisecond or two.
    external: ["#guest-bundle", "ws", "@swc/wasm-typescript", "esbuild"],
    metafile: true,
  });
  return Object.keys(result.metafile.inputs);
}

/** Writes the licences of the packages that are part of the bundles. */
async function writeLicences(inputs: readonly string[]): Promise<void> {
  const names = inputs.flatMap(
    (input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? [],
  );
  const texts = [...new Set(names)].toSorted().map(async (name) => {
    const licence = await readFile(new URL(`node_modules/${name}/LICENSE`, root), "utf8");
    return `${name}\n\n${licence.trim()}\n`;
  });
  await writeFile(
    new URL("dist/LICENCES.txt", root),
    `The programs in this folder contain parts of these packages.\n\n${(await Promise.all(texts)).join("\n---\n\n")}`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const inputs = await Promise.all([
    bundleWorker(),
    bundleCommand(),
    bundleGuest(),
    bundleTestLibrary(),
  ]);
  await writeLicences(inputs.flat());
}
