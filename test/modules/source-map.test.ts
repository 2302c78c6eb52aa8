import { transformSync } from "esbuild";
import { describe, expect, test } from "vitest";
import { readSourceMap, SourceMapError } from "../../src/modules/source-map.ts";

const flat = { version: 3, sources: ["lamp.ts"], names: [], mappings: "AAAA;AACA,IAAI" };

function read(map: unknown, file = "bundle.js"): ReturnType<typeof readSourceMap> {
  return readSourceMap(JSON.stringify(map), file);
}

describe("A source map", () => {
  test("leads from the places of generated code to those of the source", () => {
    const source = "interface Lamp {}\n\nconst lamp: Lamp = {};\nthrow new Error('x');\n";
    const { map } = transformSync(source, {
      loader: "ts",
      minify: true,
      sourcemap: true,
      sourcefile: "lamp.ts",
    });

    const found = readSourceMap(map, "lamp.min.js");

    expect(found.find(1, 'const lamp={};throw new Error("x")'.indexOf("throw") + 1)).toEqual({
      file: "lamp.ts",
      line: 4,
      column: 1,
    });
    expect(found.text("lamp.ts")).toBe(source);
  });

  test("has nothing for a line or a file that it does not hold", () => {
    const map = read(flat);

    expect(map.find(3, 1)).toBeUndefined();
    expect(map.find(1_000_000_000, 1)).toBeUndefined();
    expect(map.text("other.ts")).toBeUndefined();
  });

  test("takes a place without a column for the beginning of its line", () => {
    expect(read(flat).find(2, 0)).toEqual({ file: "lamp.ts", line: 2, column: 1 });
  });

  test.each([
    ["dist/bundle.js", "", "../src/lamp.ts", "src/lamp.ts"],
    ["bundle.js", "", "../lamp.ts", "../lamp.ts"],
    ["bundle.js", "src/", "./lamp.ts", "src/lamp.ts"],
    ["bundle.js", "my%20src", "%3Clamp%3E.ts", "my src/<lamp>.ts"],
    ["bundle.js", "", "100%.ts", "100%.ts"],
    ["bundle.js", "", "lib\\lamp.ts", "lib/lamp.ts"],
    ["lib/bundle.js", "", "webpack://lamp/lamp.ts", "webpack://lamp/lamp.ts"],
    ["lib/bundle.js", "/home", "lamp.ts", "/home/lamp.ts"],
  ])("of %s with the root %j names %s as %s", (file, sourceRoot, source, name) => {
    const map = read({ ...flat, sourceRoot, sources: [source], sourcesContent: ["text"] }, file);

    expect(map.find(1, 1)?.file).toBe(name);
    expect(map.text(name)).toBe("text");
  });

  test("may have sections", () => {
    const map = read({
      version: 3,
      sections: [
        { offset: { line: 0, column: 0 }, map: flat },
        { offset: { line: 10, column: 4 }, map: { ...flat, sources: ["switch.ts"] } },
      ],
    });

    expect(map.find(11, 5)).toEqual({ file: "switch.ts", line: 1, column: 1 });
    expect(map.find(1, 1)?.file).toBe("lamp.ts");
  });

  test("may begin with a line that keeps it from being a script", () => {
    expect(readSourceMap(`)]}'\n${JSON.stringify(flat)}`, "a.js").find(1, 1)?.line).toBe(1);
  });
});

describe("A source map that cannot be used is refused", () => {
  test.each<[string, unknown, string]>([
    ["no object", [], "it is not an object"],
    ["another version", { ...flat, version: 2 }, "its version is not 3"],
    ["no sources", { ...flat, sources: {} }, "its sources are no list"],
    ["no mappings", { ...flat, mappings: 1 }, "its mappings are not in the alphabet"],
    ["other characters", { ...flat, mappings: "AA\uD83D" }, "its mappings are not in the alphabet"],
    ["a section that is no object", { version: 3, sections: [1] }, "a section is not an object"],
    [
      "a section without a place",
      { version: 3, sections: [{ offset: { line: -1, column: 0 }, map: flat }] },
      "the offset of a section has no line or column",
    ],
    [
      "sections in sections",
      {
        version: 3,
        sections: [{ offset: { line: 0, column: 0 }, map: { version: 3, sections: [] } }],
      },
      "its sources are no list",
    ],
    ["too many places", { ...flat, mappings: ",".repeat(2 ** 21) }, "more than 2097152"],
    ["too many lines", { ...flat, mappings: ";".repeat(2 ** 21) }, "more than 2097152"],
    ["too many sections", { version: 3, sections: Array(10_001).fill(0) }, "more than 10000"],
  ])("for %s", (_title, map, message) => {
    expect(() => read(map)).toThrow(SourceMapError);
    expect(() => read(map)).toThrow(message);
  });

  test.each(["", "{", "[".repeat(1_000_000), `{"version":${"[".repeat(1_000_000)}`])(
    "for what is no JSON",
    (json) => {
      expect(() => readSourceMap(json, "a.js")).toThrow("it is not JSON");
    },
  );
});

describe("A hostile source map", () => {
  test.each(["g", "gggggggggggggg", ",,,;;;", "D", "ADDDD", "AgggggggggggggE", "AE", "AAggggg/D"])(
    "with the mappings %s leads nowhere, or to a place",
    (mappings) => {
      const place = read({ ...flat, mappings }).find(1, 5);

      expect(place ?? { file: "lamp.ts", line: 1, column: 1 }).toEqual({
        file: "lamp.ts",
        line: expect.any(Number) as number,
        column: expect.any(Number) as number,
      });
      expect(place?.line ?? 1).toBeGreaterThan(0);
    },
  );

  test("may name sources as what every object has", () => {
    const map = read({ ...flat, sources: ["__proto__"], sourcesContent: ["polluted"] });

    expect(map.find(1, 1)?.file).toBe("__proto__");
    expect(map.text("constructor")).toBeUndefined();
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test.each(["a\nb.ts", "a(b).ts", "\u001B[2J.ts", "x".repeat(1_001), 7, null])(
    "cannot put the name %j into a stack",
    (source) => {
      expect(read({ ...flat, sources: [source] }).find(1, 1)).toBeUndefined();
    },
  );
});
