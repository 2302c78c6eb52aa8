import { parse } from "es-module-lexer/js";
import { SourceError } from "../modules/source-error.ts";
import { createTypeStripper, isTypeScript } from "../modules/strip-types.ts";
import { type ModuleText, reachableModules } from "./import-patterns.ts";

/** A static `import` of a package, or of what only Node has. */
export interface PackageImport {
  readonly specifier: string;
  /** Name of the importing module. */
  readonly importer: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
}

/**
 * Finds the first static import of a package in a script and the modules that it imports.
 *
 * Imports that are made while the script runs do not count: ready-made bundles have some that they never come to.
 */
export function findPackageImport(
  source: string,
  name: string,
  folder: string,
): PackageImport | undefined {
  for (const module of reachableModules(source, name, folder)) {
    const found = firstIn(module);
    if (found !== undefined) return found;
  }
  return undefined;
}

function firstIn({ name, source }: ModuleText): PackageImport | undefined {
  for (const { specifier, start } of staticImports(source, name)) {
    if (!isPackage(specifier)) continue;
    const before = source.slice(0, start).split("\n");
    return {
      specifier,
      importer: name,
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
    };
  }
  return undefined;
}

interface StaticImport {
  readonly specifier: string;
  readonly start: number;
}

function staticImports(source: string, name: string): readonly StaticImport[] {
  const code = withoutTypes(source, name);
  try {
    const [imports] = parse(code, name);
    return imports.flatMap(({ n: specifier, s: start, d: kind }) =>
      kind === -1 && specifier !== undefined ? [{ specifier, start: start - 1 }] : [],
    );
  } catch {
    // The sandbox will say where it does not parse.
    return [];
  }
}

/** Blanks keep every place; what cannot be stripped may still be bundled. */
function withoutTypes(source: string, name: string): string {
  if (!isTypeScript(name)) return source;
  try {
    return createTypeStripper().strip(source, name);
  } catch (error) {
    if (error instanceof SourceError) return source;
    throw error;
  }
}

/** Neither a path nor a URL, but for those of Node. */
function isPackage(specifier: string): boolean {
  return (
    specifier.startsWith("node:") || !/^(?:\.{0,2}\/|\.{1,2}$|[a-z][a-z\d+.-]*:)/i.test(specifier)
  );
}
