import { resolveSpecifier } from "../modules/resolve-specifier.ts";
import { SourceError } from "../modules/source-error.ts";
import { readBelow } from "./script-maps.ts";

/** Something like `from "mqtt"` or `import "mqtt"`, also in a comment or a string. */
const packagePattern = /\b(?:import|from)\s*["'](?!\.{0,2}\/)/;

/** The same for files. */
const filePattern = /\b(?:import|from)\s*["'](\.{1,2}\/[^"'\n]+)["']/g;

/** Modules of one script that are looked at before it runs. */
const maxModules = 1_000;

/** A module of a script, by the name that it has in the sandbox. */
export interface ModuleText {
  readonly name: string;
  readonly source: string;
}

/** Whether a script, or a module that it imports, looks as if it imported a package. Most scripts need no closer look. */
export function mayImportPackages(source: string, name: string, folder: string): boolean {
  for (const module of reachableModules(source, name, folder)) {
    if (packagePattern.test(module.source)) return true;
  }
  return false;
}

/** The script, then the modules below its folder that it seems to import, directly or not. */
export function* reachableModules(
  source: string,
  name: string,
  folder: string,
): Generator<ModuleText> {
  const names = new Set([name]);
  for (const current of names) {
    const text = current === name ? source : readBelow(folder, current);
    if (text === undefined) continue;
    yield { name: current, source: text };
    for (const [, specifier = ""] of text.matchAll(filePattern)) {
      const imported = resolve(current, specifier);
      if (imported !== undefined && names.size < maxModules) names.add(imported);
    }
  }
}

function resolve(importer: string, specifier: string): string | undefined {
  try {
    return resolveSpecifier(importer, specifier);
  } catch (error) {
    // The sandbox will say so, if it is an import at all.
    if (error instanceof SourceError) return undefined;
    throw error;
  }
}
