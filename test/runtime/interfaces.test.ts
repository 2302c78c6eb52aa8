import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createTestEngine } from "../support/engine.ts";
import { createGuest } from "../support/guest.ts";
import { streamNames } from "../support/stream-names.ts";

describe.each(buildNames)("interfaces on %s", (build) => {
  test("constants are read-only and enumerable on the interface, its prototype and so on objects", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const socket = new WebSocket("ws://a.test/");
      const d = (o, k) => { const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(o, k); return [value, writable, enumerable, configurable]; };
      [["CONNECTING", "OPEN", "CLOSING", "CLOSED"].map((k) => [d(WebSocket, k), d(WebSocket.prototype, k), socket[k]]),
       [Event.AT_TARGET, new Event("x").BUBBLING_PHASE, DOMException.DATA_CLONE_ERR, DOMException.prototype.INDEX_SIZE_ERR]]`);

    const constant = (value: number): unknown[] => [value, false, true, false];
    expect(found).toEqual([
      [0, 1, 2, 3].map((value) => [constant(value), constant(value), value]),
      [2, 3, 25, 1],
    ]);
  });

  test("isTrusted is an accessor of each event, one getter for all, that cannot be redefined", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const first = Object.getOwnPropertyDescriptor(new Event("x"), "isTrusted");
      const second = Object.getOwnPropertyDescriptor(new CloseEvent("x"), "isTrusted");
      [first.get === second.get, first.set === undefined, first.enumerable, first.configurable, first.get.name, new Event("x").isTrusted]`);

    expect(found).toEqual([true, true, true, false, "get isTrusted", false]);
  });

  test("the global is an event target with the names of a browser and none of Node", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const d = Object.getOwnPropertyDescriptor(globalThis, "queueMicrotask");
      [window === globalThis, self === globalThis, globalThis instanceof EventTarget, addEventListener === EventTarget.prototype.addEventListener,
       [typeof document, typeof process, typeof Buffer, typeof global, typeof require],
       [d.enumerable, d.writable, d.configurable, queueMicrotask.length, alert.length, reportError.length, "prototype" in alert]]`);

    expect(found).toEqual([
      true,
      true,
      true,
      true,
      ["undefined", "undefined", "undefined", "undefined", "undefined"],
      [true, true, true, 1, 0, 1, false],
    ]);
  });

  test("nothing but documented names is added to the global", async () => {
    using guest = await createGuest({ build, globals: [] });

    using engine = await createTestEngine({ build, image: false });
    const source = "Object.getOwnPropertyNames(globalThis)";
    const bare = engine.context.evalCode(source);
    const before = engine.context
      .unwrapResult(bare)
      .consume((handle) => engine.context.dump(handle) as string[]);

    const after = guest.evaluate(source) as string[];

    const added = after.filter((name) => !before.includes(name)).toSorted();
    expect(added).toEqual(
      [
        "AbortController",
        "AbortSignal",
        "Blob",
        "CloseEvent",
        "CompressionStream",
        "CustomEvent",
        ...(build === "ng" ? [] : ["DOMException"]),
        "DecompressionStream",
        "DedicatedWorkerGlobalScope",
        "ErrorEvent",
        "Event",
        "EventTarget",
        "File",
        "FileReader",
        "MessageChannel",
        "MessageEvent",
        "MessagePort",
        "NetworkDevice",
        "ProgressEvent",
        "PromiseRejectionEvent",
        ...streamNames,
        "WorkerGlobalScope",
        "alert",
        "onerror",
        "onunhandledrejection",
        ...(build === "ng" ? [] : ["queueMicrotask"]),
        "reportError",
        "self",
        "window",
      ].toSorted(),
    );
  });

  test("missing arguments and wrong types throw a TypeError", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const name = (f) => { try { f(); return "nothing"; } catch (e) { return e.constructor.name; } };
      [
        () => new Event(), () => new WebSocket(), () => new Event(Symbol()), () => new Event("x", 1), () => new CloseEvent("x", "y"),
        () => new CloseEvent("x", { code: 1n }), () => new MessageEvent("x", { ports: [{}] }), () => new MessageEvent("x", { source: {} }),
        () => new PromiseRejectionEvent("x"), () => new PromiseRejectionEvent("x", {}), () => new PromiseRejectionEvent("x", { promise: 5 }), () => new PromiseRejectionEvent("x", { promise: null }),
        () => new File([]), () => new AbortSignal(),
        () => new Blob("text"), () => new Blob(null), () => new Blob([], { endings: "x" }), () => AbortSignal.timeout(-1), () => AbortSignal.timeout(),
        () => AbortSignal.any([1]), () => addEventListener("x"), () => addEventListener("x", 1), () => addEventListener("x", "y"),
        () => addEventListener("x", null, { signal: null }), () => removeEventListener("x", 5), () => dispatchEvent({}), () => dispatchEvent(null), () => queueMicrotask({}), () => reportError(),
        () => NetworkDevice.createWebSocket(), () => EventTarget.prototype.addEventListener.call({}, "x", null),
      ].map(name)`) as string[];

    expect(found).toEqual(found.map(() => "TypeError"));
  });

  test("dictionaries are converted in the order of the standard, inherited members first", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const log = [];
      const spy = new Proxy({}, { get(_, key) { log.push(key); return key === "ports" ? [] : undefined; } });
      new MessageEvent("x", spy); log.push("-");
      new CloseEvent("x", spy); log.push("-");
      new ErrorEvent("x", spy); log.push("-");
      new EventTarget().addEventListener("x", () => {}, spy);
      log.join(" ")`);

    expect(found).toBe(
      "bubbles cancelable composed data lastEventId origin ports source - " +
        "bubbles cancelable composed code reason wasClean - " +
        "bubbles cancelable composed colno error filename lineno message - capture once passive signal",
    );
  });

  test("event constructors convert their members", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const close = new CloseEvent("c", { code: 65536 + 7.9, reason: "a\\ud800", wasClean: "yes", bubbles: 1, cancelable: true, composed: true });
      const error = new ErrorEvent("e", { message: 1, filename: "f", lineno: -1, colno: "7" });
      const message = new MessageEvent("m");
      [[close.code, close.reason, close.wasClean, close.bubbles, close.cancelable, close.composed, close.type],
       [error.message, error.filename, error.lineno, error.colno, error.error === undefined],
       [message.data, message.origin, message.lastEventId, message.source, message.ports.length, Object.isFrozen(message.ports), message.ports === message.ports],
       [new CustomEvent("d").detail, new CustomEvent("d", { detail: 5 }).detail]]`);

    expect(found).toEqual([
      [7, "a\ufffd", true, true, true, true, "c"],
      ["1", "f", 2 ** 32 - 1, 7, true],
      [null, "", "", null, 0, true, true],
      [null, 5],
    ]);
  });

  test("crypto and performance are attributes of the global, and only performance can be replaced", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`"use strict";
      const name = (f) => { try { return f(); } catch (e) { return e.constructor.name; } };
      const shape = (key) => { const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(globalThis, key);
        return [get.name, get.length, set?.name ?? null, enumerable, configurable, name(() => get.call({}))]; };
      [shape("crypto"), shape("performance"), crypto === globalThis.crypto, performance instanceof EventTarget,
       Object.getPrototypeOf(Performance) === EventTarget, name(() => { crypto = 1; }), name(() => { performance = 1; return performance; }),
       Object.getOwnPropertyDescriptor(globalThis, "performance").writable]`);

    expect(found).toEqual([
      ["get crypto", 0, null, true, true, "TypeError"],
      ["get performance", 0, "set performance", true, true, "TypeError"],
      true,
      true,
      true,
      "TypeError",
      1,
      true,
    ]);
  });

  // https://tc39.es/ecma262/#sec-function.prototype.tostring: the source of a built-in function is that of a native one.
  test("every function that the global or an interface has is shown as a native one", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const seen = new Set(), shown = [];
      const visit = (value, path) => {
        if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) return;
        seen.add(value);
        if (typeof value === "function" && !/^(async )?function\\*? ?[^(]*\\([^)]*\\) ?\\{\\s*\\[native code\\]\\s*\\}$/.test(String(value))) shown.push(path);
        visit(Object.getPrototypeOf(value), path + ".__proto__");
        for (const key of Reflect.ownKeys(value)) {
          const { value: inner, get, set } = Object.getOwnPropertyDescriptor(value, key);
          const name = path + "." + String(key);
          visit(inner, name); visit(get, name); visit(set, name);
        }
      };
      visit(globalThis, ""); visit(new Event("x"), "event"); visit(new URLSearchParams().keys(), "iterator");
      visit(new WebSocket("ws://a.test/"), "socket"); visit(NetworkDevice.createWebSocket("ws://a.test/"), "device");
      [shown, String(WebSocket), String(Object.getOwnPropertyDescriptor(Event.prototype, "type").get), String(Function.prototype.toString)]`);

    expect(found).toEqual([
      [],
      "function WebSocket() {\n    [native code]\n}",
      "function get type() {\n    [native code]\n}",
      "function toString() {\n    [native code]\n}",
    ]);
  });

  test("functions of a script keep their source, and what is no function still throws", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const name = (f) => { try { return f(); } catch (e) { return e.constructor.name; } };
      [String(function a(b) { return b }), String(class C extends WebSocket {}), name(() => Function.prototype.toString.call({})),
       name(() => Function.prototype.toString.call(1)), name(() => Function.prototype.toString.call(undefined)), name(() => new Function.prototype.toString())]`);

    expect(found).toEqual([
      "function a(b) { return b }",
      "class C extends WebSocket {}",
      "TypeError",
      "TypeError",
      "TypeError",
      "TypeError",
    ]);
  });

  test("a DOMException is an error of the language, made by an interface that is none", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const made = [new DOMException("m", "AbortError"), AbortSignal.abort().reason, structuredClone(new DOMException("m"))];
      class Mine extends DOMException { get mine() { return this.name; } }
      const mine = new Mine("m", "TimeoutError");
      const name = (f) => { try { return f(); } catch (e) { return e.constructor.name; } };
      [...made.map((e) => Error.isError === undefined || Error.isError(e)), made[1].constructor === DOMException,
       mine.mine, mine instanceof Mine, name(() => DOMException("m")), Object.hasOwn(mine, "message"),
       name(() => Object.getOwnPropertyDescriptor(DOMException.prototype, "name").get.call(new Error("m")))]`);

    expect(found).toEqual([
      true,
      true,
      true,
      true,
      "TimeoutError",
      true,
      "TypeError",
      false,
      "TypeError",
    ]);
  });

  test("a DOMException has name, code and stack, and inherits from Error.prototype", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const e = new DOMException("why", "DataCloneError");
      [e.message, e.name, e.code, new DOMException().name, new DOMException("", "EncodingError").code, e instanceof Error, String(e),
       Object.getPrototypeOf(DOMException) === Function.prototype, e.stack.includes("script.js:2"), e.stack.includes("netdevice"), new DOMException("x", "__proto__").code]`);

    expect(found).toEqual([
      "why",
      "DataCloneError",
      25,
      "Error",
      0,
      true,
      "DataCloneError: why",
      true,
      true,
      false,
      0,
    ]);
  });
});
