import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { createGuest, type TestGuest } from "../support/guest.ts";

const prelude = `var log = []; var ws = new WebSocket("ws://a.test/");\n`;

type Report = [
  name: string,
  message: string,
  stack: string,
  file: string,
  line: number,
  column: number,
];

function reports(guest: TestGuest): Report[] {
  return guest.callsOf("report").map(([json]) => JSON.parse(String(json)) as Report);
}

// https://html.spec.whatwg.org/#report-an-exception
describe.each(buildNames)("exceptions on %s", (build) => {
  test("carry name, message and the script's own position, without frames of the runtime", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`${prelude}function lamp() {\n  null.on;\n}\nws.onopen = () => lamp();`);

    guest.deliver(EventKind.Open, 1, '["",""]');

    const [report] = reports(guest);
    expect(report?.[0]).toBe("TypeError");
    expect(report?.slice(3, 5)).toEqual(["script.js", 3]);
    expect(report?.[5]).toBeGreaterThan(0);
    const frames = report?.[2].trimEnd().split("\n") ?? [];
    expect(frames).toHaveLength(2);
    expect(frames[0]).toMatch(/^ {4}at lamp \(script\.js:3:\d+\)$/);
  });

  test("thrown by the runtime point at the line of the script that called it", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`${prelude}ws.onopen = () => {\n\n  ws.close(1);\n}`);

    guest.deliver(EventKind.Open, 1, '["",""]');

    expect(reports(guest)[0]?.slice(3, 5)).toEqual(["script.js", 4]);
    expect(reports(guest)[0]?.[2]).not.toContain("netdevice:runtime");
  });

  test("of the parser carry its position", async () => {
    using guest = await createGuest({ build });

    guest.evaluate(`try { (0, eval)("\\n\\nvar 1;") } catch (e) { reportError(e) }`);

    expect(reports(guest)[0]?.[0]).toBe("SyntaxError");
    expect(reports(guest)[0]?.[4]).toBe(3);
  });

  test("fire a global error event that tells what happened", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`${prelude} var thrown = new RangeError("far");
      addEventListener("error", (e) => log.push(e instanceof ErrorEvent, e.message, e.filename, e.lineno > 0, e.error === thrown, e.cancelable, e.bubbles, e.isTrusted, e.target === globalThis));
      ws.onopen = () => { throw thrown; };`);

    guest.deliver(EventKind.Open, 1, '["",""]');

    expect(guest.evaluate("log")).toEqual([
      true,
      "Uncaught RangeError: far",
      "script.js",
      true,
      true,
      true,
      false,
      true,
      true,
    ]);
    expect(reports(guest)).toHaveLength(1);
  });

  test.each([
    ["onerror = () => true", 0],
    ["onerror = () => false", 1],
    ["addEventListener('error', (e) => e.preventDefault())", 0],
    ["addEventListener('error', (e) => true)", 1],
    ["addEventListener('error', (e) => { Promise.resolve().then(() => e.preventDefault()) })", 0],
  ])("after %s reach the host %i times", async (source, count) => {
    using guest = await createGuest({ build });
    guest.evaluate(`${prelude} ${source}; ws.onopen = () => { throw 1; };`);

    guest.deliver(EventKind.Open, 1, '["",""]');

    expect(reports(guest)).toHaveLength(count);
  });

  test("are reported before the next listener of the same event runs, with promise jobs in between", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`${prelude}
      const job = (name) => { log.push(name); Promise.resolve().then(() => log.push(name + " job")); };
      addEventListener("error", () => job("error 1")); addEventListener("error", () => job("error 2"));
      ws.addEventListener("open", () => { job("first"); throw 1; }); ws.addEventListener("open", () => job("second"));`);

    guest.deliver(EventKind.Open, 1, '["",""]');

    expect(guest.evaluate("log")).toEqual(
      ["first", "error 1", "error 2", "second"].flatMap((name) => [name, `${name} job`]),
    );
  });

  test("in an error listener go to the host alone", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`${prelude} onerror = () => { log.push("error"); throw new Error("inner"); };
      ws.onopen = () => { throw new Error("outer"); };`);

    guest.deliver(EventKind.Open, 1, '["",""]');
    guest.evaluate("onerror = () => { log.push('again') }; reportError(new Error('later'))");

    expect(guest.evaluate("log")).toEqual(["error", "again"]);
    expect(reports(guest).map((report) => report[1])).toEqual(["inner", "outer", "later"]);
  });

  test("in dispatchEvent are reported at once, while the other listeners still run", async () => {
    using guest = await createGuest({ build });

    guest.evaluate(`${prelude} onerror = (message) => { log.push(message); return true; };
      ws.addEventListener("x", () => { throw "thrown"; }); ws.addEventListener("x", () => log.push("second"));
      log.push(ws.dispatchEvent(new Event("x")));`);

    expect(guest.evaluate("log")).toEqual(["Uncaught thrown", "second", true]);
    expect(reports(guest)).toEqual([]);
  });

  test("in queueMicrotask are reported, and later ones still run", async () => {
    using guest = await createGuest({ build });

    guest.evaluate(
      `${prelude} queueMicrotask(() => { throw new Error("a"); }); queueMicrotask(() => log.push("b")); Promise.resolve().then(() => log.push("c")); 0`,
    );

    expect(guest.evaluate("log")).toEqual(["b", "c"]);
    expect(reports(guest).map((report) => report[1])).toEqual(["a"]);
  });

  test.each([
    ["undefined", "", "undefined"],
    ["null", "", "null"],
    ["'text'", "", "text"],
    ["5n", "", "5"],
    ["Symbol('s')", "", "Symbol(s)"],
    ["{ a: 1 }", "", "[object Object]"],
    ["{ name: 'N', message: 'M' }", "N", "M"],
    ["Object.create(null)", "", "An object that cannot be converted to a string"],
    ["new DOMException('m', 'AbortError')", "AbortError", "m"],
    [
      "{ get name() { throw 1 }, get message() { throw 2 }, get stack() { throw 3 }, toString() { throw 4 } }",
      "",
      "An object that cannot be converted to a string",
    ],
    ["new Proxy({}, { get() { throw 1 } })", "", "An object that cannot be converted to a string"],
    ["Proxy.revocable({}, {}).proxy", "", "[object Object]"],
    ["Object.assign(new Error('m'), { stack: 7, name: null })", "null", "m"],
    ["Object.assign(new Error('m'), { stack: '    at x (y:1:2' })", "Error", "m"],
    ["new Error('a\\0\\ud800')", "Error", "a\0\ud800"],
  ])("a thrown %s is described without harm", async (source, name, message) => {
    using guest = await createGuest({ build });

    guest.evaluate(`reportError(${source})`);

    expect(reports(guest)[0]?.slice(0, 2)).toEqual([name, message]);
  });

  test("endless messages and stacks are cut", async () => {
    using guest = await createGuest({ build });

    guest.evaluate(
      `const e = new Error("m".repeat(1e6)); e.stack = "    at f (x:1:2)\\n".repeat(1e5); reportError(e)`,
    );

    expect(reports(guest)[0]?.[1].length).toBeLessThan(20_000);
    expect(reports(guest)[0]?.[2].length).toBeLessThan(20_000);
  });

  test("reportError dispatches synchronously", async () => {
    using guest = await createGuest({ build });

    guest.evaluate(
      `${prelude} onerror = (m) => log.push(m); reportError("now"); log.push("after")`,
    );

    expect(guest.evaluate("log")).toEqual(["Uncaught now", "after"]);
  });

  test("on an exhausted stack do not keep later ones from their listeners, nor events from being dispatched again", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`${prelude} onerror = () => true;
      const target = new EventTarget(), event = new Event("lamp");
      target.addEventListener("lamp", () => log.push("lamp"));
      const attempt = (action) => { try { action(); } catch {} };
      let left = 0;
      const dig = (action) => { try { dig(action); } finally { if (left-- > 0) attempt(action); } };
      left = 40;
      attempt(() => dig(() => reportError("deep")));
      left = 40;
      attempt(() => dig(() => target.dispatchEvent(event)));
      log.length = 0`);

    guest.evaluate(`onerror = (message) => { log.push(message); return true; };
      reportError("later"); target.dispatchEvent(event);`);

    expect(guest.evaluate("log")).toEqual(["Uncaught later", "lamp"]);
  });

  // https://html.spec.whatwg.org/#unhandled-promise-rejections
  test("of promises that nobody handles fire unhandledrejection and reach the host", async () => {
    using guest = await createGuest({ build });

    guest.evaluate(`${prelude} onerror = () => log.push("wrong"); var rejected;
      addEventListener("unhandledrejection", (e) => log.push(e instanceof PromiseRejectionEvent, e.promise === rejected, e.reason.message, e.cancelable, e.isTrusted));
      rejected = Promise.reject(new TypeError("lost")); Promise.reject(1).catch(() => {}); 0`);

    expect(guest.evaluate("log")).toEqual([true, true, "lost", true, true]);
    expect(reports(guest).map((report) => report.slice(0, 2))).toEqual([["TypeError", "lost"]]);
  });

  test("of promises rejected with one object in one turn are reported once, those with equal primitives each", async () => {
    using guest = await createGuest({ build });

    guest.evaluate(`${prelude} onunhandledrejection = (e) => log.push(e.reason.message ?? e.reason);
      var error = new Error("same"); Promise.reject(error); Promise.reject(error);
      Promise.reject(1); Promise.reject(1); 0`);

    expect(guest.evaluate("log")).toEqual(["same", 1, 1]);
  });

  test("of an async listener are unhandled rejections that a handler can cancel", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`${prelude} ws.onopen = async () => { await null; throw new Error("async"); };
      onunhandledrejection = (e) => { log.push(e.reason.message); e.preventDefault(); };`);

    guest.deliver(EventKind.Open, 1, '["",""]');

    expect(guest.evaluate("log")).toEqual(["async"]);
    expect(reports(guest)).toEqual([]);
  });
});
