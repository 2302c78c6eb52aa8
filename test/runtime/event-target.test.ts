import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

/** A script that collects what it sees in `log`. */
const prelude = `var log = []; var target = new EventTarget(); var ws = new WebSocket("ws://a.test/");`;

describe.each(buildNames)("EventTarget on %s", (build) => {
  test.each([
    [
      "listeners run in the order in which they were added, capturing ones first",
      `for (const [name, capture] of [["a", false], ["b", true], ["c", false], ["d", true]])
         target.addEventListener("x", () => log.push(name), capture);
       target.dispatchEvent(new Event("x"));`,
      ["b", "d", "a", "c"],
    ],
    [
      "the same callback with the same capture flag is added once",
      `const f = () => log.push("f");
       target.addEventListener("x", f); target.addEventListener("x", f, { once: true }); target.addEventListener("x", f, true);
       target.dispatchEvent(new Event("x")); log.push("-");
       target.removeEventListener("x", f, { capture: true });
       target.dispatchEvent(new Event("x"));`,
      ["f", "f", "-", "f"],
    ],
    [
      "a listener added while an event is dispatched does not see that event",
      `target.addEventListener("x", () => { log.push("a"); target.addEventListener("x", () => log.push("late")); }, { once: true });
       target.dispatchEvent(new Event("x")); log.push("-"); target.dispatchEvent(new Event("x"));`,
      ["a", "-", "late"],
    ],
    [
      "a listener removed while an event is dispatched does not run any more",
      `const second = () => log.push("second");
       target.addEventListener("x", () => { log.push("first"); target.removeEventListener("x", second); });
       target.addEventListener("x", second);
       target.dispatchEvent(new Event("x"));`,
      ["first"],
    ],
    [
      "once removes the listener before it runs",
      `target.addEventListener("x", () => { log.push("a"); target.dispatchEvent(new Event("x")); }, { once: true });
       target.dispatchEvent(new Event("x")); target.dispatchEvent(new Event("x"));`,
      ["a"],
    ],
    [
      "a capturing listener that stops propagation keeps the others from running",
      `target.addEventListener("x", () => log.push("bubble"));
       target.addEventListener("x", (e) => { log.push("capture"); e.stopPropagation(); log.push(e.cancelBubble); }, true);
       target.addEventListener("x", () => log.push("capture 2"), true);
       target.dispatchEvent(new Event("x"));`,
      ["capture", true, "capture 2"],
    ],
    [
      // https://dom.spec.whatwg.org/#concept-event-listener-invoke: the flag is asked for before the first listener.
      "an event that is stopped before its dispatch reaches nobody, and everybody the next time",
      `target.addEventListener("x", () => log.push("bubble")); target.addEventListener("x", () => log.push("capture"), true);
       for (const name of ["stopPropagation", "stopImmediatePropagation"]) {
         const e = new Event("x");
         e[name](); target.dispatchEvent(e); log.push(e.cancelBubble);
         target.dispatchEvent(e);
       }`,
      [false, "capture", "bubble", false, "capture", "bubble"],
    ],
    [
      "stopImmediatePropagation ends the dispatch",
      `const e = new Event("x");
       target.addEventListener("x", (e) => { log.push("a"); e.stopImmediatePropagation(); });
       target.addEventListener("x", () => log.push("b"));
       target.dispatchEvent(e); target.dispatchEvent(e);`,
      ["a", "a"],
    ],
    [
      "handleEvent is looked up for each event and called with the object as this",
      `const object = { handleEvent(e) { log.push(this === object, e.type); } };
       target.addEventListener("x", object); target.dispatchEvent(new Event("x"));
       object.handleEvent = () => log.push("new"); target.dispatchEvent(new Event("x"));`,
      [true, "x", "new"],
    ],
    [
      "a listener gets the target as this, and the event tells where it is",
      `const e = new Event("x");
       target.addEventListener("x", function (event) {
         log.push(this === target, event === e, e.target === target, e.currentTarget === target, e.srcElement === target, e.eventPhase, e.composedPath().length, e.composedPath()[0] === target);
       });
       target.dispatchEvent(e);
       log.push(e.target === target, e.currentTarget, e.eventPhase, e.composedPath().length);`,
      [true, true, true, true, true, 2, 1, true, true, null, 0, 0],
    ],
    [
      "preventDefault cancels a cancelable event only, and not from a passive listener",
      `const fire = (cancelable, options) => {
         const target = new EventTarget();
         target.addEventListener("x", (e) => e.preventDefault(), options);
         const e = new Event("x", { cancelable });
         log.push(target.dispatchEvent(e), e.defaultPrevented, e.returnValue);
       };
       fire(true); fire(false); fire(true, { passive: true });`,
      [false, true, false, true, false, true, true, false, true],
    ],
    [
      "returnValue set to false cancels, set to true does nothing",
      `const e = new Event("x", { cancelable: true }); e.returnValue = true; log.push(e.defaultPrevented); e.returnValue = false; log.push(e.defaultPrevented); e.returnValue = true; log.push(e.returnValue);`,
      [false, true, false],
    ],
    [
      "an event that is being dispatched cannot be dispatched again",
      `target.addEventListener("x", (e) => { try { target.dispatchEvent(e); } catch (error) { log.push(error.name, error instanceof DOMException, error.code); } });
       target.dispatchEvent(new Event("x"));`,
      ["InvalidStateError", true, 11],
    ],
    [
      "initEvent starts an event anew, but not while it is dispatched",
      `const e = new Event("x", { cancelable: true, bubbles: true }); e.preventDefault();
       target.addEventListener("y", () => e.initEvent("z"));
       e.initEvent("y"); target.dispatchEvent(e);
       log.push(e.type, e.bubbles, e.cancelable, e.defaultPrevented);`,
      ["y", false, false, false],
    ],
    [
      "a listener is removed when its signal aborts, and not added when that has happened",
      `const controller = new AbortController();
       target.addEventListener("x", () => log.push("a"), { signal: controller.signal });
       target.dispatchEvent(new Event("x")); controller.abort(); target.dispatchEvent(new Event("x"));
       target.addEventListener("x", () => log.push("b"), { signal: controller.signal }); target.dispatchEvent(new Event("x"));`,
      ["a"],
    ],
    [
      "dispatchEvent runs no promise job between two listeners",
      `target.addEventListener("x", () => { log.push(1); Promise.resolve().then(() => log.push("job")); });
       target.addEventListener("x", () => log.push(2)); target.dispatchEvent(new Event("x")); log.push("end");`,
      [1, 2, "end", "job"],
    ],
    [
      "functions of the global are methods of the global target, with and without this",
      `addEventListener("x", function (e) { log.push(this === globalThis, e.target === window); });
       globalThis.dispatchEvent(new Event("x")); dispatchEvent(new Event("x"));
       const { dispatchEvent: fire } = EventTarget.prototype; fire.call(undefined, new Event("x")); fire.call(null, new Event("x"));`,
      [true, true, true, true, true, true, true, true],
    ],
    [
      "a script's own subclass is a target",
      `class Lamp extends EventTarget { constructor() { super(); this.on = false; } }
       const lamp = new Lamp(); lamp.addEventListener("x", () => log.push(lamp instanceof EventTarget, lamp.on)); lamp.dispatchEvent(new Event("x"));`,
      [true, false],
    ],
    [
      "a null listener is ignored, and so is removing what is not there",
      `target.addEventListener("x", null); target.addEventListener("x", undefined); target.removeEventListener("y", null); target.removeEventListener("y", () => {});
       log.push(target.dispatchEvent(new Event("x")));`,
      [true],
    ],
    [
      "types such as __proto__ and constructor are ordinary",
      `for (const type of ["__proto__", "constructor", "toString", ""]) { target.dispatchEvent(new Event(type)); target.addEventListener(type, (e) => log.push(e.type)); target.dispatchEvent(new Event(type)); }`,
      ["__proto__", "constructor", "toString", ""],
    ],
    ["timeStamp is the time of the event's creation", `log.push(new Event("x").timeStamp)`, [12.5]],
  ])("%s", async (_name, source, expected) => {
    using guest = await createGuest({ build });
    guest.time = 12.5;

    guest.evaluate(`${prelude} { ${source} }`);

    expect(guest.evaluate("log")).toEqual(expected);
  });

  // https://html.spec.whatwg.org/#clean-up-after-running-script
  test("promise jobs run between two listeners of an event from the host, while the event is still dispatched", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`${prelude}
      const job = (name) => (e) => { log.push(name); Promise.resolve().then(() => log.push(name + " job", e.currentTarget === ws, e.eventPhase)); };
      ws.addEventListener("open", job("a")); ws.onopen = job("b"); ws.addEventListener("open", job("c"));
      var kept; ws.addEventListener("open", (e) => kept = e);`);

    guest.deliver(EventKind.Open, 1, '["",""]');

    expect(guest.evaluate("log")).toEqual(
      ["a", "b", "c"].flatMap((name) => [name, `${name} job`, true, 2]),
    );
  });

  test("promise jobs of the only listener of a message still see the event being dispatched", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`${prelude} var last;
      ws.onmessage = async (e) => { last = e; await null; log.push(e.currentTarget === ws, e.eventPhase); };`);
    guest.deliver(EventKind.Open, 1, '["",""]');

    guest.deliver(EventKind.Text, 1, "m");
    guest.deliver(EventKind.Text, 1, "n");

    guest.evaluate("ws.onmessage = (e) => log.push(first.currentTarget); var first = last;");
    guest.deliver(EventKind.Text, 1, "o");
    expect(guest.evaluate("log")).toEqual([true, 2, true, 2, null]);
  });

  test("a hundred listeners on one target each run once per message", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(
      `${prelude} var count = 0; for (let i = 0; i < 100; i++) ws.addEventListener("message", () => count++);`,
    );
    guest.deliver(EventKind.Open, 1, '["",""]');

    guest.deliver(EventKind.Text, 1, "m");
    guest.deliver(EventKind.Text, 1, "n");

    expect(guest.evaluate("count")).toBe(200);
  });

  test("long lists of listeners keep order and identity", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`${prelude}
      const listeners = Array.from({ length: 1000 }, (_, index) => () => log.push(index));
      for (const capture of [false, true]) for (const f of listeners) { target.addEventListener("x", f, capture); target.addEventListener("x", f, capture); }
      for (const f of listeners.slice(2, -2)) { target.removeEventListener("x", f); }
      for (const f of listeners.slice(1)) target.removeEventListener("x", f, true);
      target.addEventListener("x", listeners[2]); target.addEventListener("x", listeners[0]);
      target.dispatchEvent(new Event("x")); log`);

    expect(found).toEqual([0, 0, 1, 998, 999, 2]);
  });
});
