import { test } from "vitest";
import { type HostileCase, named, onBothThreads, openArena } from "./support/arena.ts";
import { caught, clamped, harmless, killed } from "./support/outcomes.ts";

const { expectContained } = openArena();

/** Time is what ends these, not the number of jobs: enough of it for the turns that prepare them on a busy machine. */
const limits = { maxTurnTime: 400, maxMicrotasks: 2 ** 31 - 1 };

/** Loops that the engine can interrupt, at the top level of a script. */
const loops: readonly (readonly [id: string, shows: string, script: string])[] = [
  ["while", "an endless while loop", `while (true);`],
  ["for-with-body", "an endless loop with work in it", `for (let i = 0; ; i++) Math.sqrt(i);`],
  ["caught", "a loop that catches everything", `for (;;) try { for (;;); } catch {} finally {}`],
  ["finally", "a loop in finally", `(() => { try { for (;;); } finally { for (;;); } })();`],
  ["generator", "an endless generator", `for (const x of (function* () { for (;;) yield 1 })());`],
  [
    "iterator",
    "an iterator without end",
    `for (const x of { [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) });`,
  ],
  ["getter", "a getter that never returns", `({ get x() { for (;;); } }).x;`],
  [
    "proxy",
    "a Proxy's trap that never returns",
    `new Proxy({}, { has() { for (;;); } }).x; "x" in new Proxy({}, { has() { for (;;); } });`,
  ],
  ["comparator", "a comparator that never returns", `[2, 1].sort(() => { for (;;); });`],
  ["to-primitive", "a conversion that never returns", `+{ [Symbol.toPrimitive]() { for (;;); } };`],
  ["to-json", "a toJSON that never returns", `JSON.stringify({ toJSON() { for (;;); } });`],
  ["reviver", "a reviver that never returns", `JSON.parse("[1]", () => { for (;;); });`],
  ["replacer", "a replacement that never returns", `"a".replace(/a/, () => { for (;;); });`],
  ["async", "an async function that never awaits", `(async () => { for (;;); })();`],
  [
    "async-await",
    "an async function that awaits for ever",
    `(async () => { for (;;) await null; })();`,
  ],
  [
    "async-generator",
    "an async generator that never ends",
    `(async () => { for await (const x of (async function* () { for (;;) yield 1 })()); })();`,
  ],
  ["executor", "a promise's executor that never returns", `new Promise(() => { for (;;); });`],
  ["thenable", "a then that never returns", `Promise.resolve({ then() { for (;;); } });`],
  [
    "promise-flood",
    "promise jobs that make promise jobs",
    `(function again() { Promise.resolve().then(again) })();`,
  ],
  [
    "microtask-flood",
    "microtasks that queue microtasks",
    `(function again() { queueMicrotask(again) })();`,
  ],
  [
    "microtask-fork",
    "microtasks that queue two each",
    // Not without end, which is a matter of memory.
    `let forks = 0; (function again() { queueMicrotask(again); if (forks++ < 1e5) queueMicrotask(again) })();`,
  ],
  [
    "rejection-flood",
    "rejections in rejection handlers",
    `(function again() { Promise.reject(1).catch(again) })();`,
  ],
  [
    "map-grows-while-read",
    "a Map that grows while it is read",
    `const map = new Map([[1, 1]]); map.forEach((v, k) => { map.delete(k); map.set(k, v) });`,
  ],
  [
    "dispatch",
    "a listener that dispatches its own kind of event",
    `addEventListener("x", () => { for (;;) dispatchEvent(new Event("y")) }); dispatchEvent(new Event("x"));`,
  ],
  ["eval", "an endless loop in eval", `(0, eval)("for (;;);");`],
  ["function-constructor", "an endless loop in a made function", `new Function("for (;;);")();`],
  ["exception-flood", "exceptions that are caught for ever", `for (;;) try { null.x } catch {}`],
  ["number-format", "numbers to text for ever", `for (;;) (1e300).toString(3);`],
];

const loopCases: readonly HostileCase[] = loops.map(([id, shows, script]) => ({
  id: `cpu/${id}`,
  shows: `${shows} ends the sandbox`,
  script,
  // A flood of jobs must not run out of memory before its time is over.
  limits: { ...limits, maxMemory: 128 * 2 ** 20 },
  outcome: killed(),
}));

/** Native calls over 2^53 elements, and others that the engine never interrupts: only the end of the thread stops them. */
const nativeCalls: readonly (readonly [id: string, script: string])[] = [
  ["indexOf", `[].indexOf.call(endless, 1)`],
  ["lastIndexOf", `[].lastIndexOf.call(endless, 1)`],
  ["includes", `[].includes.call(endless, 1)`],
  ["reverse", `[].reverse.call(endless)`],
  ["join", `[].join.call(endless, "")`],
  ["splice", `[].splice.call(endless, 0, 1)`],
  ["shift", `[].shift.call(endless)`],
  ["unshift", `[].unshift.call({ length: 2 ** 53 - 2 }, 1)`],
  ["copyWithin", `[].copyWithin.call(endless, 5, 0)`],
  ["fill", `[].fill.call(new Proxy({}, { get: () => 2 ** 53 - 1, set: () => true }), 1)`],
  ["flat", `[].flat.call(endless)`],
  ["concat", `[].concat.call([], { length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true })`],
  ["sort-sparse", `new Array(2 ** 32 - 1).sort()`],
  ["join-sparse", `new Array(2 ** 32 - 1).join()`],
  ["find-native", `[].find.call(endless, Boolean)`],
  ["some-native", `[].some.call(endless, Boolean)`],
  ["String.raw", `String.raw({ raw: { length: 2 ** 53 - 1 } })`],
  ["typed-array-fill", `const bytes = new Uint8Array(2 ** 24); for (;;) bytes.fill(1)`],
  ["typed-array-search", `const bytes = new Uint8Array(2 ** 24); for (;;) bytes.indexOf(1)`],
  [
    "iterator-helper",
    `Iterator.from({ next: Object.bind(null, { done: false }) }).some((x) => x === 1)`,
  ],
  ["regexp-backtracking", `/^(a+)+$/.test("a".repeat(64) + "b")`],
  ["regexp-quadratic", `/(x+x+)+y/.test("x".repeat(64))`],
  ["regexp-replace", `for (;;) "a".repeat(1e6).replace(/a/g, "b")`],
  ["bigint-power", `for (let x = 3n; ; ) x = 3n ** 200_000n`],
  ["bigint-text", `for (;;) (1n << 1_000_000n).toString()`],
  ["string-search", `for (const a = "a".repeat(5e6), b = "a".repeat(1e4) + "b"; ; ) a.indexOf(b)`],
  ["normalize", `for (const text = "\\u0344".repeat(1e6); ; ) text.normalize("NFC")`],
  ["json", `for (const text = "[" + "1,".repeat(1e6) + "1]"; ; ) JSON.parse(text)`],
];

const nativeCases: readonly HostileCase[] = nativeCalls.map(([id, script]) => ({
  id: `cpu/native-${id}`,
  shows: "a native call that is never interrupted ends with its thread",
  script: `const endless = { length: 2 ** 53 - 1 }; ${script}`,
  limits,
  outcome: killed(),
}));

/** Where a script may hang, with the lines that it prints before; it has an open socket then. */
const places: readonly (readonly [id: string, shows: string, script: string])[] = [
  ["onopen", "in onopen", `socket.onopen = hang`],
  ["onmessage", "in onmessage", `socket.onopen = () => socket.send("a"); socket.onmessage = hang`],
  ["onclose", "in onclose", `socket.onopen = () => socket.close(); socket.onclose = hang`],
  ["onerror", "in onerror", `new WebSocket(onPort("10.0.0.1")).onerror = hang`],
  [
    "handle-event",
    "in the handleEvent of a listener",
    `socket.addEventListener("open", { handleEvent: hang })`,
  ],
  [
    "handle-event-getter",
    "in a getter of handleEvent",
    `socket.addEventListener("open", { get handleEvent() { hang() } })`,
  ],
  ["timeout", "in a timer", `socket.onopen = () => setTimeout(hang, 0)`],
  ["interval", "in an interval", `socket.onopen = () => setInterval(hang, 0)`],
  ["microtask", "in a microtask", `socket.onopen = () => queueMicrotask(hang)`],
  ["promise-job", "in a promise job", `socket.onopen = () => Promise.resolve().then(hang)`],
  [
    "rejection-handler",
    "in onunhandledrejection",
    `onunhandledrejection = hang; Promise.reject(1)`,
  ],
  [
    "error-handler",
    "in the global's onerror",
    `onerror = hang; socket.onopen = () => { throw new Error("a") }`,
  ],
  [
    "abort-handler",
    "in a listener of an abort",
    `const c = new AbortController(); c.signal.onabort = hang; socket.onopen = () => c.abort()`,
  ],
  [
    "url-conversion",
    "in the conversion of a URL",
    `socket.onopen = () => new WebSocket({ toString: hang })`,
  ],
  [
    "protocols-conversion",
    "in the iterator of subprotocols",
    `socket.onopen = () => new WebSocket(echoUrl, { *[Symbol.iterator]() { hang() } })`,
  ],
  [
    "data-conversion",
    "in the conversion of data",
    `socket.onopen = () => socket.send({ toString: hang })`,
  ],
  [
    "code-conversion",
    "in the conversion of a close code",
    `socket.onopen = () => socket.close({ valueOf: hang })`,
  ],
  [
    "reason-conversion",
    "in the conversion of a close reason",
    `socket.onopen = () => socket.close(1000, { toString: hang })`,
  ],
  [
    "options-getter",
    "in a getter of listener options",
    `socket.onopen = () => socket.addEventListener("x", hang, { get once() { hang() } })`,
  ],
  [
    "delay-conversion",
    "in the conversion of a delay",
    `socket.onopen = () => setTimeout(() => {}, { valueOf: hang })`,
  ],
  [
    "console-label",
    "in the conversion of a label",
    `socket.onopen = () => console.count({ toString: hang })`,
  ],
  [
    "alert-text",
    "in the conversion of an alert",
    `socket.onopen = () => alert({ toString: hang })`,
  ],
  [
    "exception-message",
    "in a getter of an exception",
    `socket.onopen = () => { throw { get message() { hang() } } }`,
  ],
  [
    "exception-proxy",
    "in the trap of an exception",
    `socket.onopen = () => { throw new Proxy({}, { get: hang }) }`,
  ],
  [
    "clone-getter",
    "in a getter of a cloned object",
    `socket.onopen = () => structuredClone({ get x() { hang() } })`,
  ],
  [
    "query-iterator",
    "in the iterator of a query",
    `socket.onopen = () => new URLSearchParams({ *[Symbol.iterator]() { hang() } })`,
  ],
  [
    "blob-iterator",
    "in the iterator of blob parts",
    `socket.onopen = () => new Blob({ *[Symbol.iterator]() { hang() } })`,
  ],
];

const placeCases: readonly HostileCase[] = places.map(([id, shows, script]) => ({
  id: `cpu/in-${id}`,
  shows: `a script that hangs ${shows} ends with its sockets`,
  script: `const hang = () => { for (;;); }; const socket = new WebSocket(echoUrl); ${script}`,
  limits,
  outcome: killed(),
}));

const otherCases: readonly HostileCase[] = [
  {
    id: "cpu/module",
    shows: "a module that never ends its top level ends the sandbox",
    type: "module",
    script: `await null; for (;;);`,
    limits,
    outcome: killed(),
  },
  {
    id: "cpu/imported-module",
    shows: "an imported module that never ends ends the sandbox",
    type: "module",
    script: `await import("./evil.js").catch(() => {});`,
    options: { modules: { "evil.js": "for (;;);" } },
    limits,
    outcome: killed(),
  },
  {
    id: "cpu/update",
    shows: "a callback that hangs inside update() ends the sandbox",
    script: `
      const socket = new WebSocket(echoUrl);
      socket.onopen = () => { for (;;); };
      setInterval(() => NetworkDevice.update(), 1);`,
    options: { delivery: "update" },
    limits,
    outcome: killed(),
  },
];

const harmlessCases: readonly HostileCase[] = [
  {
    id: "cpu/many-short-turns",
    shows: "a script with many short turns is not taken for one that hangs",
    script: `
      const end = Date.now() + 2_500;
      (function again() {
        if (Date.now() < end) setTimeout(again, 0);
        else print("done");
      })();`,
    limits: { maxTurnTime: 2_000 },
    outcome: clamped(["done"]),
  },
  {
    id: "cpu/console-ignores-to-json",
    shows: "the console asks no toJSON and no getter of its arguments",
    script: `
      const hang = () => { for (;;); };
      print({ a: 1, toJSON: hang, get b() { hang() } });`,
    limits: { maxTurnTime: 2_000 },
    outcome: harmless(["{ a: 1, toJSON: [Function: hang], b: [Getter] }"]),
  },
  {
    id: "cpu/atomics-wait",
    shows: "a script cannot put its thread to sleep",
    script: `attempt(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))`,
    outcome: caught("threw ReferenceError"),
  },
];

test.each(onBothThreads(loopCases))("%s", async (_name, row) => {
  await expectContained(row);
});

test.each(named([...nativeCases, ...placeCases, ...otherCases, ...harmlessCases]))(
  "%s",
  async (_name, row) => {
    await expectContained(row);
  },
);
