import { expect, test } from "vitest";
import { mayImportPackages } from "../../src/cli/import-patterns.ts";
import { findPackageImport } from "../../src/cli/package-imports.ts";
import { createProject } from "../support/project-folder.ts";

test.each([
  ['import mqtt from "mqtt";', "mqtt", 18],
  ["import'mqtt'", "mqtt", 7],
  ['export * from "@scope/lamp/on.js";', "@scope/lamp/on.js", 15],
  ['import lamp from "#lamp";', "#lamp", 18],
  ['import fs from "node:fs";', "node:fs", 16],
])("%s imports a package", (source, specifier, column) => {
  expect(mayImportPackages(source, "lamp.mjs", ".")).toBe(true);
  expect(findPackageImport(source, "lamp.mjs", ".")).toEqual({
    specifier,
    importer: "lamp.mjs",
    line: 1,
    column,
  });
});

test.each([
  'import "./lamp.js";',
  'import "../lamp.js";',
  'import "/lamp.js";',
  'import "https://lamp.example/lamp.js";',
  '// import mqtt from "mqtt";',
  "/* import mqtt from 'mqtt'; */",
  "const text = `import mqtt from 'mqtt'`;",
  "const text = \"import 'mqtt'\";",
  'const mqtt = await import("mqtt");',
  'const mqtt = require("mqtt");',
  'import mqtt from "mqtt" this does not parse (',
])("%s imports no package", (source) => {
  expect(findPackageImport(source, "lamp.mjs", ".")).toBeUndefined();
});

test("The types of TypeScript are no import, and its values are one", () => {
  const types = 'import type { Client } from "mqtt";\nlet client: Client;\n';
  const values = `${types}import { connect } from "mqtt";\n`;

  expect(findPackageImport(types, "lamp.mts", ".")).toBeUndefined();
  expect(findPackageImport(values, "lamp.mts", ".")).toMatchObject({ line: 3, column: 25 });
});

test("Packages that only an imported module imports are found, through any number of modules", () => {
  const folder = createProject({
    "lib/a.mjs": 'import "./b.ts";',
    "lib/b.ts": 'import "../lamp.mjs";\nimport "mqtt";',
  });
  const source = 'import "./lib/a.mjs";\nimport "./gone.mjs";\nimport "../outside.mjs";';

  expect(mayImportPackages(source, "lamp.mjs", folder)).toBe(true);
  expect(findPackageImport(source, "lamp.mjs", folder)).toMatchObject({
    specifier: "mqtt",
    importer: "lib/b.ts",
    line: 2,
  });
});
