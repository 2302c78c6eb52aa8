import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resolveSpecifier } from "../../src/modules/resolve-specifier.ts";
import { SourceError } from "../../src/modules/source-error.ts";

describe("resolveSpecifier", () => {
  test.each([
    ["main.js", "./a.js", "a.js"],
    ["lib/main.mjs", "./a.mts", "lib/a.mts"],
    ["lib/deep/main.js", "../a.ts", "lib/a.ts"],
    ["lib/main.js", "../a.json", "a.json"],
    ["lib/main.js", "./.././lib//b/../c.mjs", "lib/c.mjs"],
    ["<evalScript>", "./a.js", "a.js"],
  ])("from %s, %s is %s", (base, specifier, name) => {
    expect(resolveSpecifier(base, specifier)).toBe(name);
  });

  test.each([
    ["main.js", "../a.js", "leaves the script's folder"],
    ["lib/main.js", "./../../a.js", "leaves the script's folder"],
    ["lib/main.js", "../lib/../../lib/a.js", "leaves the script's folder"],
    ["main.js", "lodash", 'for example "./lodash"'],
    ["main.js", "node:fs", "below the script's folder"],
    ["main.js", "https://example.com/a.js", "below the script's folder"],
    ["main.js", "file:///etc/passwd", "below the script's folder"],
    ["main.js", "/etc/a.js", "absolute path"],
    ["main.js", "", "packages are not available"],
    ["main.js", "./a", '"./a.js"'],
    ["main.js", "./.env", "whole name"],
    ["main.js", "./lib/", "whole name"],
    ["main.js", ".\\a.js", "packages are not available"],
    ["main.js", "./..\\a.js", "/ between its parts"],
    ["main.js", "./a\0.js", "no U+0000"],
  ])("from %s, %s is refused with what to write", (base, specifier, message) => {
    expect(() => resolveSpecifier(base, specifier)).toThrow(message);
  });

  test("an exact name needs neither dots nor an extension", () => {
    const isName = (name: string): boolean => name === "lamp";

    expect(resolveSpecifier("main.js", "lamp", isName)).toBe("lamp");
    expect(resolveSpecifier("main.js", "./lamp", isName)).toBe("lamp");
  });

  test("a result never leaves the folder, whatever the base and the specifier are", () => {
    const part = fc.constantFrom("..", ".", "", "a", "b.js", "\\", "...", "%2e%2e", "/");
    const path = fc.array(part, { maxLength: 8 }).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(path, path, (base, specifier) => {
        let name: string;
        try {
          name = resolveSpecifier(base, specifier);
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError);
          return;
        }
        expect(name).not.toMatch(/^\/|(^|\/)\.\.(\/|$)|\\/);
      }),
    );
  });
});
