import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SourceError } from "../../src/modules/source-error.ts";
import {
  createTypeStripper,
  isTypeScript,
  maxTypeScriptBytes,
} from "../../src/modules/strip-types.ts";

function stripTypes(source: string, file: string, type?: "script" | "module"): string {
  return createTypeStripper().strip(source, file, type);
}

/** Breaks the compiler. */
const deep = "(".repeat(200_000);

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

  test("refuses TypeScript after a source that breaks the compiler, and says why", () => {
    const stripper = createTypeStripper();

    expect(errorOf(() => stripper.strip(deep, "deep.ts"))).toMatchObject({
      name: "SyntaxError",
      message: expect.stringContaining("nested too deeply"),
    });
    expect(errorOf(() => stripper.strip("let a: 1 = 1;", "a.ts"))).toMatchObject({
      name: "SyntaxError",
      message: expect.stringContaining("an earlier source of this sandbox broke the compiler"),
    });
  });

  test("a source that breaks the compiler breaks it for no other sandbox", () => {
    errorOf(() => stripTypes(deep, "deep.ts"));

    expect(stripTypes("let a: 1 = 1;", "a.ts")).toBe("let a    = 1;");
  });

  test("keeps nothing of compilers that broke", () => {
    const wide = "a+".repeat(300_000);
    for (let count = 0; count < 3; count += 1) errorOf(() => stripTypes(wide, "wide.ts"));
    const peak = process.resourceUsage().maxRSS;

    for (let count = 0; count < 6; count += 1) errorOf(() => stripTypes(wide, "wide.ts"));

    expect((process.resourceUsage().maxRSS - peak) / 1_024).toBeLessThan(200);
  });

  test("takes a source of the largest size", () => {
    const source = `let a: 1 /*${"π".repeat(maxTypeScriptBytes / 2 - 7)}*/;`;

    const result = stripTypes(source, "a.ts");

    expect(Buffer.byteLength(source)).toBe(maxTypeScriptBytes);
    expect(result).toHaveLength(source.length);
  });

  test("refuses a larger one, and says how large it is and what to do", () => {
    const source = "π".repeat(maxTypeScriptBytes / 2) + ";";

    expect(errorOf(() => stripTypes(source, "a.ts"))).toMatchObject({
      name: "SyntaxError",
      message:
        "The types cannot be stripped: the source has 1048577 bytes, and TypeScript may have 1048576; make it JavaScript before, or split it into modules",
    });
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
