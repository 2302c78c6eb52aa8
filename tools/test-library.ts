import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root: URL = new URL("../", import.meta.url);

/**
 * Bundles the testing library of `netdevice test`, a script for the sandbox, into `dist/test-library.js`.
 *
 * @returns the files that are in the bundle
 */
export async function bundleTestLibrary(): Promise<string[]> {
  const result = await build({
    absWorkingDir: fileURLToPath(root),
    entryPoints: ["runtime/testing/main.ts"],
    bundle: true,
    format: "iife",
    platform: "neutral",
    target: "es2022",
    charset: "ascii",
    minify: true,
    metafile: true,
    write: false,
  });
  const [output] = result.outputFiles;
  if (output === undefined) throw new Error("esbuild produced no output");
  await mkdir(new URL("dist", root), { recursive: true });
  await writeFile(new URL("dist/test-library.js", root), output.text);
  return Object.keys(result.metafile.inputs);
}
