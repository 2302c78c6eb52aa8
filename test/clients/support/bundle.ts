import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Folder of this workspace, whose `node_modules` has the libraries. */
const workspaceFolder = fileURLToPath(new URL("..", import.meta.url));

const bundles = new Map<string, Promise<string>>();

/** Bundles a script of `scripts/` with the libraries that it imports, as for a worker of a browser. */
export function bundleScript(name: string): Promise<string> {
  const known = bundles.get(name);
  if (known !== undefined) return known;
  const text = bundle(name);
  bundles.set(name, text);
  return text;
}

async function bundle(name: string): Promise<string> {
  const result = await build({
    entryPoints: [`scripts/${name}`],
    absWorkingDir: workspaceFolder,
    bundle: true,
    format: "iife",
    platform: "browser",
    // Nothing is defined, replaced or left out: a library is what its package has for workers or browsers.
    conditions: ["worker", "browser", "module"],
    logLevel: "silent",
    write: false,
  });
  return result.outputFiles[0]?.text ?? "";
}
