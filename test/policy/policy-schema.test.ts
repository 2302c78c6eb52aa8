import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatPath, PolicyError } from "../../src/policy/policy-check.ts";
import { parsePolicyFile } from "../../src/policy/policy-file.ts";
import { policyProperties } from "../../src/policy/policy-properties.ts";
import { codeBlocks } from "../support/code-blocks.ts";
import { arbitraryRules } from "../support/policy-rules.ts";

/** As much of a JSON Schema as these tests look at. */
interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
}

const schema: Schema = JSON.parse(
  readFileSync(new URL("../../policy.schema.json", import.meta.url), "utf8"),
);
const definitions = schema.$defs ?? {};
const ajv = new Ajv2020({ strict: true, strictTypes: false, allowUnionTypes: true });
const fitsSchema: (value: unknown) => boolean = ajv.compile(schema);

describe("The schema itself", () => {
  test("is a valid schema of draft 2020-12", () => {
    expect(ajv.validateSchema(schema)).toBe(true);
  });

  test("knows the properties that the parser knows, and no others", () => {
    const known = Object.entries({ file: schema, ...definitions }).flatMap(
      ([name, { properties, additionalProperties }]) =>
        properties === undefined
          ? []
          : [[name, Object.keys(properties), additionalProperties] as const],
    );

    expect(known).toEqual([
      ["file", policyProperties.file, false],
      ["grant", policyProperties.grant, false],
      ["addresses", policyProperties.addresses, false],
      ["connect", policyProperties.connect, false],
      ["credentials", policyProperties.credentials, false],
      ["tls", policyProperties.tls, false],
    ]);
  });

  test("says of every property what it is", () => {
    const silent = everyProperty().filter(([, property]) => {
      const { title, description } = { ...resolved(property), ...property };
      return title === undefined || description === undefined;
    });

    expect(silent.map(([name]) => name)).toEqual([]);
  });

  test("has examples and defaults that fit it", () => {
    const parts = [
      schema,
      ...Object.values(definitions),
      ...everyProperty().map(([, part]) => part),
    ];
    const wrong = parts.flatMap((part) => {
      const fits = ajv.compile({ ...part, $defs: definitions });
      const values = [...(part.examples ?? []), ...("default" in part ? [part.default] : [])];
      return values.filter((value) => !fits(value));
    });

    expect(wrong).toEqual([]);
  });

  test("has examples of whole policies that are accepted", () => {
    expect((schema.examples ?? []).map(refusalOf)).toEqual([undefined]);
  });
});

describe("The schema and the parser agree", () => {
  const policy = arbitraryRules(["hub.example", "192.168.1.1"], ["192.168.1.1", "fd00::/8"]);
  const changed = fc
    .tuple(policy, fc.array(arbitraryChange(), { minLength: 1, maxLength: 2 }))
    .map(([rules, changes]) => changes.reduce<unknown>(apply, structuredClone(rules)));

  test("on the policy files of the documentation", () => {
    const document = readFileSync(new URL("../../docs/policy.md", import.meta.url), "utf8");
    const files = codeBlocks(document)
      .filter(({ language }) => language === "json")
      .map(({ code }): unknown => JSON.parse(code));

    expect(files.map((file) => [refusalOf(file), fitsSchema(file)])).toEqual([[undefined, true]]);
  });

  test("on every policy that is right", () => {
    fc.assert(
      fc.property(policy, (rules) => {
        expect([refusalOf(rules), fitsSchema(rules)]).toEqual([undefined, true]);
      }),
    );
  });

  test("on policies with changes, except on the insides of patterns and blocks", () => {
    fc.assert(
      fc.property(changed, (value) => {
        const fits = fitsSchema(value);
        expect([value, fits]).toEqual([value, verdictOf(value) ?? fits]);
      }),
      { numRuns: 2000 },
    );
  });

  test("on every pattern that the parser accepts", () => {
    const text = fc
      .tuple(
        fc.constantFrom("ws://", "wss://", "WSS://", ""),
        fc.array(fc.constantFrom(...patternPieces), { maxLength: 4 }),
        fc.constantFrom("", ":80", ":*", ":00080", ":"),
      )
      .map(([scheme, pieces, port]) => [scheme, ...pieces, port].join(""));

    fc.assert(
      fc.property(text, (pattern) => {
        const isAccepted = refusalOf({ allow: [pattern] }) === undefined;
        const fits = fitsSchema({ allow: [pattern] });
        expect([pattern, fits]).toEqual([pattern, fits || isAccepted]);
      }),
      { numRuns: 2000 },
    );
  });

  test("on every block that the parser accepts", () => {
    const block = fc
      .tuple(
        fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom("::", "[::1]", "fe80::1%eth0", "0.0.0.0")),
        fc.constantFrom("", "/0", "/32", "/128", "/000"),
      )
      .map((halves) => halves.join(""));

    fc.assert(
      fc.property(block, (text) => {
        const value = { allow: [{ origin: "ws://a", addresses: { deny: [text] } }] };
        fc.pre(refusalOf(value) === undefined);
        expect([text, fitsSchema(value)]).toEqual([text, true]);
      }),
    );
  });
});

describe("Both refuse", () => {
  test.each([
    [7],
    [{}],
    [{ allow: {} }],
    [{ allow: [], $schema: 1 }],
    [{ allow: [], comment: "" }],
    [{ allow: [null] }],
    [{ allow: ["lamp.local"] }],
    [{ allow: ["ftp://lamp.local"] }],
    [{ allow: ["httpss://lamp.local"] }],
    [{ allow: ["ws://lamp@hub.local"] }],
    [{ allow: ["ws://lamp.local:port"] }],
    [{ allow: ["ws://::1"] }],
    [{ allow: [], deny: [{ origin: "ws://lamp.local" }] }],
    [{ allow: [{ origin: "ws://lamp.local", adresses: {} }] }],
    [{ allow: [{ origin: "ws://lamp.local", addresses: { allow: ["lamp.local"] } }] }],
    [{ allow: [{ origin: "ws://lamp.local", connect: { headers: { "a b": "" } } }] }],
    [{ allow: [{ origin: "ws://lamp.local", connect: { headers: { hOsT: "" } } }] }],
    [{ allow: [{ origin: "ws://lamp.local", connect: { headers: { a: "\n" } } }] }],
    [{ allow: [{ origin: "ws://lamp.local", connect: { credentials: { username: "a" } } }] }],
    [{ allow: [{ origin: "ws://lamp.local", connect: { tls: { ca: [1] } } }] }],
  ])("%j", (value) => {
    expect(refusalOf(value)).toBeDefined();
    expect(fitsSchema(value)).toBe(false);
  });
});

describe("Only the parser refuses", () => {
  test.each([
    ["a port that is too large", "ws://lamp.local:65536"],
    ["port 0", "ws://lamp.local:0"],
    ["a path", "ws://lamp.local/path"],
    ["a wildcard in a label", "ws://lamp*.local"],
    ["a wildcard in an address", "ws://192.168.*.*"],
    ["an empty label", "ws://lamp..local"],
    ["an address that is none", "ws://256.1.1.1"],
    ["a block with bits set behind its prefix", "ws://10.0.0.1/8"],
    ["a prefix that is too long", "ws://10.0.0.0/33"],
  ])("a pattern with %s", (_, pattern) => {
    expect(refusalOf({ allow: [pattern] })).toBe("allow[0]");
    expect(fitsSchema({ allow: [pattern] })).toBe(true);
  });

  test.each([
    ["too few parts", "10.0.0"],
    ["too many groups", "1:2:3:4:5:6:7:8:9"],
    ["bits set behind its prefix", "10.0.0.1/8"],
    ["a prefix that is too long", "10.0.0.0/33"],
  ])("a block with %s", (_, block) => {
    const value = { allow: [{ origin: "ws://a", addresses: { allow: [block] } }] };

    expect(refusalOf(value)).toBe("allow[0].addresses.allow[0]");
    expect(fitsSchema(value)).toBe(true);
  });

  test("a name that is given twice, which a schema never sees", () => {
    const text = '{ "allow": [], "allow": [] }';

    expect(() => parsePolicyFile(text)).toThrow('gives the name "allow" twice');
    expect(fitsSchema(JSON.parse(text))).toBe(true);
  });
});

/** The path that the parser complains of in a file with this value; `undefined` when it accepts the file. */
function refusalOf(value: unknown): string | undefined {
  const error = errorOf(value);
  return error && formatPath(error.path);
}

/** Whether the parser accepts a value; `undefined` when it is the inside of a pattern or a block that it refuses. */
function verdictOf(value: unknown): boolean | undefined {
  const error = errorOf(value);
  if (error === undefined) return true;
  const isInPlace =
    /^(?:allow\[\d+\](?:\.origin|\.addresses\.(?:allow|deny)\[\d+\])?|deny\[\d+\])$/.test(
      formatPath(error.path),
    );
  // Such a message begins with the text, all others there with what is expected.
  return isInPlace && error.message.startsWith('"') ? undefined : false;
}

function errorOf(value: unknown): PolicyError | undefined {
  try {
    parsePolicyFile(JSON.stringify(value));
    return undefined;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof PolicyError) return cause;
    throw error;
  }
}

/** The properties of every object with fixed ones, under the names of both. */
function everyProperty(): readonly (readonly [name: string, property: Schema])[] {
  return Object.entries({ file: schema, ...definitions }).flatMap(([object, { properties = {} }]) =>
    Object.entries(properties).map(([name, property]) => [`${object}.${name}`, property] as const),
  );
}

function resolved({ $ref: reference }: Schema): Schema | undefined {
  return reference === undefined ? undefined : definitions[reference.replace("#/$defs/", "")];
}

interface Change {
  /** Chooses the place. */
  readonly seed: number;
  readonly kind: "replace" | "add" | "remove";
  readonly name: string;
  readonly value: unknown;
}

function arbitraryChange(): fc.Arbitrary<Change> {
  return fc.record({
    seed: fc.nat(),
    kind: fc.constantFrom("replace", "add", "remove"),
    name: fc.constantFrom(
      ...new Set(Object.values(policyProperties).flat()),
      ...["Host", "sec-websocket-x", "a b", "", "X-Any", "ORIGIN"],
    ),
    value: fc.constantFrom<unknown>(
      ...[null, 0, 1.5, true, false, [], {}, [[]], "", "text", "a:b", "a\nb", "\u2026", "\u00ff"],
      ...["ws://lamp.local", "wss://*@10.0.0.0/8:*", "ws://x/", "::1", "10.0.0.0/8", ["::/0"]],
    ),
  });
}

/** Makes one change in a copy of plain data. */
function apply(value: unknown, { seed, kind, name, value: replacement }: Change): unknown {
  const root = { value };
  const holders = objectsIn(root);
  const holder = holders[seed % holders.length] ?? root;
  const names = Object.keys(holder);
  const chosen = names[seed % Math.max(1, names.length)] ?? name;
  const isList = Array.isArray(holder);
  if (kind === "replace" || holder === root)
    Reflect.set(holder, chosen, structuredClone(replacement));
  else if (kind === "add") {
    Reflect.set(holder, isList ? String(holder.length) : name, structuredClone(replacement));
  } else if (isList) holder.pop();
  else Reflect.deleteProperty(holder, chosen);
  return root.value;
}

function objectsIn(value: unknown): readonly object[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}

const patternPieces: readonly string[] = [
  ...["*@", "*", "*.", ".", "lamp", "LAMP.local", "local", "xn--", "10.0.0.0", "0x7f.1", "[::1]"],
  ...["[fd00::", "[fd00::]", "]", "/8", "/128", ":", "%41", "\u00e9", "\uff11", "\u3002", "?"],
  ...["#", "@", " ", "\\", "\n", "-", "_", "~", "wss://"],
];
