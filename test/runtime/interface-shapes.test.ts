import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

/** Name, `length` of the interface object, parent, `[attribute or operation, its length]`. */
const interfaces = [
  ["EventTarget", 0, null, { addEventListener: 2, removeEventListener: 2, dispatchEvent: 1 }],
  [
    "Event",
    1,
    null,
    {
      type: "get",
      target: "get",
      srcElement: "get",
      currentTarget: "get",
      composedPath: 0,
      eventPhase: "get",
      stopPropagation: 0,
      cancelBubble: "get set",
      stopImmediatePropagation: 0,
      bubbles: "get",
      cancelable: "get",
      returnValue: "get set",
      preventDefault: 0,
      defaultPrevented: "get",
      composed: "get",
      timeStamp: "get",
      initEvent: 1,
    },
  ],
  ["CustomEvent", 1, "Event", { detail: "get", initCustomEvent: 1 }],
  [
    "MessageEvent",
    1,
    "Event",
    {
      data: "get",
      origin: "get",
      lastEventId: "get",
      source: "get",
      ports: "get",
      initMessageEvent: 1,
    },
  ],
  ["CloseEvent", 1, "Event", { wasClean: "get", code: "get", reason: "get" }],
  [
    "ErrorEvent",
    1,
    "Event",
    { message: "get", filename: "get", lineno: "get", colno: "get", error: "get" },
  ],
  ["PromiseRejectionEvent", 2, "Event", { promise: "get", reason: "get" }],
  ["AbortController", 0, null, { signal: "get", abort: 0 }],
  [
    "AbortSignal",
    0,
    "EventTarget",
    { aborted: "get", reason: "get", throwIfAborted: 0, onabort: "get set" },
  ],
  [
    "Blob",
    0,
    null,
    { size: "get", type: "get", slice: 0, stream: 0, text: 0, arrayBuffer: 0, bytes: 0 },
  ],
  ["File", 2, "Blob", { name: "get", lastModified: "get" }],
  [
    "WebSocket",
    1,
    "EventTarget",
    {
      url: "get",
      readyState: "get",
      bufferedAmount: "get",
      onopen: "get set",
      onerror: "get set",
      onclose: "get set",
      extensions: "get",
      protocol: "get",
      close: 0,
      onmessage: "get set",
      binaryType: "get set",
      send: 1,
      destroy: 0,
    },
  ],
  ["DOMException", 0, "Error", { name: "get", message: "get", code: "get" }],
] as const;

/** Describes an interface in plain data. */
const shape = `(name) => {
  const object = globalThis[name], prototype = object.prototype;
  const own = Object.getOwnPropertyDescriptor(globalThis, name);
  const members = {};
  for (const [key, d] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (key === "constructor" || (typeof d.value === "number")) continue;
    if (!d.enumerable || !d.configurable) throw new Error(key + " is not enumerable and configurable");
    if (d.get) {
      if (d.get.name !== "get " + key || d.get.length !== 0) throw new Error("getter of " + key + " is " + d.get.name);
      if (d.set && (d.set.name !== "set " + key || d.set.length !== 1)) throw new Error("setter of " + key);
      members[key] = d.set ? "get set" : "get";
    } else {
      if (!d.writable || d.value.name !== key || "prototype" in d.value) throw new Error("operation " + key);
      members[key] = d.value.length;
    }
  }
  return {
    own: [own.writable, own.enumerable, own.configurable],
    name: object.name, length: object.length,
    parent: Object.getPrototypeOf(prototype) === Object.prototype ? null : Object.getPrototypeOf(prototype).constructor.name,
    tag: Object.prototype.toString.call(prototype),
    tagDescriptor: { ...Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag) },
    prototype: Object.getOwnPropertyDescriptor(object, "prototype").writable,
    constructor: prototype.constructor === object && !Object.getOwnPropertyDescriptor(prototype, "constructor").enumerable,
    members,
  };
}`;

describe.each(buildNames)("shapes of interfaces on %s", (build) => {
  test.each(interfaces)(
    "%s has the shape that Web IDL gives it",
    async (name, length, parent, members) => {
      using guest = await createGuest({ build });

      const found = guest.evaluate(`(${shape})("${name}")`);

      expect(found).toEqual({
        own: [true, false, true],
        name,
        length,
        parent,
        tag: `[object ${name}]`,
        tagDescriptor: { value: name, writable: false, enumerable: false, configurable: true },
        prototype: false,
        constructor: true,
        members,
      });
    },
  );

  test.each(interfaces)("%s cannot be called without new", async (name) => {
    using guest = await createGuest({ build });

    expect(() => guest.evaluate(`${name}("x", {})`)).toThrow(
      expect.objectContaining({ name: "TypeError" }),
    );
  });

  test.each(interfaces.filter(([name]) => name !== "EventTarget"))(
    "the getters and operations of %s throw a TypeError on other objects",
    async (name) => {
      using guest = await createGuest({ build });

      const thrown = guest.evaluate(`
        const failures = [];
        for (const [key, d] of Object.entries(Object.getOwnPropertyDescriptors(${name}.prototype))) {
          if (key === "constructor" || typeof d.value === "number") continue;
          for (const value of [{}, ${name}.prototype, new Proxy({}, {}), 1]) {
            for (const f of [d.get, d.set, d.value]) {
              if (!f) continue;
              try {
                const result = f.call(value, "x", "y");
                // Operations that return a promise reject it.
                if (!(result instanceof Promise)) failures.push(key);
              } catch (e) { if (!(e instanceof TypeError)) failures.push(key + ": " + e); }
            }
          }
        }
        failures`);

      expect(thrown).toEqual([]);
    },
  );
});
