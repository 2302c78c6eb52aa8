import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SourceError } from "../../src/modules/source-error.ts";
import { isTypeScript, stripTypes } from "../../src/modules/strip-types.ts";

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("stripTypes", () => {
  test("blanks out types and keeps every line and column", () => {
    const source = "interface A {\n  b: string;\n}\nconst a: A = { b: '😀' };\nthrow a as unknown;";

    const result = stripTypes(source, "a.ts");

    expect(result.split("\n").map((line) => line.trimEnd())).toEqual([
      "",
      "",
      "",
      "const a    = { b: '😀' };",
      "throw a           ;",
    ]);
  });

  test("leaves JavaScript as it is", () => {
    const source = "export const a = 1; // π\n\tawait a;\r\nimport.meta;";

    expect(stripTypes(source, "a.mts")).toBe(source);
  });

  test("names the place of a syntax error, 1-based", () => {
    const error = errorOf(() => stripTypes("let a: number = 1;\nlet b: = 2;", "lib/a.ts"));

    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({
      name: "SyntaxError",
      position: { file: "lib/a.ts", line: 2, column: 8 },
    });
  });

  test.each([
    ["enum A { B }", "constant object"],
    ["class A { constructor(private b: string) {} }", "assign it in the constructor"],
    ["namespace A { export const b = 1; }", "a module of its own"],
    ['import a = require("a");', "import ... from"],
  ])("tells what to use in place of %s", (source, remedy) => {
    expect(errorOf(() => stripTypes(source, "a.ts"))).toMatchObject({
      name: "SyntaxError",
      message: expect.stringContaining(remedy),
      position: { file: "a.ts", line: 1 },
    });
  });

  test("tells that import needs a module", () => {
    expect(errorOf(() => stripTypes('import "./a.ts";', "a.ts", "script"))).toMatchObject({
      message: expect.stringContaining("run it as a module"),
    });
  });

  test("goes on after a source that breaks the compiler", () => {
    const deep = "(".repeat(200_000);

    expect(errorOf(() => stripTypes(deep, "deep.ts"))).toBeInstanceOf(SourceError);
    expect(stripTypes("let a: 1 = 1;", "a.ts")).toBe("let a    = 1;");
  });

  test("its errors hold no path of the host", () => {
    const error = errorOf(() => stripTypes("enum A { B }", "a.ts"));

    expect(error).toMatchObject({ stack: expect.not.stringContaining(process.cwd()) });
  });

  test("any text is either returned in the same number of lines or refused with a SourceError", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (source) => {
        const error = errorOf(() => {
          expect(stripTypes(source, "a.ts").split("\n")).toHaveLength(source.split("\n").length);
        });
        expect(error === undefined || error instanceof SourceError).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

test("TypeScript is told by the file's name", () => {
  expect(["a.ts", "a.mts", "b/A.TS"].every(isTypeScript)).toBe(true);
  expect(["a.js", "a.mjs", "ats", "a.ts.js", "a.cts"].some(isTypeScript)).toBe(false);
});
