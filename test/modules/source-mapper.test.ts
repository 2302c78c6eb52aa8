import { expect, test, vi } from "vitest";
import type { ScriptException } from "../../src/errors.ts";
import { createSourceMapper, type MappedSource } from "../../src/modules/source-mapper.ts";

const sourceMap = JSON.stringify({
  version: 3,
  sources: ["src/lamp.ts"],
  sourcesContent: ["the source"],
  names: [],
  // Columns 1 and 11 of line 1 are the beginnings of lines 1 and 2.
  mappings: "AAAA,UACA",
});

function exception(stack: string): ScriptException {
  return { name: "Error", message: "x", stack, position: undefined };
}

function only(name: string, code = "x".repeat(80)): (file: string) => MappedSource | undefined {
  return (file) => (file === name ? { code, sourceMap } : undefined);
}

test("The stack and the position of an exception lead to the original sources", () => {
  const mapper = createSourceMapper(only("bundle.js"));

  const mapped = mapper.map({
    name: "Error",
    message: "x",
    stack: "    at on (bundle.js:1:12)\n    at call (native)\n    at <eval> (other.js:1:12)\n",
    position: { file: "bundle.js", line: 1, column: 12 },
  });

  expect(mapped).toEqual({
    name: "Error",
    message: "x",
    stack: "    at on (src/lamp.ts:2:1)\n    at call (native)\n    at <eval> (other.js:1:12)\n",
    position: { file: "src/lamp.ts", line: 2, column: 1 },
  });
  expect(mapper.text("src/lamp.ts")).toBe("the source");
  expect(mapper.text("bundle.js")).toBeUndefined();
});

test("Characters outside of the basic plane count as one column of the engine and two of a map", () => {
  const mapper = createSourceMapper(only("bundle.js", "/*😀😀😀*/ lamp()"));

  const { stack } = mapper.map(exception("    at <eval> (bundle.js:1:9)\n"));

  expect(stack).toBe("    at <eval> (src/lamp.ts:2:1)\n");
});

test("A map that cannot be used is told once, and leaves its places", () => {
  const ignored = vi.fn();
  const mapper = createSourceMapper(() => ({ code: "", sourceMap: "{" }), ignored);
  const thrown = exception("    at a (bundle.js:1:9)\n    at b (bundle.js:2:1)\n");

  expect([mapper.map(thrown), mapper.map(thrown)]).toEqual([thrown, thrown]);
  expect(ignored.mock.calls).toEqual([["bundle.js", "it is not JSON"]]);
});

test("Each name is asked for once, and of endless names only the first thousand", () => {
  const find = vi.fn((): undefined => undefined);
  const mapper = createSourceMapper(find);
  const places = Array.from({ length: 1_500 }, (_, index) => `    at a (${index}.js:1:1)\n`);

  mapper.map(exception(places.join("")));
  mapper.map(exception(places.join("")));

  expect(find).toHaveBeenCalledTimes(1_000);
});
