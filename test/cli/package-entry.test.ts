import { symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { packageEntry } from "../../src/cli/package-entry.ts";
import { createProject } from "../support/project-folder.ts";

function entryOf(manifest: unknown, ...files: string[]): string {
  const folder = createProject({
    "package.json": JSON.stringify(manifest),
    ...Object.fromEntries(files.map((file) => [file, ""])),
  });
  return relative(folder, packageEntry(folder).file);
}

test.each<[string, unknown, string]>([
  ["main", { main: "src/a.js" }, "src/a.js"],
  ["main without extension", { main: "./src/a" }, "src/a.js"],
  ["main that is a folder", { main: "./src" }, "src/index.js"],
  ["module before main", { main: "b.js", module: "a.mjs" }, "a.mjs"],
  ["browser before module", { module: "b.js", browser: "a.mjs" }, "a.mjs"],
  ["browser that replaces files", { main: "b.js", browser: { "./x.js": "./y.js" } }, "b.js"],
  ["exports before all", { main: "b.js", exports: "./a.mjs" }, "a.mjs"],
  ["exports of the package itself", { exports: { "./b": "./b.js", ".": "./a.mjs" } }, "a.mjs"],
  [
    "exports by condition",
    { exports: { node: "./b.js", worker: { require: "./b.js", default: "./a.mjs" } } },
    "a.mjs",
  ],
  ["exports with alternatives", { exports: { ".": ["./a.mjs", "./b.js"] } }, "a.mjs"],
  ["exports that hold for others only", { exports: { node: "./b.js" }, main: "a.mjs" }, "a.mjs"],
])("A package runs what it names: %s", (_title, manifest, entry) => {
  expect(entryOf(manifest, entry, "b.js")).toBe(entry);
});

test.each(["index.js", "index.mjs", "index.ts"])(
  "A package that names nothing runs its %s",
  (index) => {
    expect(entryOf({}, index)).toBe(index);
  },
);

test.each([
  ["a.mjs", {}, true],
  ["a.mts", {}, true],
  ["a.js", {}, false],
  ["a.js", { type: "module" }, true],
  ["a.cjs", { type: "module" }, false],
])("%s of the package %j is a module: %s", (main, manifest, isModule) => {
  const folder = createProject({
    "package.json": JSON.stringify({ ...manifest, main }),
    [main]: "",
  });

  expect(packageEntry(folder).isModule).toBe(isModule);
});

test.each<[string, string, string]>([
  ["that is no JSON", "{", "Cannot read"],
  ["that holds no object", "[]", "to hold an object"],
  ["that names nothing", "{}", "index.js, index.mjs, index.ts beside it"],
  ["that names what is not there", '{"main":"dist/a.js"}', 'Cannot find "dist/a.js"'],
  ["that names what lies outside", '{"main":"../a.js"}', "which lies outside"],
  ["that names a link to the outside", '{"main":"link.js"}', "which lies outside"],
  [
    "that is nested without end",
    `{"exports":${'{"default":'.repeat(1_000)}1${"}".repeat(1_000)}}`,
    "beside it",
  ],
])("A package.json %s is refused", (_title, manifest, message) => {
  const folder = createProject({ "package.json": manifest, "../a.js": "" });
  symlinkSync(join(folder, "../a.js"), join(folder, "link.js"));

  expect(() => packageEntry(folder)).toThrow(message);
});
