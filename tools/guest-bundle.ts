import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { guestParts } from "../src/boundary.ts";
import { writeEngineImage } from "./engine-image.ts";
import { writeEngineWasm } from "./engine-wasm.ts";
import { hiddenSlots } from "./hidden-slots.ts";

const root: URL = new URL("../", import.meta.url);
const runtimeFolder: string = fileURLToPath(new URL("runtime", root));
const partsFolder: string = fileURLToPath(new URL("runtime/parts", root));

/** What parts import of the runtime: names by module. */
type Kit = Map<string, Set<string>>;

/**
 * Bundles `runtime/` into one expression and embeds it as a string in `dist/guest-bundle.js`, and evaluated in `dist/engine-image.bin`, for
 * the engine in `dist/engine.wasm`. Its parts become expressions of their own in `dist/parts/`.
 *
 * @returns the files that are in the bundles
 */
export async function bundleGuest(): Promise<string[]> {
  await mkdir(new URL("dist/parts", root), { recursive: true });
  const kit = await readKit();
  const files: string[] = [];
  for (const name of guestParts) {
    const part = await bundleExpression({
      entry: `runtime/parts/${name}.ts`,
      parameters: "(kit, Object)",
      plugin: fromKit(kit),
    });
    await writeFile(new URL(`dist/parts/${name}.js`, root), part.text);
    files.push(...part.files);
  }
  const main = await bundleExpression({
    entry: "runtime/main.ts",
    parameters: "()",
    plugin: asKit(kit),
  });
  checkInputs(main.files);
  const program = `${main.text}()`;
  await writeFile(
    new URL("dist/guest-bundle.js", root),
    `export const guestBundle = ${JSON.stringify(program)};\n`,
  );
  const wasmFile = new URL("dist/engine.wasm", root);
  await writeEngineWasm(wasmFile);
  const image = new URL("dist/engine-image.bin", root);
  await writeEngineImage(program, fileURLToPath(wasmFile), image);
  return [...files, ...main.files];
}

/** Bundles a module of the runtime into an expression: a module's name could be imported by a script. */
async function bundleExpression(bundle: {
  readonly entry: string;
  /** Of the function that the expression is. */
  readonly parameters: string;
  readonly plugin: Plugin;
}): Promise<{ readonly text: string; readonly files: string[] }> {
  const result = await build({
    absWorkingDir: fileURLToPath(root),
    // An entry without exports: the bundler's helpers for those would iterate, which a script may have changed by then.
    stdin: {
      contents: `import { install } from "./${bundle.entry}"; result = install;`,
      resolveDir: fileURLToPath(root),
    },
    bundle: true,
    format: "iife",
    banner: { js: `(${bundle.parameters} => { let result;` },
    footer: { js: "return result; })" },
    plugins: [bundle.plugin, hiddenSlots],
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    // Names that scripts see are set explicitly; frames of the runtime are left out of stacks.
    minify: true,
    metafile: true,
    write: false,
  });
  const [output] = result.outputFiles;
  if (output === undefined) throw new Error("esbuild produced no output");
  const files = Object.keys(result.metafile.inputs).filter(
    (file) => !/^(?:kit:|<stdin>$)/.test(file),
  );
  return { text: output.text.trim(), files };
}

/**
 * Lets a part take what is outside its folder from `kit`, the parameter of its expression.
 */
function fromKit(kit: Kit): Plugin {
  return {
    name: "from-kit",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
        const file = resolve(resolveDir, path);
        if (dirname(file) !== runtimeFolder) return undefined;
        return { path: basename(file, ".ts"), namespace: "kit" };
      });
      onLoad({ filter: /./, namespace: "kit" }, ({ path }) => ({
        contents: [...(kit.get(path) ?? [])]
          .map((name) => `export const ${name} = kit[${JSON.stringify(path)}].${name};\n`)
          .join(""),
      }));
    },
  };
}

/** Resolves `netdevice:kit`. The objects are made by a function: most contexts never need them. */
function asKit(kit: Kit): Plugin {
  const modules = [...kit].map(([module, names]) => [module, [...names].toSorted()] as const);
  const imports = modules.map(
    ([module, names], index) =>
      `import { ${names.map((name) => `${name} as ${name}_${index}`).join(", ")} } from "./${module}.ts";`,
  );
  const properties = modules.map(
    ([module, names], index) =>
      `${JSON.stringify(module)}: { __proto__: null, ${names.map((name) => `${name}: ${name}_${index}`).join(", ")} },`,
  );
  const contents = [
    ...imports,
    "export function makeKit() {",
    "return { __proto__: null,",
    ...properties,
    "}; }",
  ].join("\n");
  return {
    name: "as-kit",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^netdevice:kit$/ }, () => ({ path: "kit", namespace: "kit" }));
      onLoad({ filter: /./, namespace: "kit" }, () => ({ contents, resolveDir: runtimeFolder }));
    },
  };
}

/** Reads what the files of the parts import from the runtime. Types are not imported: `import type` says so. */
async function readKit(): Promise<Kit> {
  const kit: Kit = new Map();
  for (const file of (await readdir(partsFolder)).toSorted()) {
    const source = await readFile(resolve(partsFolder, file), "utf8");
    for (const [, list = "", path = ""] of source.matchAll(
      /^import \{([^}]*)\} from "\.\.\/([\w-]+)\.ts";$/gm,
    )) {
      const names = kit.get(path) ?? new Set();
      kit.set(path, names);
      for (const item of list.split(",").map((text) => text.trim())) {
        const [name = ""] = item.split(/\s+as\s+/);
        if (name !== "" && !name.startsWith("type ")) names.add(name);
      }
    }
  }
  return kit;
}

/** The main bundle holds this project's code only: it is in the memory of every sandbox. */
function checkInputs(inputs: readonly string[]): void {
  for (const input of inputs) {
    if (!input.startsWith("runtime/") && input !== "src/boundary.ts") {
      throw new Error(`The guest bundle must not contain ${input}`);
    }
  }
}
