import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { EsbuildLoader } from "../../src/cli/load-esbuild.ts";
import { readScript, type ScriptFile } from "../../src/cli/script-file.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import { createProject } from "../support/project-folder.ts";

const absent: EsbuildLoader = async () => undefined;

const never: EsbuildLoader = () => {
  throw new Error("esbuild is not wanted");
};

function read(path: string, type?: "script" | "module", load?: EsbuildLoader): Promise<ScriptFile> {
  return readScript({ script: path, type }, load === undefined ? {} : { load });
}

async function problemOf(reading: Promise<unknown>): Promise<string> {
  const error: unknown = await reading.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UsageError);
  return error instanceof Error ? error.message : "";
}

const lamp = { "node_modules/lamp/index.js": "export const lamp = 'a lamp';" };

describe("A script that imports a package", () => {
  test("is bundled with it, into one source", async () => {
    const folder = createProject({
      ...lamp,
      "main.mjs": "import { lamp } from 'lamp';\nconsole.log(lamp);",
    });

    const { source, name, type } = await read(join(folder, "main.mjs"));

    expect({ name, type }).toEqual({ name: "main.bundle.mjs", type: "module" });
    expect(source).toContain("a lamp");
    expect(source).not.toContain("import");
  });

  test.each<[string, "script" | "module" | undefined, string, string]>([
    ["main.js", undefined, "console.log(lamp)", "script"],
    ["main.js", "module", "console.log(lamp)", "module"],
    ["main.js", undefined, "await lamp", "module"],
    ["main.mts", undefined, "console.log(lamp)", "module"],
    ["main.mjs", "script", "console.log(lamp)", "module"],
  ])("as %s with --type %s and %s becomes a %s", async (name, type, code, expected) => {
    const folder = createProject({ ...lamp, [name]: `import { lamp } from 'lamp';\n${code};` });

    expect((await read(join(folder, name), type)).type).toBe(expected);
  });

  test("needs esbuild: without, the import, its place and what to install are told", async () => {
    const folder = createProject({
      "main.mjs": "import './lib/on.mjs';",
      "lib/on.mjs": "\nimport { lamp } from 'lamp';",
    });

    const problem = await problemOf(read(join(folder, "main.mjs"), undefined, absent));

    expect(problem).toBe(
      `Cannot import "lamp" (${join(folder, "lib/on.mjs")}:2:22): packages are bundled by esbuild, which is not installed with netdevice. Install it there: npm install --save-dev esbuild, or npm install --global esbuild when netdevice is global`,
    );
  });

  test.each(["node:fs", "fs"])("cannot have %s, with or without esbuild", async (specifier) => {
    const folder = createProject({ "main.mjs": `import fs from "${specifier}";` });

    expect(await problemOf(read(join(folder, "main.mjs")))).toContain(
      "the sandbox has no Node built-ins",
    );
    expect(await problemOf(read(join(folder, "main.mjs"), undefined, absent))).toBe(
      `Cannot import "${specifier}" (${join(folder, "main.mjs")}:1:16): the sandbox has no Node built-ins. Use what scripts have in their place (docs/scripts.md, "Globals")`,
    );
  });

  test("takes a package that is named like a built-in of Node", async () => {
    const folder = createProject({
      "node_modules/events/index.js": "export default 'a package';",
      "main.mjs": "import events from 'events'; console.log(events);",
    });

    expect((await read(join(folder, "main.mjs"))).source).toContain("a package");
  });

  test("takes what a package has for workers, else for browsers", async () => {
    const exports = {
      ".": { node: "./node.js", worker: "./worker.js", default: "./other.js" },
      "./lib": { node: "./node.js", browser: "./browser.js", default: "./other.js" },
    };
    const folder = createProject({
      "node_modules/lamp/package.json": JSON.stringify({ name: "lamp", exports }),
      "node_modules/lamp/worker.js": "export default 'for workers'",
      "node_modules/lamp/browser.js": "export default 'for browsers'",
      "main.mjs": "import a from 'lamp'; import b from 'lamp/lib'; console.log(a, b);",
    });

    const { source } = await read(join(folder, "main.mjs"));

    expect(source).toMatch(/for workers[^]*for browsers/);
  });

  test("shows what esbuild says, with the places", async () => {
    const folder = createProject({
      "node_modules/lamp/index.js": "export const lamp = ;",
      "main.mjs":
        "import { lamp } from 'lamp';\n\timport dim from '@home/dim/slow.js'; import './gone.js';",
    });

    expect(await problemOf(read(join(folder, "main.mjs")))).toBe(
      [
        "Cannot bundle the script",
        `${join(folder, "main.mjs")}:2:18: Could not resolve "@home/dim/slow.js": npm install @home/dim`,
        "  2 | \timport dim from '@home/dim/slow.js'; import './gone.js';",
        "    | \t                ^",
        `${join(folder, "main.mjs")}:2:46: Could not resolve "./gone.js"`,
        "  2 | \timport dim from '@home/dim/slow.js'; import './gone.js';",
        "    | \t                                            ^",
        `${join(folder, "node_modules/lamp/index.js")}:1:21: Unexpected ";"`,
        "  1 | export const lamp = ;",
        "    |                     ^",
      ].join("\n"),
    );
  });

  test("is told when esbuild itself does not work", async () => {
    const folder = createProject({ "main.mjs": "import 'lamp';" });
    const broken: EsbuildLoader = async () => ({
      build: () => {
        throw new Error("no binary for this platform");
      },
      stop: async () => {},
    });

    expect(await problemOf(read(join(folder, "main.mjs"), undefined, broken))).toBe(
      "esbuild failed: no binary for this platform. Try to install it again: npm install esbuild",
    );
  });
});

describe("A script that imports no package", () => {
  test.each([
    "console.log(1);",
    "import './lamp.mjs';",
    "// import lamp from 'lamp'",
    "import('lamp').catch(() => {});",
  ])("runs as it is: %s", async (source) => {
    const folder = createProject({ "main.mjs": source, "lamp.mjs": "" });

    expect(await read(join(folder, "main.mjs"), undefined, never)).toMatchObject({
      source,
      name: "main.mjs",
    });
  });
});

describe("A bundle holds only files of its own", () => {
  test("and those of packages where Node finds them, also such that are links in a workspace", async () => {
    const folder = createProject({
      "node_modules/above/index.js": "export default 'above'",
      "packages/linked/src/index.js": "export { default } from '../text.js'",
      "packages/linked/text.js": "export default 'linked'",
      "packages/linked/package.json": '{"name":"linked","main":"src/index.js"}',
      "packages/script/main.mjs":
        "import above from 'above'; import linked from 'linked'; console.log(above, linked);",
    });
    symlinkSync(join(folder, "packages/linked"), join(folder, "node_modules/linked"));

    const { source } = await read(join(folder, "packages/script/main.mjs"));

    expect(source).toMatch(/above[^]*linked/);
  });

  test.each([
    ["a path upwards", "import secret from '../secret.json'"],
    ["a path upwards out of a package", "import secret from 'lamp/leak.js'"],
    ["a link", "import secret from './link.json'"],
    ["a package that is a link out of its project", "import secret from 'away/secret.json'"],
    ["a package that is a link upwards", "import secret from 'up/secret.json'"],
    ["a path of tsconfig.json", "import secret from 'mapped'"],
    ["a replacement of package.json", "import secret from 'replaced'"],
    ["a package import", "import secret from '#secret'"],
  ])("and not what lies outside: %s", async (_title, code) => {
    const folder = createProject({
      ...lamp,
      "../secret.json": '"s3cret"',
      "../elsewhere/secret.json": '"s3cret"',
      "tsconfig.json": '{"compilerOptions":{"paths":{"mapped":["../secret.json"]}}}',
      "package.json":
        '{"name":"x","browser":{"replaced":"../secret.json"},"imports":{"#secret":"./../secret.json"}}',
      "node_modules/lamp/leak.js": "export { default } from '../../../secret.json'",
      "main.mjs": `import 'lamp'; ${code}; console.log(secret);`,
    });
    symlinkSync(join(folder, "../secret.json"), join(folder, "link.json"));
    symlinkSync(join(folder, "../elsewhere"), join(folder, "node_modules/away"));
    symlinkSync(join(folder, ".."), join(folder, "node_modules/up"));

    const problem = await problemOf(read(join(folder, "main.mjs")));

    expect(problem).toMatch(/lies outside of the script's folder|Could not resolve/);
    expect(problem).not.toContain("s3cret");
  });
});

test("A bundle tells which files it holds, so that none of them is the policy with the secrets", async () => {
  const folder = createProject({
    ...lamp,
    "main.mjs": "import 'lamp'; import './on.js';",
    "on.js": "console.log('on')",
  });

  const { files } = await read(join(folder, "main.mjs"));

  expect(files.toSorted()).toEqual([
    join(folder, "main.mjs"),
    join(folder, "node_modules/lamp/index.js"),
    join(folder, "on.js"),
  ]);
});

describe("A folder", () => {
  test("with a package.json is bundled from its entry", async () => {
    const folder = createProject({
      ...lamp,
      "package.json": '{"main":"src/main.ts"}',
      "src/main.ts":
        "import { lamp } from 'lamp';\nenum Light { On = 'on' }\nconsole.log(lamp, Light.On);",
    });

    const { name, source, type } = await read(folder);

    expect({ name, type }).toEqual({ name: "src/main.bundle.js", type: "script" });
    expect(source).toContain("a lamp");
  });

  test("needs esbuild, too", async () => {
    const folder = createProject({ "package.json": "{}", "index.js": "" });

    expect(await problemOf(read(folder, undefined, absent))).toContain(
      `Cannot run the package ${JSON.stringify(folder)}: a package is bundled by esbuild`,
    );
  });

  test("without a package.json is refused", async () => {
    const folder = createProject({});
    mkdirSync(join(folder, "lib"));

    expect(await problemOf(read(join(folder, "lib")))).toContain(
      "it is a folder without a package.json",
    );
  });
});
