import { expect, test } from "vitest";
import { type HostileCase, named, onBothThreads, openArena } from "./support/arena.ts";
import { caught, killed } from "./support/outcomes.ts";

const { expectContained } = openArena();

const limits = { maxMemory: 16 * 2 ** 20 };

/** Ways to want more memory than there is. The script catches the exception, lets go and goes on. */
const exhaustions: readonly (readonly [id: string, shows: string, script: string])[] = [
  ["buffers", "a loop that keeps buffers", `for (;;) kept.push(new ArrayBuffer(2 ** 18))`],
  [
    "typed-arrays",
    "a loop that keeps typed arrays",
    `for (;;) kept.push(new Float64Array(2 ** 15))`,
  ],
  ["objects", "a loop that keeps objects", `for (;;) kept.push({ a: {} })`],
  ["array-push", "an array that only grows", `for (;;) kept.push(1)`],
  [
    "string-doubling",
    "a string that doubles",
    `for (let text = "x"; ; ) text += text + kept.push(text)`,
  ],
  ["strings", "a loop that keeps strings", `for (let i = 0; ; i++) kept.push("x".repeat(1e5) + i)`],
  ["repeat", "a text of a gigabyte", `kept.push("x".repeat(2 ** 30 - 1))`],
  ["pad", "a text that is padded to 512 MiB", `kept.push("".padEnd(2 ** 29, "ab"))`],
  ["gigabyte-buffer", "a buffer of a gigabyte", `kept.push(new ArrayBuffer(2 ** 30))`],
  ["gigabyte-array", "a typed array of two gigabytes", `kept.push(new Uint8Array(2 ** 31))`],
  [
    "resizable",
    "a resizable buffer that grows",
    `const b = new ArrayBuffer(1, { maxByteLength: 2 ** 30 }); kept.push(b); for (;;) b.resize(b.byteLength * 2)`,
  ],
  ["shared", "shared buffers", `for (;;) kept.push(new SharedArrayBuffer(2 ** 18))`],
  ["array-fill", "a huge array that is filled", `kept.push(new Array(1e9).fill(0))`],
  ["array-from", "an array made from a length", `kept.push(Array.from({ length: 2 ** 31 }))`],
  [
    "map",
    "a Map that only grows",
    `kept.push(new Map()); for (let i = 0; ; i++) kept[0].set(i, {})`,
  ],
  [
    "properties",
    "an object with ever more properties",
    `const object = {}; kept.push(object); for (let i = 0; ; i++) object["k" + i] = i`,
  ],
  ["symbols", "symbols that are kept", `for (let i = 0; ; i++) kept.push(Symbol("k" + i))`],
  [
    "closures",
    "closures that hold each other",
    `for (let f = () => 0; ; ) { const g = f; kept.push((f = () => g)) }`,
  ],
  ["promises", "promises that never settle", `for (;;) kept.push(new Promise(() => {}))`],
  ["bigint", "a number of many digits", `kept.push(2n ** (2n ** 32n))`],
  [
    "iterator-spread",
    "an iterator without end that is spread",
    `kept.push([...{ [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) }])`,
  ],
  [
    "json-bomb",
    "an array that holds itself in powers of two, as JSON",
    `let a = ["x"]; for (let i = 0; i < 40; i++) a = [a, a]; kept.push(JSON.stringify(a))`,
  ],
  [
    "replace-bomb",
    "a replacement that grows by a factor",
    `kept.push("a".repeat(1e4).replaceAll("a", "b".repeat(1e4)))`,
  ],
  [
    "split",
    "a text that is split into its letters",
    `for (;;) kept.push("a".repeat(1e6).split(""))`,
  ],
  [
    "concat",
    "an array that is joined with itself",
    `for (let a = [1]; ; ) kept.push((a = a.concat(a)))`,
  ],
  ["blobs", "blobs that are kept", `for (;;) kept.push(new Blob([new Uint8Array(2 ** 18)]))`],
  [
    "text-encoder",
    "bytes of texts that are kept",
    `for (const e = new TextEncoder(); ; ) kept.push(e.encode("x".repeat(2 ** 17)))`,
  ],
  [
    "random",
    "random bytes that are kept",
    `for (;;) kept.push(crypto.getRandomValues(new Uint8Array(65_536)))`,
  ],
  [
    "clone",
    "clones that are kept",
    `for (;;) kept.push(structuredClone({ data: "x".repeat(2 ** 16) + kept.length }))`,
  ],
  [
    "events",
    "events that are kept",
    `for (;;) kept.push(new MessageEvent("x", { data: "y".repeat(1_000) + kept.length }))`,
  ],
  [
    "search-params",
    "query parameters that are kept",
    `for (;;) kept.push(new URLSearchParams("a=" + "b".repeat(2 ** 16)))`,
  ],
  ["listeners", "listeners without end", `for (;;) addEventListener("x", () => {})`],
  [
    "big-source",
    "a made function of many megabytes",
    `kept.push(new Function("return [" + "1,".repeat(4e6) + "]"))`,
  ],
  [
    "regexp",
    "a regular expression of a million alternatives",
    `kept.push(new RegExp("(?:" + "a|".repeat(4e6) + "b)"))`,
  ],
];

const exhaustionCases: readonly HostileCase[] = exhaustions.map(([id, shows, script]) => ({
  id: `memory/${id}`,
  shows: `${shows} ends in an exception, after which the script goes on`,
  // Memory may be exhausted to the point where not even the exception can be made: then it is null.
  script: `
    var kept = [];
    var line = "went on";
    try { ${script} } catch (error) { kept = undefined; line = "caught" }
    print(line);`,
  limits: { ...limits, maxListeners: 2 ** 20 },
  outcome: caught("caught"),
}));

const deep = 100_000;

/** Nesting beyond the stack. */
const nestings: readonly (readonly [id: string, shows: string, script: string])[] = [
  ["function", "a function that calls itself", `(function f() { f() })()`],
  [
    "arguments",
    "a function that calls itself with many arguments",
    `(function f(...a) { f(...a, 1) })()`,
  ],
  ["getter", "a getter that reads itself", `({ get a() { return this.a } }).a`],
  ["to-string", "a toString that needs itself", `const o = { toString: () => "" + o }; "" + o`],
  [
    "constructor",
    "a constructor that constructs itself",
    `new (class A { constructor() { new A() } })()`,
  ],
  ["callback", "a callback of map that maps", `(function f() { [1].map(f) })()`],
  ["comparator", "a comparator that sorts", `(function f() { [2, 1].sort(f) })()`],
  ["replace", "a replacement that replaces", `(function f() { "a".replace(/a/, f) })()`],
  ["to-json", "a toJSON that stringifies", `(function f() { JSON.stringify({ toJSON: f }) })()`],
  ["reviver", "a reviver that parses", `(function f() { JSON.parse("[1]", f) })()`],
  ["generator", "a generator that delegates to itself", `[...(function* g() { yield* g() })()]`],
  [
    "proxy-chain",
    "a chain of a hundred thousand Proxies",
    `let p = {}; for (let i = 0; i < ${deep}; i++) p = new Proxy(p, {}); p.x`,
  ],
  [
    "proxy-cycle",
    "a Proxy that is its own handler's prototype",
    `const h = {}; const p = new Proxy({}, h); Object.setPrototypeOf(h, p); p.x`,
  ],
  [
    "bound-chain",
    "a function bound a hundred thousand times",
    `let f = () => 1; for (let i = 0; i < ${deep}; i++) f = f.bind(null); f()`,
  ],
  [
    "instanceof",
    "a Symbol.hasInstance that asks itself",
    `const C = { [Symbol.hasInstance]: () => 1 instanceof C }; 1 instanceof C`,
  ],
  [
    "flat",
    "a deeply nested array that is flattened",
    `let a = []; for (let i = 0; i < ${deep}; i++) a = [a]; a.flat(Infinity)`,
  ],
  [
    "join",
    "a deeply nested array as text",
    `let a = []; for (let i = 0; i < ${deep}; i++) a = [a]; "" + a`,
  ],
  [
    "json-text",
    "a hundred thousand nested arrays in JSON",
    `JSON.parse("[".repeat(${deep}) + "]".repeat(${deep}))`,
  ],
  [
    "json-objects",
    "nested objects in JSON",
    `JSON.parse('{"a":'.repeat(${deep}) + "1" + "}".repeat(${deep}))`,
  ],
  [
    "json-value",
    "a deeply nested array to JSON",
    `let a = []; for (let i = 0; i < ${deep}; i++) a = [a]; JSON.stringify(a)`,
  ],
  [
    "parentheses",
    "a hundred thousand parentheses",
    `eval("(".repeat(${deep}) + "1" + ")".repeat(${deep}))`,
  ],
  ["brackets", "a hundred thousand brackets", `eval("[".repeat(${deep}) + "]".repeat(${deep}))`],
  [
    "templates",
    "ten thousand nested templates",
    "eval('`${'.repeat(1e4) + '1' + '}`'.repeat(1e4))",
  ],
  [
    "functions",
    "ten thousand nested functions",
    `eval("function f(){".repeat(1e4) + "}".repeat(1e4))`,
  ],
  ["arrows", "a hundred thousand arrows", `eval("()=>".repeat(${deep}) + "1")`],
  ["unary", "a hundred thousand signs", `eval("- ".repeat(${deep}) + "1")`],
  [
    "conditional",
    "a hundred thousand conditions",
    `eval("1?".repeat(${deep}) + "1" + ":1".repeat(${deep}))`,
  ],
  ["new", "a hundred thousand times new", `eval("new ".repeat(${deep}) + "Object")`],
  ["blocks", "a hundred thousand blocks", `eval("{".repeat(${deep}) + "}".repeat(${deep}))`],
  [
    "regexp-groups",
    "a hundred thousand groups",
    `new RegExp("(?:".repeat(${deep}) + ")".repeat(${deep}))`,
  ],
  ["eval", "eval that evaluates itself", `(0, eval)("var f = () => eval('f()'); f()")`],
  [
    "dispatch",
    "a listener that dispatches at its own target",
    `let error; addEventListener("x", () => { try { dispatchEvent(new Event("x")) } catch (e) { error ??= e } }); dispatchEvent(new Event("x")); throw error`,
  ],
  [
    "clone",
    "a deeply nested object that is cloned",
    `let a = {}; for (let i = 0; i < ${deep}; i++) a = { a }; structuredClone(a)`,
  ],
  [
    "url-conversion",
    "a URL whose conversion makes a socket",
    `const url = { toString() { new WebSocket(url) } }; new WebSocket(url)`,
  ],
];

const nestingCases: readonly HostileCase[] = nestings.map(([id, shows, script]) => ({
  id: `memory/stack-${id}`,
  shows: `${shows} ends in an exception that the script catches`,
  script: `
    let line = "went on";
    try { ${script} } catch (error) { line = "caught" }
    print(line);`,
  outcome: caught("caught"),
}));

const goodCases: readonly HostileCase[] = [
  {
    id: "memory/console-of-deep-objects",
    shows: "the console shows the first levels of a deeply nested object",
    script: `let a = {}; for (let i = 0; i < ${deep}; i++) a = { a }; print(a)`,
    outcome: caught(expect.stringContaining("{ a:")),
  },
  {
    id: "memory/catch-loop",
    shows: "a script that exhausts memory again and again goes on each time",
    script: `
      let count = 0;
      for (let i = 0; i < 10; i++) {
        let kept = [];
        try { for (;;) kept.push(new ArrayBuffer(2 ** 16)) } catch { kept = undefined; count++ }
      }
      print(count);`,
    limits,
    outcome: caught("10"),
  },
  {
    id: "memory/cyclic-garbage",
    shows: "garbage in cycles is collected while the script runs",
    script: `for (let i = 0; i < 300_000; i++) { const a = {}; a.b = { a } } print("done")`,
    limits,
    outcome: caught("done"),
  },
  {
    id: "memory/freed-deep",
    shows: "a chain of a million objects is let go without an overflow",
    script: `let a = []; for (let i = 0; i < 100_000; i++) a = [a]; a = null; print("done")`,
    outcome: caught("done"),
  },
];

/** TypeScript whose compiler takes more than the script does. */
const compilerCases: readonly HostileCase[] = [
  {
    id: "memory/compiler-breaks-again",
    shows:
      "a module that breaks the TypeScript compiler breaks it once, however often it is imported",
    type: "module",
    script: `
      const messages = new Set();
      for (let i = 0; i < 30; i++)
        for (const name of ["a", "b"]) await import("./" + name + ".ts").catch((error) => messages.add(error.message));
      messages.forEach(print);`,
    options: {
      modules: { "a.ts": `${"a+".repeat(400_000)}a`, "b.ts": `${"b+".repeat(400_000)}b` },
    },
    outcome: caught(
      expect.stringContaining("nested too deeply"),
      expect.stringContaining("an earlier source of this sandbox broke the compiler"),
    ),
  },
  {
    id: "memory/compiler-of-large-source",
    shows: "a TypeScript source of 24 MiB is refused before the compiler takes memory for it",
    type: "module",
    script: `await import("./large.ts").catch((error) => print(error.name + ": " + error.message))`,
    limits: { maxScriptBytes: 32 * 2 ** 20 },
    options: { modules: { "large.ts": "a;".repeat(12 * 2 ** 20) } },
    outcome: caught(expect.stringContaining("the source has 25165824 bytes")),
  },
];

/** Scripts that leave no memory at all; the host runs a large script after them. */
const fullCases: readonly HostileCase[] = (
  [
    [
      "full-of-buffers",
      `for (let n = 2 ** 20; n >= 2 ** 11; n /= 2) for (;;) try { kept.push(new ArrayBuffer(n)) } catch { break }`,
    ],
    ["full-of-objects", `for (;;) try { kept.push({}) } catch { break }`],
    ["full-of-texts", `for (let i = 0; ; i++) try { kept.push("text" + i) } catch { break }`],
  ] as const
).map(([id, script]) => ({
  id: `memory/${id}`,
  shows:
    "a script that leaves no memory for the next one, but for the host's figures, ends the sandbox, and the engine is not overwritten",
  script: `var kept = []; ${script}`,
  limits: { ...limits, maxScriptBytes: 8 * 2 ** 20 },
  meanwhile: async ({ sandbox }) => {
    await sandbox.usage();
    await Promise.allSettled([sandbox.run(`/*${"x".repeat(4 * 2 ** 20)}*/`)]);
  },
  outcome: killed("maxMemory"),
}));

test.each(onBothThreads([...exhaustionCases, ...fullCases]))("%s", async (_name, row) => {
  await expectContained(row);
});

test.each(named([...nestingCases, ...compilerCases, ...goodCases]))("%s", async (_name, row) => {
  await expectContained(row);
});
