import { realpathSync } from "node:fs";
import { isBuiltin } from "node:module";
import { extname, join, relative, sep } from "node:path";
import type { BuildFailure, BuildOptions, BuildResult, Message } from "esbuild";
import { bundleFailure } from "./bundle-failure.ts";
import { checkBundleInputs } from "./bundle-inputs.ts";
import type { Esbuild, EsbuildLoader } from "./load-esbuild.ts";
import { packageEntry } from "./package-entry.ts";
import { findPackageImport } from "./package-imports.ts";
import { printable } from "./printable.ts";
import { UsageError } from "./usage-error.ts";

/** A script and everything that it imports, in one. */
export interface Bundle {
  readonly source: string;
  /** Name in the sandbox, where no file has to be. */
  readonly name: string;
  /** The path to print for it. */
  readonly path: string;
  readonly type: ScriptType;
  /** Paths, without links, of all that it holds. */
  readonly files: readonly string[];
  /** As JSON; its sources are relative to {@link Bundle.name}. */
  readonly sourceMap: string;
}

type ScriptType = "script" | "module";

interface Script {
  readonly source: string;
  readonly name: string;
  readonly folder: string;
  readonly shownFolder: string;
}

/**
 * Bundles a script, if it imports a package.
 *
 * @param path of the script; nothing when it came from standard input
 * @param type what the command line asks for
 * @returns nothing for a script that the sandbox can run as it is
 * @throws {UsageError} without esbuild, and when the bundle cannot be made
 */
export async function bundleScript(
  script: Script,
  path: string | undefined,
  type: ScriptType | undefined,
  load: EsbuildLoader,
): Promise<Bundle | undefined> {
  const { source, name, folder, shownFolder } = script;
  const found = findPackageImport(source, name, folder);
  if (found === undefined) return undefined;
  const { specifier, importer, line, column } = found;
  const what = `Cannot import ${JSON.stringify(specifier)} (${join(shownFolder, importer)}:${line}:${column})`;
  if (specifier.startsWith("node:")) throw noBuiltins(what);
  const esbuild = await load();
  if (esbuild === undefined) {
    if (isBuiltin(specifier)) throw noBuiltins(what);
    throw new UsageError(printable(`${what}: ${howToInstall("packages are")}`));
  }
  const root = realpathSync(folder);
  const entry: Entry =
    path === undefined
      ? { stdin: { contents: source, resolveDir: root, sourcefile: "<stdin>", loader: "js" } }
      : { entryPoints: [realpathSync(path)] };
  const isModule = type === "module" || /\.m[jt]s$/i.test(name);
  return bundle(esbuild, { root, shownFolder, entry, name, type, isModule });
}

/**
 * Bundles the package in a folder.
 *
 * @throws {UsageError} without esbuild, without an entry, and when the bundle cannot be made
 */
export async function bundlePackage(
  folder: string,
  type: ScriptType | undefined,
  load: EsbuildLoader,
): Promise<Bundle> {
  const { file, isModule } = packageEntry(folder);
  const esbuild = await load();
  if (esbuild === undefined) {
    throw new UsageError(
      printable(
        `Cannot run the package ${JSON.stringify(folder)}: ${howToInstall("a package is")}`,
      ),
    );
  }
  const root = realpathSync(folder);
  return bundle(esbuild, {
    root,
    shownFolder: folder,
    entry: { entryPoints: [file] },
    name: relative(root, file).split(sep).join("/"),
    type,
    isModule: type === "module" || isModule,
  });
}

function howToInstall(what: string): string {
  return `${what} bundled by esbuild, which is not installed with netdevice. Install it there: npm install --save-dev esbuild, or npm install --global esbuild when netdevice is global`;
}

function noBuiltins(what: string): UsageError {
  return new UsageError(
    printable(
      `${what}: the sandbox has no Node built-ins. Use what scripts have in their place (docs/scripts.md, "Globals")`,
    ),
  );
}

type Entry = Pick<BuildOptions, "entryPoints" | "stdin">;

interface BundleRequest {
  /** The folder, without links. */
  readonly root: string;
  readonly shownFolder: string;
  readonly entry: Entry;
  /** Name of the entry, relative to the folder. */
  readonly name: string;
  /** What the command line asks for. */
  readonly type: ScriptType | undefined;
  readonly isModule: boolean;
}

async function bundle(esbuild: Esbuild, request: BundleRequest): Promise<Bundle> {
  const { isModule, type } = request;
  try {
    if (isModule) return await build(esbuild, request, "module");
    try {
      // What old libraries rely on is lost in a module, where all code is strict.
      return await build(esbuild, request, "script");
    } catch (error) {
      if (type === "script" || !awaitsAtTop(error)) throw error;
      return await build(esbuild, request, "module");
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw bundleFailure(error, request.shownFolder);
  } finally {
    await esbuild.stop();
  }
}

function awaitsAtTop(error: unknown): boolean {
  const { errors = [] }: Partial<BuildFailure> = error instanceof Error ? error : {};
  return (
    errors.length > 0 && errors.every(({ text }: Message) => text.startsWith("Top-level await"))
  );
}

async function build(esbuild: Esbuild, request: BundleRequest, type: ScriptType): Promise<Bundle> {
  const { root, shownFolder, entry } = request;
  const stem = request.name.slice(0, request.name.length - extname(request.name).length);
  const name = `${stem}.bundle.${type === "module" ? "mjs" : "js"}`;
  const result = await esbuild.build({
    ...entry,
    absWorkingDir: root,
    outfile: join(root, name),
    write: false,
    metafile: true,
    bundle: true,
    format: type === "module" ? "esm" : "iife",
    // What a dedicated worker of a browser would get.
    platform: "browser",
    conditions: ["worker", "browser", "module"],
    target: "es2023",
    // A sixth of the time to load and of the memory; names stay, for stacks and for code that relies on them.
    minifyWhitespace: true,
    define: { "process.env.NODE_ENV": '"production"' },
    sourcemap: "external",
    charset: "ascii",
    legalComments: "none",
    logLevel: "silent",
  });
  const files = checkBundleInputs(result.metafile, root, shownFolder);
  return { name, path: join(shownFolder, name), type, files, ...texts(result) };
}

function texts({ outputFiles = [] }: BuildResult): Pick<Bundle, "source" | "sourceMap"> {
  const [sourceMap, source] = [
    outputFiles.find(({ path }) => path.endsWith(".map"))?.text,
    outputFiles.find(({ path }) => /\.m?js$/.test(path))?.text,
  ];
  if (source === undefined || sourceMap === undefined) {
    throw new Error("esbuild made no bundle");
  }
  return { source, sourceMap };
}
