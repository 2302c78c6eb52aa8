import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createServices } from "../../src/services/services.ts";

const services = createServices();

function decoded(label: string, bytes: readonly number[], fatal = false): string | undefined {
  const json = services.decode(label, fatal, new Uint8Array(bytes).buffer);
  return json === "" ? undefined : (JSON.parse(json) as string);
}

describe("randomBytes", () => {
  test("answers as many bytes as asked for, up to the limit of getRandomValues", () => {
    expect(services.randomBytes(0).byteLength).toBe(0);
    expect(services.randomBytes(65_536).byteLength).toBe(65_536);
  });

  test.each([-1, 65_537, 1.5, Number.NaN, "8", undefined])("refuses the length %s", (length) => {
    expect(() => services.randomBytes(length as number)).toThrow(RangeError);
  });

  test("uses the source of the embedder", () => {
    const seeded = createServices({ random: (bytes) => bytes.fill(7) });

    expect([...new Uint8Array(seeded.randomBytes(3))]).toEqual([7, 7, 7]);
  });
});

describe("encode and decode", () => {
  test("UTF-8 is that of the platform for every string", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const bytes = new Uint8Array(services.encode(JSON.stringify(text)));

        expect(bytes).toEqual(new TextEncoder().encode(text));
        expect(decoded("utf-8", [...bytes], true)).toBe(
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
        );
      }),
    );
  });

  test("UTF-8 with malformed bytes is that of the platform", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

        expect(decoded("utf-8", [...bytes])).toBe(text);
      }),
    );
  });

  test("fatal decoding takes an encoded U+FFFD and refuses a malformed byte", () => {
    expect(decoded("utf-8", [0xef, 0xbf, 0xbd], true)).toBe("\ufffd");
    expect(decoded("utf-8", [0x41, 0xff], true)).toBeUndefined();
  });

  test("a byte order mark stays", () => {
    expect(decoded("utf-8", [0xef, 0xbb, 0xbf, 0x41])).toBe("\ufeffA");
    expect(decoded("utf-16le", [0xff, 0xfe, 0x41, 0])).toBe("\ufeffA");
  });

  test("UTF-16 replaces lone surrogates and an odd byte, or fails when fatal", () => {
    expect(decoded("utf-16le", [0x3d, 0xd8, 0x00, 0xde])).toBe("\u{1f600}");
    expect(decoded("utf-16be", [0xd8, 0x3d, 0x00, 0x41, 0x42])).toBe("\ufffdA\ufffd");
    expect(decoded("utf-16be", [0xd8, 0x3d, 0x00, 0x41], true)).toBeUndefined();
    expect(decoded("utf-16le", [0x41, 0, 0x42], true)).toBeUndefined();
  });

  test.each([
    ["windows-1252", [0x80, 0x81, 0x9f, 0xe4], "€\x81Ÿä"],
    ["iso-8859-16", [0xa4, 0xff], "€ÿ"],
    ["x-user-defined", [0x41, 0x80, 0xff], "A\uf780\uf7ff"],
    ["koi8-r", [0xc1], "а"],
    ["shift_jis", [0x82, 0xa0], "あ"],
    ["gb18030", [0x84, 0x31, 0xa4, 0x37], "\ufffd"],
    ["windows-874", [0xdb], "\ufffd"],
    ["windows-1253", [0xaa], "\ufffd"],
  ])("%s has the characters of the Encoding standard", (label, bytes, text) => {
    expect(decoded(label, bytes)).toBe(text);
  });

  test("bytes that stand for nothing fail when fatal", () => {
    expect(decoded("windows-1253", [0xaa], true)).toBeUndefined();
    expect(decoded("shift_jis", [0x82], true)).toBeUndefined();
  });

  test.each([
    [["latin1", false, new ArrayBuffer(0)]],
    [["utf-8", 1, new ArrayBuffer(0)]],
    [["utf-8", false, "text"]],
    [["utf-8", false, new Uint8Array(2)]],
    [[undefined, false, new ArrayBuffer(0)]],
    [["replacement", false, new ArrayBuffer(0)]],
  ])("decode refuses %j", (input) => {
    expect(() => services.decode(...(input as [string, boolean, ArrayBuffer]))).toThrow(TypeError);
  });

  test.each([undefined, "", "nonsense", "5", "[]"])("encode refuses %j", (json) => {
    expect(() => services.encode(json as string)).toThrow();
  });
});

describe("encodingName", () => {
  test.each([
    ["utf8", "utf-8"],
    [" \t\n\f\rUTF-8\r", "utf-8"],
    ["latin1", "windows-1252"],
    ["ascii", "windows-1252"],
    ["utf-16", "utf-16le"],
    ["ISO-8859-16", "iso-8859-16"],
    ["x-user-defined", "x-user-defined"],
  ])("%j names %s", (label, name) => {
    expect(services.encodingName(JSON.stringify(label))).toBe(name);
  });

  test.each([
    "",
    "utf-8\0",
    "\u00a0utf-8",
    "\u212aoi8-r",
    "replacement",
    "iso-2022-kr",
    "x".repeat(100),
  ])("%j is no label", (label) => {
    expect(services.encodingName(JSON.stringify(label))).toBe("");
  });
});

describe("url", () => {
  function ask(...request: unknown[]): unknown {
    return JSON.parse(services.url(JSON.stringify(request)));
  }

  test("parses a URL into its parts", () => {
    expect(ask("parse", "HTTP://a:b@Example.com:80/x y?q#h")).toEqual([
      "http://a:b@example.com/x%20y?q#h",
      "http://example.com",
      "http:",
      "a",
      "b",
      "example.com",
      "example.com",
      "",
      "/x%20y",
      "?q",
      "#h",
    ]);
  });

  test("resolves against a base and answers null for what is not a URL", () => {
    expect(ask("parse", "../c", "ws://h/a/b/")).toMatchObject({ 0: "ws://h/a/c" });
    expect(ask("parse", "c")).toBeNull();
    expect(ask("parse", "c", "also relative")).toBeNull();
  });

  test("sets an attribute", () => {
    expect(ask("set", "http://h/", "hash", "\0é")).toMatchObject({ 0: "http://h/#%00%C3%A9" });
  });

  test("keeps a question mark that belongs to the query", () => {
    expect(ask("params", "?a=1&b")).toEqual([
      ["?a", "1"],
      ["b", ""],
    ]);
  });

  test("takes requests of up to 1 Mi code units: the pairs of a query take a hundred times as much", () => {
    const longest = 2 ** 20 - '["params",""]'.length;

    expect(ask("params", "a".repeat(longest))).toHaveLength(1);
    expect(() => ask("params", "a".repeat(longest + 1))).toThrow(TypeError);
  });

  test("serializes pairs", () => {
    expect(ask("query", [["a b", "é&=\0"]])).toBe("a+b=%C3%A9%26%3D%00");
  });

  test.each([
    [undefined],
    ["["],
    ["{}"],
    ['["parse"]'],
    ['["parse",5]'],
    ['["parse","http://h/",null]'],
    ['["set","http://h/","origin","x"]'],
    ['["set","http://h/","toString","x"]'],
    ['["set","http://h/","__proto__","x"]'],
    ['["set","not a url","hash","x"]'],
    ['["query",[["a"]]]'],
    ['["query",{"length":1}]'],
    ['["constructor","x"]'],
  ])("refuses %j", (json) => {
    expect(() => services.url(json as string)).toThrow();
  });
});
