import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { findTests } from "../../src/cli/find-tests.ts";
import { UsageError } from "../../src/cli/usage-error.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "netdevice find ")));
for (const name of ["lib/deep", "node_modules/a", ".hidden", "empty"]) {
  mkdirSync(join(folder, name), { recursive: true });
}
for (const name of [
  "a.test.js",
  "lib/b.test.ts",
  "lib/b+c.test.mjs",
  "lib/deep/d.test.mts",
  "lib/lamp.js",
  "lib/test.js",
  "node_modules/a/e.test.js",
  ".hidden/f.test.js",
]) {
  writeFileSync(join(folder, name), `// ${name}`);
}
const cwd = vi.spyOn(process, "cwd").mockReturnValue(folder);
afterAll(() => {
  cwd.mockRestore();
  rmSync(folder, { recursive: true, force: true });
});

/** Paths below the folder that were found. */
function found(...wanted: readonly string[]): readonly string[] {
  return findTests(wanted.map((path) => join(folder, path))).map(({ file }) => file.name);
}

test.each([
  [["."], ["a.test.js", "lib/b+c.test.mjs", "lib/b.test.ts", "lib/deep/d.test.mts"]],
  [["lib"], ["lib/b+c.test.mjs", "lib/b.test.ts", "lib/deep/d.test.mts"]],
  [["lib/lamp.js"], ["lib/lamp.js"]],
  [["lib/*.test.*"], ["lib/b+c.test.mjs", "lib/b.test.ts"]],
  [["**/*.test.{ts,mts}"], ["lib/b.test.ts", "lib/deep/d.test.mts"]],
  [["lib/b+c.test.*"], ["lib/b+c.test.mjs"]],
  [["?.test.js"], ["a.test.js"]],
  [
    ["lib/**"],
    ["lib/b+c.test.mjs", "lib/b.test.ts", "lib/deep/d.test.mts", "lib/lamp.js", "lib/test.js"],
  ],
  [["a.test.js", "*.test.js", "a.test.js"], ["a.test.js"]],
])("%j finds %j", (wanted, names) => {
  expect(found(...wanted)).toEqual(names);
});

test("A test has its source, and the folder that it may reach", () => {
  expect(findTests([join(folder, "lib/b.test.ts")])).toEqual([
    {
      path: join(folder, "lib/b.test.ts"),
      file: { root: folder, name: "lib/b.test.ts", source: "// lib/b.test.ts" },
    },
  ]);
});

test("A test outside of the current folder reaches its own folder only", () => {
  cwd.mockReturnValueOnce(join(folder, "empty")).mockReturnValueOnce(join(folder, "empty"));

  expect(findTests([join(folder, "lib/b.test.ts")])).toMatchObject([
    { file: { root: join(folder, "lib"), name: "b.test.ts" } },
  ]);
});

test.each([
  ["empty", "got none: their names end in .test.js"],
  ["nothing.js", "there is no such file or folder"],
  ["lib/*.spec.js", "got none. ** stands for any folders"],
  ["none/*.test.js", "there is no such file"],
])("%s is refused with what to write", (path, message) => {
  expect(() => found(path)).toThrow(UsageError);
  expect(() => found(path)).toThrow(message);
});
