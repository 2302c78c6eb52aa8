import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

const prelude = `var log = []; var ws = new WebSocket("ws://a.test/"); var listen = (name) => ws.addEventListener("x", () => log.push(name));
  var fire = (type = "open", init) => { const e = new Event(type, init); ws.dispatchEvent(e); return e; };`;

// https://html.spec.whatwg.org/#event-handler-attributes
describe.each(buildNames)("handler attributes on %s", (build) => {
  test.each([
    [
      "a handler keeps the place of its first assignment",
      `ws.addEventListener("open", () => log.push("a")); ws.onopen = () => log.push("old"); ws.addEventListener("open", () => log.push("b"));
       ws.onopen = () => log.push("new"); fire();`,
      ["a", "new", "b"],
    ],
    [
      "a handler that was null in between goes to the end",
      `ws.onopen = () => log.push("handler"); ws.addEventListener("open", () => log.push("a")); ws.onopen = null; ws.onopen = () => log.push("again"); fire();`,
      ["a", "again"],
    ],
    [
      "what is no object becomes null",
      `for (const value of [1, "text", undefined, true, Symbol.iterator, 5n]) { ws.onopen = () => {}; ws.onopen = value; log.push(ws.onopen); } fire();`,
      [null, null, null, null, null, null],
    ],
    [
      "an object that cannot be called is kept and ignored, handleEvent included",
      `const object = { handleEvent() { log.push("wrong"); } }; ws.onopen = object; log.push(ws.onopen === object); fire(); log.push("end");`,
      [true, "end"],
    ],
    [
      "returning false cancels, any other value does not",
      `for (const value of [false, true, 0, null, undefined, ""]) { ws.onopen = () => value; log.push(fire("open", { cancelable: true }).defaultPrevented); }`,
      [true, false, false, false, false, false],
    ],
    [
      "a handler runs with the target as this and the event as its only argument",
      `ws.onopen = function () { log.push(this === ws, arguments.length, arguments[0].type); }; fire();`,
      [true, 1, "open"],
    ],
    [
      "a handler replaced by an earlier listener of the same event runs as the new one",
      `ws.addEventListener("open", () => { ws.onopen = () => log.push("new"); }); ws.onopen = () => log.push("old"); fire();`,
      ["new"],
    ],
    [
      "a handler set to null by an earlier listener does not run",
      `ws.addEventListener("open", () => { ws.onopen = null; }); ws.onopen = () => log.push("handler"); fire(); log.push(ws.onopen);`,
      [null],
    ],
    [
      "the same function may be handler and listener",
      `const f = () => log.push("f"); ws.onopen = f; ws.addEventListener("open", f); ws.removeEventListener("open", f); fire();`,
      ["f"],
    ],
    [
      "a proxy of a function is callable",
      `ws.onopen = new Proxy(() => log.push("proxy"), {}); fire();`,
      ["proxy"],
    ],
    [
      "an error event at a socket calls onerror with the event alone",
      `ws.onerror = function (...args) { log.push(args.length, args[0] instanceof ErrorEvent); return true; };
       const e = new ErrorEvent("error", { cancelable: true }); ws.dispatchEvent(e); log.push(e.defaultPrevented);`,
      [1, true, false],
    ],
    [
      "the global's onerror gets five arguments of an ErrorEvent, and true cancels",
      `onerror = function (...args) { log.push(this === globalThis, ...args); return true; };
       const e = new ErrorEvent("error", { cancelable: true, message: "m", filename: "f", lineno: 1, colno: 2, error: "e" });
       dispatchEvent(e); log.push(e.defaultPrevented);`,
      [true, "m", "f", 1, 2, "e", true],
    ],
    [
      "the global's onerror gets any other error event as it is, and false cancels",
      `onerror = (...args) => { log.push(args.length, args[0].type); return false; };
       const e = new Event("error", { cancelable: true }); dispatchEvent(e); log.push(e.defaultPrevented);`,
      [1, "error", true],
    ],
  ])("%s", async (_name, source, expected) => {
    using guest = await createGuest({ build });

    guest.evaluate(`${prelude} { ${source} }`);

    expect(guest.evaluate("log")).toEqual(expected);
  });

  test.each(["open", "message", "error", "close"])(
    "all handlers and the script's own variable can be set to null inside on%s",
    async (type) => {
      using guest = await createGuest({ build });
      guest.evaluate(`var log = []; var socket = new WebSocket("ws://a.test/");
        const drop = () => { const s = socket; socket = null; s.onopen = s.onmessage = s.onerror = s.onclose = null; };
        for (const t of ["open", "message", "error", "close"]) socket["on" + t] = () => log.push(t);
        socket.on${type} = () => { log.push("${type}"); drop(); };`);

      guest.deliver(EventKind.Open, 1, '["",""]');
      guest.deliver(EventKind.Text, 1, "m");
      guest.deliver(EventKind.Close, 1, '[1006,"",false,true,0]');

      const all = ["open", "message", "error", "close"];
      expect(guest.evaluate("log")).toEqual(all.slice(0, all.indexOf(type) + 1));
      expect(guest.callsOf("report")).toEqual([]);
    },
  );
});
