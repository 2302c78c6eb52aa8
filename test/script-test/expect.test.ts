import { expect, test } from "vitest";
import { openTestFolder } from "./support.ts";

const { results } = openTestFolder();

/** Runs checks in one test file; `"passed"` or the message, by check. */
async function check(checks: readonly string[]): Promise<readonly unknown[]> {
  const tests = checks.map((body, index) => `test("${index}", async () => { ${body}; });`);
  const all = await results(tests.join("\n"));
  return checks.map((_body, index) =>
    String(all[index]).replace(/^tests\/a\.test\.js:\d+:\d+ ExpectationError: /, ""),
  );
}

test("What holds passes", async () => {
  const checks = [
    "expect(NaN).toBe(NaN)",
    "expect(0).not.toBe(-0)",
    "expect({ a: [1, { b: undefined }] }).toEqual({ a: [1, {}] })",
    "expect(new Map([[1, { a: 1 }]])).toEqual(new Map([[1, { a: 1 }]]))",
    "expect(new Set([{ a: 1 }])).toEqual(new Set([{ a: 1 }]))",
    "expect(new Date(5)).toEqual(new Date(5))",
    "expect(/a/g).toEqual(/a/g)",
    "expect(new Uint8Array([1])).toEqual(new Uint8Array([1]))",
    "expect(new Uint8Array([1])).not.toEqual(new Int8Array([1]))",
    "expect([]).not.toEqual({})",
    "const a = {}; a.a = a; const b = {}; b.a = b; expect(a).toEqual(b)",
    "expect({ a: 1, b: { c: 2, d: 3 } }).toMatchObject({ b: { c: 2 } })",
    "expect('x').toBeTruthy(); expect(0).toBeFalsy(); expect(null).toBeNull()",
    "expect(undefined).toBeUndefined(); expect(0).toBeDefined(); expect(NaN).toBeNaN()",
    "expect(2).toBeGreaterThan(1); expect(2).toBeGreaterThanOrEqual(2)",
    "expect(1n).toBeLessThan(2n); expect(2).toBeLessThanOrEqual(2)",
    "expect(0.1 + 0.2).toBeCloseTo(0.3); expect(1).not.toBeCloseTo(1.1)",
    "expect(new TypeError()).toBeInstanceOf(Error)",
    "expect('lamp on').toMatch(/on$/); expect('lamp').toMatch('am')",
    "expect('lamp').toContain('am'); expect([{ a: 1 }]).toContain({ a: 1 }); expect(new Set([1])).toContain(1)",
    "expect('abc').toHaveLength(3); expect([1]).toHaveLength(1); expect(new Map()).toHaveLength(0)",
    "expect({ a: [{ b: 1 }] }).toHaveProperty('a[0].b', 1); expect({}).not.toHaveProperty('a')",
    "expect(() => { throw new TypeError('no lamp') }).toThrow('no lamp')",
    "expect(() => { throw new TypeError('no lamp') }).toThrow(/lamp/)",
    "expect(() => { throw new TypeError('no lamp') }).toThrow(TypeError)",
    "expect(() => { throw { code: 1, more: 2 } }).toThrow({ code: 1 })",
    "expect(() => {}).not.toThrow()",
    "await expect(Promise.resolve({ a: 1 })).resolves.toEqual({ a: 1 })",
    "await expect(Promise.reject(new RangeError('far'))).rejects.toThrow(RangeError)",
    "await expect(async () => { throw new Error('far') }).rejects.toThrow('far')",
    "await expect(Promise.resolve(1)).resolves.not.toBe(2)",
  ];

  expect(await check(checks)).toEqual(checks.map(() => "passed"));
});

test("What does not hold tells what was expected and what was found", async () => {
  const checks: readonly (readonly [string, string])[] = [
    ["expect(1).toBe(2)", "expected 1 to be 2"],
    ["expect(1).not.toBe(1)", "expected 1 not to be 1"],
    [
      "expect({}).toBe({})",
      "expected {} to be {}\n  they are equal, but not the same object: toEqual compares what is in them",
    ],
    [
      "expect({ a: [1, 2], b: 1 }).toEqual({ a: [1, 3, 4], c: 'x' })",
      'expected { a: [1, 2], b: 1 } to equal { a: [1, 3, 4], c: "x" }\n  value.a.length: expected 3, got 2\n  value.a[1]: expected 3, got 2\n  value.a[2]: expected 4, got undefined\n  value.c: expected "x", got undefined\n  value.b: expected undefined, got 1',
    ],
    [
      "expect(new Map([['a', 1]])).toEqual(new Map([['a', 2]]))",
      'expected Map {"a" => 1} to equal Map {"a" => 2}\n  value.get("a"): expected 2, got 1',
    ],
    [
      "expect([1n, -0, () => 1, Symbol('s')]).toBe(null)",
      "expected [1n, -0, [function anonymous], Symbol(s)] to be null",
    ],
    [
      "class Lamp { on = true } expect(new Lamp()).toBeNull()",
      "expected Lamp { on: true } to be null",
    ],
    [
      "expect('x'.repeat(40) + 'a').toBe('x'.repeat(40) + 'b')",
      `expected "${"x".repeat(40)}a" to be "${"x".repeat(40)}b"\n  they part at character 40: expected "xxxxxxxxxxb", got "xxxxxxxxxxa"`,
    ],
    ["expect(1).toBeGreaterThan(1)", "expected 1 to be greater than 1"],
    ["expect('1').toBeLessThan(2)", 'expected "1" to be less than 2'],
    ["expect('lamp').toMatch(/on/)", 'expected "lamp" to match /on/'],
    ["expect([1]).toContain(2)", "expected [1] to contain 2"],
    ["expect([1]).toHaveLength(2)", "expected [1] to have length 2\n  its length is 1"],
    ["expect(1).toHaveLength(2)", "expected 1 to have length 2\n  it has no length"],
    [
      "expect({ a: 1 }).toHaveProperty('a', 2)",
      'expected { a: 1 } to have the property "a" with 2\n  it is 1',
    ],
    ["expect(() => 1).toThrow()", "expected [function anonymous] to throw\n  it returned"],
    [
      "expect(() => { throw new Error('a') }).toThrow('b')",
      'expected [function anonymous] to throw an error with "b"\n  it threw [Error: a]',
    ],
    [
      "await expect(Promise.resolve(1)).rejects.toThrow()",
      "expected the promise to be rejected, but it was fulfilled with 1",
    ],
    ["await expect(1).resolves.toBe(1)", "expected a promise, got 1"],
  ];

  expect(await check(checks.map(([body]) => body))).toEqual(checks.map(([, message]) => message));
});
