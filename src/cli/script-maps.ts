import { posix } from "node:path";
import { readModuleText } from "../modules/module-source.ts";
import { SourceError } from "../modules/source-error.ts";
import type { MappedSource } from "../modules/source-mapper.ts";
import { findSourceMap } from "../modules/source-mapping-url.ts";

/**
 * Finds the source map that a script, or a module below its folder, names at its end: in itself, or in a file that the module could
 * import as well.
 */
export function findScriptMap(
  file: string,
  code: string | undefined,
  folder: string,
): MappedSource | undefined {
  const found = code === undefined ? undefined : findSourceMap(code);
  if (code === undefined || found === undefined) return undefined;
  if ("sourceMap" in found) return { code, sourceMap: found.sourceMap };
  const sourceMap = readBelow(folder, posix.join(posix.dirname(file), found.name));
  return sourceMap === undefined ? undefined : { code, sourceMap };
}

/** Text of a file below a folder, if there is one; its name is whatever a script says. */
export function readBelow(folder: string, file: string): string | undefined {
  try {
    return readModuleText(folder, file);
  } catch (error) {
    if (error instanceof SourceError) return undefined;
    throw error;
  }
}
