import { expect, test } from "vitest";
import { findSourceMap } from "../../src/modules/source-mapping-url.ts";

const json = '{"version":3,"file":"ä"}';
const base64 = Buffer.from(json).toString("base64");

test.each([
  `//# sourceMappingURL=data:application/json;base64,${base64}`,
  `//# sourceMappingURL=data:application/json;charset=utf-8;base64,${base64}\n`,
  `//@ sourceMappingURL=data:application/json,${encodeURIComponent(json)}\r\n\r\n`,
  `/*# sourceMappingURL=data:application/json;base64,${base64} */`,
])("A map inside of the source is found: %s", (comment) => {
  expect(findSourceMap(`run();\n${comment}`)).toEqual({ sourceMap: json });
});

test.each([
  ["//# sourceMappingURL=lamp.js.map", "lamp.js.map"],
  ["//# sourceMappingURL=maps/my%20lamp.js.map\n", "maps/my lamp.js.map"],
])("The name of a map is found: %s", (comment, name) => {
  expect(findSourceMap(`run();\n${comment}`)).toEqual({ name });
});

test.each([
  "",
  "sourceMappingURL=lamp.js.map",
  "const text = '//# sourceMappingURL=lamp.js.map';",
  "//# sourceMappingURL=lamp.js.map\nrun();",
  "//# sourceMappingURL=https://maps.example/lamp.js.map",
  "//# sourceMappingURL=/lamp.js.map",
  "//# sourceMappingURL=file:///lamp.js.map",
  "//# sourceMappingURL=",
  "//# sourceMappingURL=%E0%A4%A",
  "//# sourceMappingURL=data:application/json",
  "//# sourceMappingURL=data:application/json,%E0%A4%A",
])("There is no map to be read in: %s", (source) => {
  expect(findSourceMap(source)).toBeUndefined();
});

test("The last comment counts", () => {
  const source = "//# sourceMappingURL=a.map\n//# sourceMappingURL=b.map\n";

  expect(findSourceMap(source)).toEqual({ name: "b.map" });
});
