import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Folder of this workspace, whose `node_modules` has the libraries. */
export const workspaceFolder: string = fileURLToPath(new URL("..", import.meta.url));

const bundles = new Map<string, Promise<string>>();

/** Bundles a script of `scripts/` with the libraries that it imports, as for a worker of a browser. */
export function bundleScript(name: string): Promise<string> {
  const known = bundles.get(name);
  if (known !== undefined) return known;
  const bundle = bundleFor({ entryPoints: [`scripts/${name}`] });
  bundles.set(name, bundle);
  return bundle;
}

/** Bundles the text of a script in the same way. */
export function bundleText(contents: string): Promise<string> {
  return bundleFor({ stdin: { contents, resolveDir: workspaceFolder } });
}

async function bundleFor(entry: object): Promise<string> {
  const result = await build({
    ...entry,
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
