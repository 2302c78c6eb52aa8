import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

/** Uses most of the runtime; everything it sees goes into a string, for the script's own arrays may be broken. */
const program = `
  var text = ""; var note = (value) => { text += value + ";"; };
  var ws = new WebSocket("ws://a.test/", "p");
  ws.onopen = () => { note("open"); note(ws.protocol); };
  ws.addEventListener("message", (e) => note(e.data), { once: true });
  ws.onmessage = function (e) { note("handler"); note(e.origin); note(e.isTrusted); };
  ws.onerror = () => note("error"); ws.onclose = (e) => { note("close"); note(e.code); note(e.reason); };
  onerror = (message) => { note(message); return false; };
  var controller = new AbortController();
  ws.addEventListener("open", () => note("aborted listener"), { signal: controller.signal });
  controller.abort();
  addEventListener("x", (e) => note(e.type)); dispatchEvent(new Event("x", { cancelable: true }));
  queueMicrotask(() => note("microtask"));
  try { ws.send("early"); } catch (e) { note(e.name); }
  try { ws.close(1); } catch (e) { note(e.code); }
  note(blob.size);
  0`;

const expected =
  "x;InvalidStateError;15;4;microtask;" +
  "open;p;ignored;handler;ws://a.test;true;handler;ws://a.test;true;hello;error;Uncaught TypeError: boom;close;1006;why;";

const helpers = `var fail = () => { throw new RangeError("poisoned"); };
  var define = (object, key, get) => Object.defineProperty(object, key, { __proto__: null, configurable: true, get, set: fail });`;

/** What a hostile or careless script may do to the built-ins. */
const attacks: readonly (readonly [name: string, source: string])[] = [
  ["nothing", ""],
  [
    "methods of arrays",
    `for (const key of Object.getOwnPropertyNames(Array.prototype)) if (key !== "length" && key !== "constructor") Array.prototype[key] = fail;`,
  ],
  [
    "methods of Map, Set, WeakMap and their iterators",
    `for (const C of [Map, Set, WeakMap, WeakSet, WeakRef]) for (const key of Object.getOwnPropertyNames(C.prototype)) if (key !== "constructor") Object.defineProperty(C.prototype, key, { get: fail });`,
  ],
  [
    "Symbol.iterator of arrays and strings",
    `delete Array.prototype[Symbol.iterator]; String.prototype[Symbol.iterator] = fail;`,
  ],
  [
    "methods of strings",
    `for (const key of Object.getOwnPropertyNames(String.prototype)) if (key !== "length" && key !== "constructor") String.prototype[key] = fail;`,
  ],
  [
    "methods of functions",
    `Function.prototype.call = Function.prototype.apply = Function.prototype.bind = fail; Object.defineProperty(Function.prototype, Symbol.hasInstance, { value: fail, writable: true });`.replace(
      "Object.defineProperty(Function.prototype, Symbol.hasInstance, { value: fail, writable: true });",
      "",
    ),
  ],
  [
    "setters and getters on Object.prototype",
    `for (const key of ["0", "1", "2", "get", "set", "value", "writable", "step", "next", "callback", "handler", "toJSON", "then", "done", "message", "error", "stack", "once", "signal", "capture", "passive", "ports", "source"])
       define(Object.prototype, key, () => undefined);`,
  ],
  [
    "setters on Array.prototype",
    `for (const key of ["0", "1", "2", "3"]) define(Array.prototype, key, fail);
     Array.prototype.toJSON = fail;`,
  ],
  [
    "Promise",
    `Promise.prototype.then = fail; Promise.prototype.constructor = fail; Promise.resolve = fail; Object.defineProperty(Promise, Symbol.species, { value: fail }); globalThis.Promise = fail;`,
  ],
  [
    "JSON, Reflect, Object and Math",
    `JSON.parse = JSON.stringify = fail; JSON = Reflect = Math = undefined; Object.defineProperty = Object.freeze = fail;`,
  ],
  [
    "typed arrays and buffers",
    `const T = Object.getPrototypeOf(Uint8Array); for (const key of ["buffer", "byteLength", "byteOffset", "length"]) Object.defineProperty(T.prototype, key, { get: fail });
     T.prototype.set = T.prototype.slice = ArrayBuffer.prototype.slice = ArrayBuffer.isView = fail; Object.defineProperty(ArrayBuffer, Symbol.species, { value: fail });
     Object.defineProperty(ArrayBuffer.prototype, "byteLength", { get: fail }); globalThis.Uint8Array = globalThis.ArrayBuffer = fail;`,
  ],
  [
    "the runtime's own interfaces",
    `for (const C of [Event, MessageEvent, CloseEvent, EventTarget, AbortSignal, DOMException]) for (const key of ["type", "target", "dispatchEvent", "aborted", "initEvent", "eventPhase"])
       if (Object.hasOwn(C.prototype, key) && C !== EventTarget) Object.defineProperty(C.prototype, key, { get: fail });
     for (const name of ["Event", "MessageEvent", "CloseEvent", "ErrorEvent", "Blob", "DOMException"]) { const original = globalThis[name]; globalThis["_" + name] = original; }`.replace(
      `["type", "target", `,
      `["target", `,
    ),
  ],
  [
    "all errors",
    `Error.prototype.toString = fail; Object.defineProperty(Error, "stackTraceLimit", { value: 1 }); Error.prepareStackTrace = undefined;`,
  ],
];

describe.each(buildNames)("built-ins poisoned after the start on %s", (build) => {
  test.each(attacks)("%s: sockets, events and reports still work", async (_name, attack) => {
    using guest = await createGuest({ build });
    guest.evaluate(`${helpers} var blob = new Blob(["b", "lob"]); { ${attack} } 0`);

    guest.evaluate(program);
    guest.deliver(EventKind.Open, 1, '["p",""]');
    guest.deliver(EventKind.JsonText, 1, '"ignored"');
    guest.evaluate(
      `ws.onmessage = ws.onmessage; ws.addEventListener("message", (e) => note(e.data)); 0`,
    );
    guest.deliver(EventKind.Text, 1, "hello");
    guest.evaluate(
      `ws.send("a\\ud800"); ws.send(blob); ws.addEventListener("error", () => { throw TypeError("boom"); }); 0`,
    );
    guest.deliver(EventKind.Close, 1, '[1006,"why",false,true,0]');

    expect(guest.evaluate("text")).toBe(expected);
    expect(guest.callsOf("send").map(([id, data]) => [id, typeof data])).toEqual([
      [1, "string"],
      [1, "object"],
    ]);
    expect(guest.callsOf("report")).toHaveLength(1);
  });

  test("update delivery works with poisoned arrays and objects", async () => {
    using guest = await createGuest({ build, delivery: "update" });
    guest.evaluate(`${helpers} var count = 0;
      for (const key of ["push", "shift", "splice"]) Array.prototype[key] = fail;
      for (const key of ["0", "next", "kind"]) define(Object.prototype, key, () => undefined);
      var ws = NetworkDevice.createWebSocket("ws://a.test/"); ws.onmessage = () => count++; 0`);
    guest.deliver(EventKind.Open, 1, '["",""]');
    guest.deliver(EventKind.Text, 1, "m");

    expect(guest.evaluate("NetworkDevice.update(); count")).toBe(1);
    expect(guest.callsOf("report")).toEqual([]);
  });

  test("the runtime's functions on the stack are out of reach of a script", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`var seen = [];
      Error.prepareStackTrace = (error, sites) => void seen.push(...sites);
      const url = { toString() { void new Error().stack; return "no url"; } };
      try { new WebSocket(url); } catch (error) { void error.stack; }
      seen.length`);

    expect(found).toBe(0);
  });

  test("the host's functions are out of reach of a listener's call", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`var seen = []; const target = new EventTarget();
      const object = { get handleEvent() { seen.push(this === object); return function () { seen.push(this === object, arguments.length); }; } };
      target.addEventListener("x", object); target.dispatchEvent(new Event("x"));
      target.addEventListener("y", function () { "use strict"; seen.push(this === target, typeof arguments.callee === "undefined"); });
      seen`);

    expect(found).toEqual([true, true, 1]);
  });
});
