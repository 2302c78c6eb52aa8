import { realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Metafile } from "esbuild";
import { isPackageName, packageName } from "./bundle-failure.ts";
import { isBelow } from "./is-below.ts";
import { printable } from "./printable.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Refuses a bundle that holds files which are not the script's to read. These are the files
 *
 * - below the folder of the script, as without a bundle;
 * - in a `node_modules` folder there, or in a folder that the script's lies in: where Node finds packages;
 * - of packages that are links there, when they lie beside it: workspaces.
 *
 * Bundling has read the others as well, but nothing of them reaches the script.
 *
 * @param root the folder, without links
 * @returns the paths of all files that the bundle holds
 * @throws {UsageError}
 */
export function checkBundleInputs(
  metafile: Metafile,
  root: string,
  shownFolder: string,
): readonly string[] {
  const folders = [root, ...ancestors(root).map((folder) => join(folder, "node_modules"))];
  const checked = new Set<string>();
  const entries = new Set(
    Object.values(metafile.outputs).flatMap(({ entryPoint }) =>
      entryPoint === undefined ? [] : [entryPoint],
    ),
  );
  for (const input of Object.values(metafile.inputs)) {
    for (const { original } of input.imports) {
      if (original !== undefined && !checked.has(original)) {
        checked.add(original);
        folders.push(...linkedPackages(original, root));
      }
    }
  }
  for (const [importer, { imports }] of Object.entries(metafile.inputs)) {
    for (const { path, original, external = false } of imports) {
      if (external || entries.has(path)) continue;
      const file = filePath(path, root);
      if (file === undefined || folders.some((folder) => isBelow(folder, file))) continue;
      throw new UsageError(
        printable(
          `Cannot bundle ${JSON.stringify(original ?? path)}, which ${join(shownFolder, importer)} imports: it lies outside of the script's folder ${JSON.stringify(shownFolder)} and of the node_modules folders that belong to it. Move it there, or the script into a folder above both`,
        ),
      );
    }
  }
  return Object.keys(metafile.inputs).flatMap((input) => filePath(input, root) ?? []);
}

/** A folder and those that it lies in. */
function ancestors(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

/** Where a package of that name is, if it is a link in a `node_modules` folder to what lies beside that folder. */
function linkedPackages(specifier: string, root: string): readonly string[] {
  // Names of npm alone: no other text of a script reaches the file system here.
  const name = packageName(specifier);
  if (!isPackageName(name)) return [];
  return ancestors(root).flatMap((folder) => {
    const target = realPath(join(folder, "node_modules", name));
    return target !== undefined && target !== folder && isBelow(folder, target) ? [target] : [];
  });
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // Most folders have no such package.
    return undefined;
  }
}

/** The file of an input, or nothing for what is none: standard input, `data:` URLs. */
function filePath(input: string, root: string): string | undefined {
  const path = input.replace(/^\(disabled\):/, "");
  return path === "<stdin>" || /^(?:dataurl|<[^>]*>|data):/.test(path)
    ? undefined
    : resolve(root, path);
}
