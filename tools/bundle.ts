import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { writeEngineImage } from "./engine-image.ts";
import { writeEngineWasm } from "./engine-wasm.ts";

const root: URL = new URL("../", import.meta.url);

/** Bundles `runtime/` into one expression and embeds it as a string in `dist/guest-bundle.js`, and evaluated in `dist/engine-image.bin`, for
 * the engine in `dist/engine.wasm`. */
export async function bundleGuest(): Promise<void> {
  const result = await build({
    absWorkingDir: fileURLToPath(root),
    entryPoints: ["runtime/main.ts"],
    bundle: true,
    format: "iife",
    globalName: "runtime",
    // An expression rather than a module: a module's name could be imported by a script.
    banner: { js: "(() => {" },
    footer: { js: "return runtime.install; })()" },
    platform: "neutral",
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    // Names that scripts see are set explicitly; frames of the runtime are left out of stacks.
    minify: true,
    metafile: true,
    write: false,
  });
  checkInputs(Object.keys(result.metafile.inputs));
  const [bundle] = result.outputFiles;
  if (bundle === undefined) throw new Error("esbuild produced no output");
  await mkdir(new URL("dist", root), { recursive: true });
  await writeFile(
    new URL("dist/guest-bundle.js", root),
    `export const guestBundle = ${JSON.stringify(bundle.text)};\n`,
  );
  const wasmFile = new URL("dist/engine.wasm", root);
  await writeEngineWasm(wasmFile);
  await writeEngineImage(
    bundle.text,
    fileURLToPath(wasmFile),
    new URL("dist/engine-image.bin", root),
  );
}

/** Bundles the worker's entry: a worker starts faster from one module than from forty. What it loads lazily stays apart. */
export function bundleWorker(): Promise<string[]> {
  return bundleProgram("src/worker/entry.ts", "dist/worker");
}

/** Bundles the command, for the same reason. */
function bundleCommand(): Promise<string[]> {
  return bundleProgram("src/cli/main.ts", "dist/cli");
}

async function bundleProgram(entry: string, folder: string): Promise<string[]> {
  const result = await build({
    absWorkingDir: fileURLToPath(root),
    entryPoints: [entry],
    outdir: folder,
    splitting: true,
    chunkNames: "[name]-[hash]",
    bundle: true,
    conditions: ["@quickjs-network-device/source"],
    format: "esm",
    platform: "node",
    target: "node20",
    // What is large or loaded late is not bundled; what every start needs is: each module costs a start a millisecond or two.
    external: ["#guest-bundle", "ws", "@swc/wasm-typescript"],
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

/** The guest bundle holds this project's code only: somebody else's would need its licence in the package. */
function checkInputs(inputs: readonly string[]): void {
  for (const input of inputs) {
    if (!input.startsWith("runtime/") && input !== "src/boundary.ts") {
      throw new Error(`The guest bundle must not contain ${input}`);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [worker, command] = await Promise.all([bundleWorker(), bundleCommand(), bundleGuest()]);
  await writeLicences([...worker, ...command]);
}
