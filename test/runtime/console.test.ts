import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest, type TestGuest } from "../support/guest.ts";

describe.each(buildNames)("%s", (build) => {
  let guest: TestGuest;
  beforeAll(async () => {
    guest = await createGuest({ build });
  });
  beforeEach(() => {
    guest.calls.length = 0;
  });
  afterAll(() => guest[Symbol.dispose]());

  /** What a script printed: level and text. */
  function printed(script: string): readonly [number, string][] {
    guest.evaluate(script);
    return guest
      .callsOf("log")
      .map(([level, json]) => [level as number, JSON.parse(json as string) as string]);
  }

  function shown(expression: string): string {
    return printed(`console.log(${expression})`)[0]?.[1] ?? "";
  }

  test("any single string is printed as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        guest.calls.length = 0;

        expect(shown(JSON.stringify(text))).toBe(text);
      }),
    );
  });

  test("each method has its level", () => {
    const levels = printed(
      "for (const name of ['debug', 'log', 'info', 'warn', 'error']) console[name](name)",
    );

    expect(levels).toEqual([
      [0, "debug"],
      [1, "log"],
      [2, "info"],
      [3, "warn"],
      [4, "error"],
    ]);
  });

  test.each([
    [`"%s is %d, %i, %f%%", "it", "4.5", 4.9, "1.5x"`, "it is 4.5, 4, 1.5%"],
    [`"%o %O", { a: 1 }, [2], "rest", 3`, "{ a: 1 } [ 2 ] rest 3"],
    [`"%cred%c", "color: red", ""`, "red"],
    [`"%s %s", 1`, "1 %s"],
    [`"%x %", 1`, "%x % 1"],
    [`"100%"`, "100%"],
    [`"%d %i %s", Symbol("s"), {}, Symbol("t")`, "NaN NaN Symbol(t)"],
    ["", ""],
  ])("console.log(%s) prints %s", (input, text) => {
    expect(shown(input)).toBe(text);
  });

  test.each([
    ["{ a: 1, 'b-c': [1, , 'x'] }", "{ a: 1, 'b-c': [ 1, <1 empty item>, 'x' ] }"],
    ["new Map([['k', new Set([1])]])", "Map(1) { 'k' => Set(1) { 1 } }"],
    ["new (class Foo { x = -0 })", "Foo { x: -0 }"],
    ["class A extends Array {}", "[class A extends Array]"],
    ["[() => {}, function f() {}, 10n]", "[ [Function (anonymous)], [Function: f], 10n ]"],
    ["new Uint8Array([1, 2])", "Uint8Array(2) [ 1, 2 ]"],
    ["new Uint8Array([1, 255]).buffer", "ArrayBuffer { [Uint8Contents]: <01 ff>, byteLength: 2 }"],
    ["new Date(0), /a/g, Symbol('s')", "1970-01-01T00:00:00.000Z /a/g Symbol(s)"],
    ["new Blob(['ab'])", "Blob { size: 2, type: '' }"],
    ["new URLSearchParams('a=b')", "URLSearchParams { 'a=b' }"],
    ["new Event('x')", "Event { type: 'x' }"],
    ["Object.create(null)", "[Object: null prototype] {}"],
    ["new Number(3), new String('a')", "[Number: 3] [String: 'a']"],
    ["[\"it's\", 'a\\n\\x00\\ud800']", "[ \"it's\", 'a\\n\\x00\\ud800' ]"],
    ["{ a: { b: { c: { d: { e: {} } } } } }", "{ a: { b: { c: { d: { e: [Object] } } } } }"],
    ["new Array(5)", "[ <5 empty items> ]"],
    ["new Array(2 ** 32 - 1)", "[ ... 4294967295 more items ]"],
    ["Object.setPrototypeOf({}, Map.prototype)", "Map {}"],
  ])("%s is shown as %s", (value, text) => {
    expect(shown(value)).toBe(text);
  });

  test("cycles are numbered", () => {
    expect(shown("(() => { const a = { b: {} }; a.b.a = a; return a })()")).toBe(
      "<ref *1> { b: { a: [Circular *1] } }",
    );
  });

  test("errors are shown with their stack and cause", () => {
    const text = shown("new TypeError('outer', { cause: new Error('inner') })");

    expect(text).toMatch(/^TypeError: outer\n {4}at .*script\.js:1/);
    expect(text).toMatch(/\[cause\]: Error: inner\n {6}at /);
  });

  test("no code of the script runs to show an object", () => {
    const lines = printed(`
      var ran = 0;
      const spy = () => { ran++; return "spy" };
      console.log({ get a() { return spy() }, set b(x) {}, toString: spy, toJSON: spy, valueOf: spy,
        get [Symbol.toStringTag]() { return spy() }, [Symbol.iterator]: spy, [Symbol.toPrimitive]: spy,
        get constructor() { return spy() }, get name() { return spy() } });
      console.log("%s %d %i", { toString: spy }, { valueOf: spy }, { toString: spy });
    `);

    expect(lines).toHaveLength(2);
    expect(lines[0]?.[1]).toContain("a: [Getter]");
    expect(guest.evaluate("ran")).toBe(0);
  });

  test("a Proxy whose traps throw, and a revoked one, are tolerated", () => {
    expect(
      shown(
        "new Proxy({}, { ownKeys() { throw 1 } }), (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()",
      ),
    ).toBe("[Inaccessible object] [Inaccessible object]");
  });

  test("what is shown is bounded", () => {
    expect(shown("Array.from({ length: 101 }, () => 0)")).toContain("... 1 more item");
    guest.calls.length = 0;
    expect(shown("['x'.repeat(10_001)]")).toContain("... 1 more character");
    guest.calls.length = 0;
    const wide =
      "{ const o = {}; for (let i = 0; i < 100; i++) o[i] = 'y'.repeat(5000); return o }";
    expect(shown(`(() => ${wide})()`).length).toBeLessThan(70_000);
    guest.calls.length = 0;
    const endless = "new Proxy({}, { getPrototypeOf: (t) => new Proxy(t, this) })";
    expect(shown(endless).length).toBeLessThan(70_000);
  });

  test("groups indent every line, count and assert print what they should", () => {
    const lines = printed(`
      console.group("G"); console.log("a\\nb"); console.groupEnd();
      console.count(); console.count(); console.countReset(); console.count("x");
      console.assert(true, "no"); console.assert(false, "%s!", "bad"); console.countReset("none");
    `);

    expect(lines).toEqual([
      [1, "G"],
      [1, "  a\n  b"],
      [2, "default: 1"],
      [2, "default: 2"],
      [2, "x: 1"],
      [4, "Assertion failed: bad!"],
      [3, "There is no counter 'none'"],
    ]);
  });

  test("timers of the console use the host's clock", () => {
    guest.time = 100;
    guest.evaluate("console.time('t')");
    guest.time = 1_350.5;

    expect(
      printed("console.timeLog('t', { a: 1 }); console.timeEnd('t'); console.timeEnd('t')"),
    ).toEqual([
      [1, "t: 1.25s { a: 1 }"],
      [2, "t: 1.25s"],
      [3, "There is no timer 't'"],
    ]);
  });

  test("console.table draws rows and columns", () => {
    expect(printed("console.table([{ a: 1, b: 'x' }, { a: 2 }])")[0]?.[1]).toBe(
      [
        "┌─────────┬───┬─────┐",
        "│ (index) │ a │ b   │",
        "├─────────┼───┼─────┤",
        "│ 0       │ 1 │ 'x' │",
        "│ 1       │ 2 │     │",
        "└─────────┴───┴─────┘",
      ].join("\n"),
    );
  });

  test("crypto gives random values and version 4 UUIDs", () => {
    guest.evaluate("var words = crypto.getRandomValues(new Uint32Array(64))");

    expect(guest.evaluate("new Set(words).size")).toBeGreaterThan(60);
    expect(guest.evaluate("crypto.randomUUID()")).toMatch(
      /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    );
  });

  test.each([
    ["new Uint8Array(65_537)", "QuotaExceededError"],
    ["new Float32Array(1)", "TypeMismatchError"],
    ["new DataView(new ArrayBuffer(1))", "TypeMismatchError"],
    ["[]", "TypeError"],
  ])("crypto.getRandomValues(%s) throws a %s", (input, name) => {
    expect(() => guest.evaluate(`crypto.getRandomValues(${input})`)).toThrow(
      expect.objectContaining({ name }),
    );
  });

  test("performance tells the host's time", () => {
    guest.time = 42.5;

    expect(guest.evaluate("performance.now() + JSON.stringify(performance)")).toBe(
      '42.5{"timeOrigin":0}',
    );
  });
});
