import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { bundleGuest } from "./guest-bundle.ts";
import { bundleTestLibrary } from "./test-library.ts";

const root: URL = new URL("../", import.meta.url);

/** Bundles the worker's entry: a worker starts faster from one module than from forty. What it loads lazily stays apart. */
export function bundleWorker(): Promise<string[]> {
  return bundleProgram(["src/worker/entry.ts"], "dist/worker");
}

/** Commands that are bundled apart from the others, with a copy of what they share: else `run` would start from twice as many modules. */
const apart = ["replay", "test", "simulate"];

/** Bundles the command, for the same reason. */
async function bundleCommand(): Promise<string[]> {
  const leaveApart: Plugin = {
    name: "leave-apart",
    setup({ onResolve }) {
      onResolve({ filter: new RegExp(`^\\./(?:${apart.join("|")})\\.ts$`) }, ({ path, importer }) =>
        importer.endsWith("main.ts")
          ? { path: path.replace(/\.ts$/, ".js"), external: true }
          : undefined,
      );
    },
  };
  const entries = [...apart, "replay-thread", "test-thread"].map((name) => `src/cli/${name}.ts`);
  const inputs = await Promise.all([
    bundleProgram(["src/cli/main.ts"], "dist/cli", [leaveApart]),
    bundleProgram(entries, "dist/cli"),
  ]);
  return inputs.flat();
}

async function bundleProgram(
  entries: string[],
  folder: string,
  plugins: Plugin[] = [],
): Promise<string[]> {
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
    plugins,
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
