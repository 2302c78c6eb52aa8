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

  test.each([
    [
      '{"allow": [\n  "wss://a.example",\n  {"origin": "ws://b/"}\n]}',
      'p.json:3:14: allow[1].origin: "ws://b/" has a path; write "ws://b"',
    ],
    ['{\n"alow": []}', 'p.json:2:9: alow: "alow" is not known here; expected allow, deny'],
    ["{}", "p.json:1:1: allow: is missing; expected a list"],
    ["[]", "p.json:1:1: expected an object, got a list"],
    ['{"allow": ["ws://a"]\n, "allow": []}', 'p.json:2:3: gives the name "allow" twice'],
    ['{"allow": [],}', 'p.json:1:14: expected a value; JSON has no comma before "}", got "}"'],
    ['{"allow": ["ws://a" "ws://b"]}', 'p.json:1:21: expected "," or "]", got "\\""'],
    ["{'allow': []}", 'p.json:1:2: expected a name in quotes or "}", got "\'"'],
    ["", "p.json:1:1: expected a value, got the end of the text"],
    ["{} {}", 'p.json:1:4: expected the end of the text, got "{"'],
    ["[".repeat(100), "p.json:1:66: is nested more than 64 levels deep"],
    ['{"allow": ["\u0001"]}', "p.json:1:12: has a string or number that is not JSON"],
  ])("%j: %s", (text, message) => {
    expect(() => parsePolicyFile(text, "p.json")).toThrow(message);
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
