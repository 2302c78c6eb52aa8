import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJsonSource } from "../../src/policy/json-source.ts";
import { parsePolicyFile } from "../../src/policy/policy-file.ts";

describe("parsePolicyFile", () => {
  test("reads patterns, grants and denials", () => {
    const text = `\uFEFF{
      "allow": ["wss://x.example", { "origin": "ws://lamp.local", "addresses": { "privateNetworks": true }, "connect": { "headers": { "a": "b" } } }],
      "deny": ["ws://10.0.0.1"]
    }`;

    expect(parsePolicyFile(text)).toEqual({
      allow: [
        { origin: "wss://x.example" },
        {
          origin: "ws://lamp.local",
          addresses: { privateNetworks: true },
          connect: { headers: { a: "b" } },
        },
      ],
      deny: ["ws://10.0.0.1"],
    });
  });

  test("lets a $schema pass, by which editors find the format", () => {
    expect(parsePolicyFile('{ "$schema": "./policy.schema.json", "allow": [] }')).toEqual({
      allow: [],
    });
  });

  test("a name like __proto__ is a name like any other", () => {
    expect(() => parsePolicyFile('{"allow": [], "__proto__": {"deny": []}}')).toThrow(
      '"__proto__" is not known here',
    );
  });
});

describe("parseJsonSource", () => {
  test("agrees with JSON.parse on every value", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 5 }),
        fc.constantFrom(undefined, 2, "\t"),
        (value, space) => {
          const text = JSON.stringify(value, undefined, space);
          expect(parseJsonSource(text).value).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  test("refuses whatever JSON.parse refuses", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'{}[],:"\\0123e+-.truefalsn \n'.split("")) }),
        (text) => {
          let valid = true;
          try {
            JSON.parse(text);
          } catch {
            valid = false;
          }
          if (!valid) expect(() => parseJsonSource(text)).toThrow(/./);
        },
      ),
    );
  });
});
