import { expect, test } from "vitest";
import { type HostileCase, named, onBothThreads, openArena } from "./support/arena.ts";
import { intruder } from "./support/intruder.ts";
import { caught, failedLines, harmless } from "./support/outcomes.ts";

const { expectContained } = openArena();

/** Everything that a page does with a socket, and what it prints. */
const everyday = `
  const everyday = () => {
    const socket = new Socket(echoUrl, "chat");
    let line = "";
    const note = (text) => { line += text + ";" };
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      note("open " + socket.protocol + " " + socket.readyState + " " + socket.url.length);
      socket.send("text \\ud800 \\0 end");
      socket.send(bytes);
    };
    socket.addEventListener("message", { handleEvent(event) {
      if (typeof event.data === "string") return note("text " + event.data.length + " " + event.isTrusted);
      note("bytes " + size(event.data));
      socket.close(3000, "bye");
    } });
    socket.onerror = () => note("error");
    socket.onclose = (event) => {
      note("close " + event.code + " " + event.reason + " " + event.wasClean);
      later(() => { print(line); print("host functions: " + hostFunctions()) }, 1);
    };
  };
  const bytes = new Uint8Array([1, 2, 3]);
  const getter = Reflect.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get;
  const size = (buffer) => apply(getter, buffer, []);
  const later = setTimeout;
`;

const everydayLines = [
  expect.stringMatching(/^open chat 1 \d+;text 12 true;bytes 3;close 3000 bye true;$/),
  "host functions: 0",
];

/** What a script may do to the built-ins before it uses its sockets like any other. */
const poisons: readonly (readonly [id: string, shows: string, script: string])[] = [
  ["nothing", "a script that does no harm", ``],
  [
    "object-prototype-setters",
    "setters on Object.prototype",
    `for (const key of [...Array(20).keys(), ...names]) spring(Object.prototype, key);`,
  ],
  [
    "object-prototype-data",
    "values on Object.prototype",
    `for (const key of [...Array(20).keys(), ...names]) Object.prototype[key] = seize;`,
  ],
  [
    "descriptor-members",
    "get, set and value on Object.prototype",
    `for (const key of ["get", "set", "value", "writable", "enumerable", "configurable"]) spring(Object.prototype, key);`,
  ],
  [
    "array-prototype-setters",
    "setters for indices on Array.prototype",
    `for (let i = 0; i < 50; i++) spring(Array.prototype, i);`,
  ],
  [
    "then",
    "then on Object.prototype",
    `Object.prototype.then = function (...args) { seize(this); seize(args[0]); seize(args[1]) };`,
  ],
  [
    "to-json",
    "toJSON on every prototype",
    `for (const C of [Object, Array, String, Number, Boolean]) C.prototype.toJSON = function (...args) { seize(this); return { evil: true } };`,
  ],
  [
    "to-string",
    "toString, valueOf and Symbol.toPrimitive on every prototype",
    `for (const C of [Object, Array, String, Number, Function]) for (const key of ["toString", "valueOf", Symbol.toPrimitive]) C.prototype[key] = function () { seize(this); throw 1 };`,
  ],
  [
    "promise",
    "a replaced Promise",
    `globalThis.Promise = class extends Promise { constructor(f) { super(f); seize(f) } then(...a) { a.forEach(seize); return super.then(...a) } };`,
  ],
  [
    "promise-methods",
    "replaced methods of Promise",
    `replace(Promise.prototype); replace(Promise); Promise.prototype.constructor = seize;`,
  ],
  [
    "promise-species",
    "Symbol.species of Promise",
    `Object.defineProperty(Promise, Symbol.species, { value: function (f) { seize(f); f(seize, seize) } });`,
  ],
  ["array-methods", "replaced methods of Array", `replace(Array.prototype); replace(Array);`],
  [
    "array-iterator",
    "a replaced Symbol.iterator",
    `Array.prototype[Symbol.iterator] = String.prototype[Symbol.iterator] = function* () { seize(this) }; Object.getPrototypeOf([].values()).next = seize;`,
  ],
  [
    "map",
    "replaced methods of Map, Set and WeakMap",
    `for (const C of [Map, Set, WeakMap, WeakSet, WeakRef]) replace(C.prototype);`,
  ],
  [
    "constructors",
    "replaced constructors",
    `for (const name of ["Map", "WeakMap", "Set", "Array", "Object", "Uint8Array", "ArrayBuffer", "Error", "TypeError", "String", "Number", "Symbol", "Proxy"]) globalThis[name] = seize;`,
  ],
  ["json", "a replaced JSON", `replace(JSON); JSON = undefined;`],
  [
    "reflect",
    "replaced Reflect and Object",
    `replace(Reflect); replace(Object); Reflect = undefined;`,
  ],
  [
    "functions",
    "replaced call, apply and bind",
    `replace(Function.prototype); Function.prototype[Symbol.iterator] = seize;`,
  ],
  ["strings", "replaced methods of String", `replace(String.prototype); replace(String);`],
  [
    "numbers",
    "replaced methods of Number and Math",
    `replace(Number.prototype); replace(Number); replace(Math); Math = undefined;`,
  ],
  [
    "buffers",
    "replaced methods of buffers",
    `replace(ArrayBuffer.prototype); replace(ArrayBuffer); replace(Object.getPrototypeOf(Uint8Array.prototype)); replace(DataView.prototype);`,
  ],
  [
    "buffer-species",
    "Symbol.species of buffers",
    `for (const C of [ArrayBuffer, Object.getPrototypeOf(Uint8Array), Array]) Object.defineProperty(C, Symbol.species, { get() { seize(this); return seize } });`,
  ],
  [
    "errors",
    "a replaced Error with hooks on stacks",
    `Error.prepareStackTrace = (error, sites) => { seize(error); seize(sites); for (const site of sites) seize(site) }; Error.stackTraceLimit = 1000; Error.captureStackTrace = seize; spring(Error.prototype, "stack"); spring(Error.prototype, "message"); spring(Error.prototype, "name");`,
  ],
  [
    "generators",
    "replaced methods of generators",
    `replace(Object.getPrototypeOf(function* () {}).prototype); replace(Object.getPrototypeOf(async function* () {}).prototype); replace(Iterator.prototype);`,
  ],
  [
    "regexps",
    "replaced methods of RegExp",
    `replace(RegExp.prototype); RegExp.prototype.exec = seize;`,
  ],
  [
    "has-instance",
    "Symbol.hasInstance on Function.prototype's heirs",
    `for (const C of [Array, Error, Promise, Event, Blob, EventTarget]) Object.defineProperty(C, Symbol.hasInstance, { value: seize });`,
  ],
  [
    "globals",
    "globals that are gone",
    `for (const name of ["Event", "MessageEvent", "CloseEvent", "EventTarget", "WebSocket", "Blob", "DOMException", "console", "setTimeout", "queueMicrotask", "NetworkDevice"]) delete globalThis[name];`,
  ],
  [
    "global-prototype",
    "a global with another prototype",
    `try { Object.setPrototypeOf(globalThis, new Proxy({}, { get(t, k, r) { seize(r) } })) } catch {}`,
  ],
  [
    "event-prototypes",
    "replaced methods of events",
    `for (const C of [Event, ErrorEvent, AbortSignal, AbortController, DOMException]) for (const key of ["stopPropagation", "preventDefault", "composedPath", "initEvent", "abort", "throwIfAborted"]) if (C.prototype[key]) C.prototype[key] = seize;`,
  ],
  [
    "event-target-constructor",
    "constructors of the interfaces' prototypes",
    `for (const C of [EventTarget, Event, MessageEvent, CloseEvent, Socket]) C.prototype.constructor = seize;`,
  ],
  [
    "console-methods",
    "a replaced console",
    `for (const key of Object.keys(console)) console[key] = seize;`,
  ],
  [
    "frozen",
    "built-ins that are frozen",
    `for (const C of [Object, Array, Promise, Function, Map, String, Error, Socket, Event, EventTarget]) { Object.freeze(C); Object.freeze(C.prototype) }`,
  ],
  [
    "everything",
    "every function of every built-in wrapped",
    `
    const roots = [Object, Function, Array, String, Number, Boolean, Symbol, BigInt, Date, RegExp, Promise, Map, Set, WeakMap, WeakSet, WeakRef, ArrayBuffer, Uint8Array, DataView, Error, TypeError, RangeError, Math, JSON, Reflect, Iterator];
    const { defineProperty: define, ownKeys, getOwnPropertyDescriptor: describe } = Reflect;
    for (const root of roots) for (const holder of [root, root.prototype]) {
      if (holder === undefined) continue;
      for (const key of ownKeys(holder)) {
        const { value, configurable } = describe(holder, key);
        if (typeof value !== "function" || !configurable || key === "constructor") continue;
        define(holder, key, { value(...args) { seize(this); for (let i = 0; i < args.length; i++) seize(args[i]); return apply(value, this, args) } });
      }
    }`,
  ],
];

/** Tools of the poisons; they run before `everyday()` and leave what they catch to `seize`. */
const tools = `
  const names = ["connect", "send", "close", "abort", "log", "report", "url", "now", "host", "global", "id", "type", "target", "data",
    "callback", "handler", "capture", "once", "passive", "removed", "items", "next", "step", "kind", "value", "done", "get", "set",
    "message", "stack", "name", "cause", "signal", "source", "origin", "ports", "detail", "error", "deliver", "configure", "scope"];
  const { defineProperty: defineOn } = Object;
  const spring = (object, key) => {
    try {
      defineOn(object, key, { __proto__: null, configurable: true,
        get() { seize(this); return undefined }, set(value) { seize(this); seize(value) } });
    } catch {}
  };
  const { ownKeys } = Reflect;
  const replace = (object) => {
    const keys = ownKeys(object);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      if (key === "constructor" || key === "prototype") continue;
      try {
        defineOn(object, key, { __proto__: null, configurable: true, writable: true,
          value(...args) { seize(this); for (let i = 0; i < args.length; i++) seize(args[i]); throw new RangeErrorOf("poisoned") } });
      } catch {}
    }
  };
  const RangeErrorOf = RangeError;
`;

const poisonCases: readonly HostileCase[] = poisons.map(([id, shows, script]) => ({
  id: `tampering/${id}`,
  shows: `sockets work beside ${shows}, and no function of the host is caught`,
  script: `${intruder}${everyday}${tools}{ ${script} } everyday();`,
  outcome: harmless(everydayLines),
}));

/** Calls every method and accessor of the interfaces on something else, and counts what is no TypeError. */
const forgedThis = `
  const wrong = [];
  let calls = 0;
  for (const C of [Socket, EventTarget, Event, MessageEvent, CloseEvent, ErrorEvent, CustomEvent, AbortSignal, AbortController, Blob, File, URL, URLSearchParams, TextEncoder, TextDecoder, DOMException, Performance, Crypto]) {
    for (const key of Reflect.ownKeys(C.prototype)) {
      const { value, get, set } = Reflect.getOwnPropertyDescriptor(C.prototype, key);
      for (const f of [value, get, set]) {
        if (typeof f !== "function" || f === C || key === Symbol.iterator) continue;
        for (const self of [{}, Object.create(C.prototype), new Proxy(new EventTarget(), {}), C.prototype, 1, "text", Symbol("s")]) {
          calls++;
          try {
            const result = apply(f, self, ["x", () => {}, {}]);
            if (result instanceof Promise) result.catch((error) => { if (!(error instanceof TypeError)) print("rejected " + error) });
            else wrong.push(C.name + "." + String(key) + " on " + typeof self);
          } catch (error) {
            if (!(error instanceof TypeError)) wrong.push(C.name + "." + String(key) + " threw " + error);
          }
        }
      }
    }
  }
  print(calls > 500);
  print([...new Set(wrong)].join());`;

const throwing = `
  const fail = () => { throw new EvalError("mine") };
  const bag = new Proxy({}, { get: fail, has: fail, ownKeys: fail, getOwnPropertyDescriptor: fail, getPrototypeOf: fail });
  const getter = (...keys) => { const o = {}; for (const key of keys) defineProperty(o, key, { get: fail, enumerable: true }); return o };`;

const guestErrorCases: readonly HostileCase[] = [
  {
    id: "tampering/forged-this",
    shows: "methods and accessors on a forged this are TypeErrors",
    script: forgedThis,
    outcome: caught("true", ""),
  },
  {
    id: "tampering/throwing-options",
    shows: "what a getter in an option bag throws reaches the script",
    script: `${throwing}
      const socket = connect(onPort("10.0.0.1"));
      attempt(() => socket.addEventListener("x", fail, getter("once")));
      attempt(() => socket.addEventListener("x", fail, getter("signal")));
      attempt(() => socket.removeEventListener("x", fail, getter("capture")));
      attempt(() => new Event("x", getter("bubbles")));
      attempt(() => new MessageEvent("x", getter("data")));
      attempt(() => new CloseEvent("x", getter("code")));
      attempt(() => new Blob([], getter("type")));
      attempt(() => new TextDecoder("utf-8", getter("fatal")));
      attempt(() => structuredClone(getter("a")));`,
    outcome: {
      ...caught(...Array.from({ length: 9 }, () => "threw EvalError"), ...failedLines),
      failures: [{ stage: "policy" }],
    },
  },
  {
    id: "tampering/proxies",
    shows: "Proxies that throw in every trap are arguments like any other",
    script: `${throwing}
      const socket = connect(onPort("10.0.0.1"));
      attempt(() => new Socket(bag));
      attempt(() => new Socket(echoUrl, bag));
      attempt(() => socket.addEventListener("x", fail, bag));
      attempt(() => socket.addEventListener(bag, fail));
      attempt(() => socket.send(bag));
      attempt(() => socket.close(bag));
      attempt(() => socket.close(1000, bag));
      attempt(() => socket.dispatchEvent(bag));
      attempt(() => new Event("x", bag));
      attempt(() => setTimeout(bag));
      attempt(() => setTimeout(() => {}, bag));
      attempt(() => new URL(bag));
      attempt(() => structuredClone(bag));
      attempt(() => queueMicrotask(bag));
      attempt(() => AbortSignal.any(bag));
      attempt(() => crypto.getRandomValues(bag));
      attempt(() => console.log(bag));
      attempt(() => { socket.onmessage = bag });
      attempt(() => { socket.binaryType = bag });`,
    outcome: {
      ...caught(
        ...Array.from({ length: 7 }, () => "threw EvalError"),
        "threw TypeError",
        "threw EvalError",
        "threw TypeError",
        "threw EvalError",
        "threw EvalError",
        expect.stringMatching(/^threw /),
        "threw TypeError",
        expect.stringMatching(/^threw /),
        expect.stringMatching(/^threw /),
        expect.any(String),
        "returned undefined",
        "returned undefined",
        "threw EvalError",
        ...failedLines,
      ),
      failures: [{ stage: "policy" }],
    },
  },
  {
    id: "tampering/thrown-things",
    shows: "whatever a handler throws is reported once, and the socket lives",
    script: `${throwing}
      const socket = connect(echoUrl);
      const things = [null, undefined, Symbol("s"), 1n, bag, { get message() { fail() } }, { toString: fail }, () => {}, Object.create(null)];
      let reports = 0;
      onerror = () => { reports++; return true };
      socket.onopen = () => things.forEach(() => socket.send("a"));
      let count = 0;
      socket.onmessage = () => { if (++count === things.length) { setTimeout(() => { print(reports); socket.close(1000) }, 0) } throw things[count - 1] };`,
    outcome: caught("9", "close 1000 true"),
  },
];

const reentry = (call: string): string => `
  const socket = new Socket(echoUrl);
  const again = (event) => { try { ${call} } catch (error) { print(event.type + " " + error.name) } };
  let line = "";
  for (const type of ["open", "message", "error", "close"]) {
    socket.addEventListener(type, (event) => { line += type + ";"; again(event) });
    socket["on" + type] = again;
  }
  socket.addEventListener("open", () => { try { socket.send("a") } catch (error) { line += error.name + ";" } });
  setTimeout(function look() {
    if (socket.readyState === 3) { print(line); return }
    if (line.includes("message")) socket.close();
    setTimeout(look, 2);
  }, 2);`;

const reentryCases: readonly HostileCase[] = [
  {
    id: "tampering/close-in-every-handler",
    shows: "close() in every handler closes once",
    script: reentry("socket.close(1000)"),
    outcome: harmless(["open;close;"]),
  },
  {
    id: "tampering/destroy-in-every-handler",
    shows: "destroy() in every handler ends the socket without a further event",
    script: reentry("socket.destroy()"),
    outcome: harmless(["open;"], { failures: [{ code: "ERR_ABORTED" }] }),
  },
  {
    id: "tampering/update-in-every-handler",
    shows: "update() in every handler changes nothing",
    script: reentry("NetworkDevice.update()"),
    outcome: harmless(["open;message;close;"]),
  },
  {
    id: "tampering/dispatch-in-every-handler",
    shows: "events of the host cannot be dispatched by a script again",
    script: reentry("socket.dispatchEvent(event)"),
    outcome: harmless([
      ...["open", "open", "message", "message", "close", "close"].map(
        (type) => `${type} InvalidStateError`,
      ),
      "open;message;close;",
    ]),
  },
  {
    id: "tampering/connect-in-every-handler",
    shows: "a connection in every handler is a connection like any other",
    script: reentry(`new Socket(onPort("10.0.0.1"))`),
    outcome: harmless(["open;message;close;"], {
      failures: Array.from({ length: 6 }, () => ({ stage: "policy" as const })),
    }),
  },
  {
    id: "tampering/handlers-replaced-in-handlers",
    shows: "handlers that replace and remove each other take part once each",
    script: `
      const socket = new Socket(echoUrl);
      let line = "";
      const second = () => { line += "second;" };
      socket.onopen = () => { socket.send("a"); socket.send("b") };
      socket.onmessage = () => {
        line += "first;";
        socket.onmessage = second;
        socket.addEventListener("message", () => { line += "third;"; socket.close() }, { once: true });
      };
      socket.onclose = () => print(line);`,
    outcome: harmless(["first;second;third;"]),
  },
  {
    id: "tampering/buffers-after-send",
    shows: "the bytes at the call of send() are sent, whatever becomes of the buffer",
    script: `
      const socket = new Socket(echoUrl);
      socket.binaryType = "arraybuffer";
      const kept = new Uint8Array([1, 2, 3]);
      const moved = new Uint8Array([4, 5, 6]);
      const part = new Uint8Array([0, 7, 8, 0]).subarray(1, 3);
      socket.onopen = () => {
        socket.send(kept); kept.fill(9);
        socket.send(moved.buffer); structuredClone(moved.buffer, { transfer: [moved.buffer] });
        socket.send(part); part.fill(9);
        socket.send(moved);
        const view = new DataView(new ArrayBuffer(2)); socket.send(view); view.setInt16(0, -1);
        socket.send(new Blob([kept])); kept.fill(0);
      };
      let line = "", count = 0;
      socket.onmessage = ({ data }) => { line += new Uint8Array(data).join() + ";"; if (++count === 6) { print(line); socket.close() } };`,
    outcome: harmless(["1,2,3;4,5,6;7,8;;0,0;9,9,9;"]),
  },
  {
    id: "tampering/buffers-in-conversion",
    shows: "a buffer that is detached while the arguments of close() are converted does no harm",
    script: `
      const socket = new Socket(echoUrl);
      socket.onopen = () => {
        const buffer = new ArrayBuffer(8);
        socket.send(buffer);
        socket.close({ valueOf() { structuredClone(buffer, { transfer: [buffer] }); socket.close(3000); return 1000 } });
      };
      socket.onclose = ({ code }) => print(code);`,
    outcome: harmless(["3000"]),
  },
  {
    id: "tampering/buffers-refused",
    shows: "shared and resizable memory is refused, lying lengths count for nothing",
    script: `
      const socket = new Socket(echoUrl);
      socket.binaryType = "arraybuffer";
      const lying = new Uint8Array(2);
      for (const key of ["length", "byteLength", "byteOffset", "buffer"]) defineProperty(lying, key, { value: 1e9 });
      socket.onopen = () => {
        attempt(() => socket.send(new Uint8Array(new SharedArrayBuffer(8))));
        attempt(() => socket.send(new ArrayBuffer(8, { maxByteLength: 16 })));
        socket.send(lying);
      };
      socket.onmessage = ({ data }) => { print(data.byteLength); socket.close() };`,
    outcome: harmless(["threw TypeError", "threw TypeError", "2"]),
  },
  {
    id: "tampering/event-data",
    shows: "an event that a listener changes does not change what comes after it",
    script: `
      const socket = new Socket(echoUrl);
      socket.onopen = () => { socket.send("one"); socket.send("two") };
      socket.onmessage = (event) => {
        attempt(() => { "use strict"; event.data = "evil" });
        attempt(() => { "use strict"; event.isTrusted = false });
        event.stopImmediatePropagation = 1;
        defineProperty(event, "data", { value: "evil" });
      };
      let line = "";
      socket.addEventListener("message", (event) => {
        line += MessageEvent.prototype.__lookupGetter__("data").call(event) + ";";
        if (line === "one;two;") { print(line); socket.close() }
      });`,
    outcome: harmless([...Array.from({ length: 4 }, () => "threw TypeError"), "one;two;"]),
  },
  {
    id: "tampering/proto-in-json",
    shows: "__proto__ in a message is a name like any other",
    script: `
      const socket = new Socket(echoUrl);
      socket.onopen = () => socket.send('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
      socket.onmessage = ({ data }) => {
        const clone = structuredClone(JSON.parse(data));
        print(Object.keys(clone) + " " + ({}).polluted);
        socket.close();
      };`,
    outcome: harmless(["__proto__,constructor undefined"]),
  },
  {
    id: "tampering/forged-events",
    shows: "events of a script's own are not trusted and change no socket",
    script: `
      const socket = connect(echoUrl);
      socket.dispatchEvent(new Event("open"));
      socket.dispatchEvent(new CloseEvent("close", { code: 1000, wasClean: true }));
      socket.dispatchEvent(new MessageEvent("message", { data: "forged" }));
      print(socket.readyState);
      socket.addEventListener("open", ({ isTrusted }) => { print(isTrusted); socket.close(1000) });`,
    outcome: harmless([
      "open",
      "close 1000 true",
      "message forged",
      "0",
      "open",
      "true",
      "close 1000 true",
    ]),
  },
  {
    id: "tampering/constructor-chain",
    shows: "a constructor that is put above WebSocket harms the script that put it there",
    script: `
      Object.setPrototypeOf(Socket, function () { return new Proxy({}, {}) });
      let thrown = "nothing";
      try { new Socket(onPort("10.0.0.1")).send("a") } catch (error) { thrown = error.name }
      print(thrown);
      Object.setPrototypeOf(Socket, EventTarget);`,
    outcome: {
      ...harmless([expect.stringMatching(/Error$/)]),
      failures: [{ stage: "policy" }],
    },
  },
  {
    id: "tampering/new-target",
    shows: "a socket with another prototype is a socket all the same",
    script: `
      class Mine extends Socket { get [Symbol.toStringTag]() { return "Mine" } }
      const odd = Reflect.construct(Socket, [onPort("10.0.0.1")], new Proxy(function () {}, { get: () => null }));
      print(apply(Socket.prototype.__lookupGetter__("readyState"), odd, []));
      const socket = new Mine(echoUrl);
      socket.onopen = () => { print("" + socket); socket.close() };`,
    outcome: harmless(["0", "[object Mine]"], { failures: [{ stage: "policy" }] }),
  },
  {
    id: "tampering/network-device",
    shows: "NetworkDevice and its arguments can be replaced by the script, for the script alone",
    script: `
      attempt(() => { "use strict"; NetworkDevice.args[0] = "evil" });
      attempt(() => { "use strict"; NetworkDevice.args.push("evil") });
      NetworkDevice.createWebSocket = NetworkDevice.update = 1;
      print(NetworkDevice.args[0] === echoUrl);`,
    outcome: harmless(["threw TypeError", "threw TypeError", "true"]),
  },
];

test.each(onBothThreads(poisonCases))("%s", async (_name, row) => {
  await expectContained(row);
});

test.each(named([...guestErrorCases, ...reentryCases]))("%s", async (_name, row) => {
  await expectContained(row);
});
