import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

// https://dom.spec.whatwg.org/#aborting-ongoing-activities
describe.each(buildNames)("AbortSignal on %s", (build) => {
  test.each([
    [
      "abort() sets the reason and fires once",
      `const c = new AbortController(); c.signal.onabort = (e) => log.push(e.type, e.isTrusted, e.target === c.signal, c.signal.aborted);
       log.push(c.signal.aborted, c.signal === c.signal); c.abort("why"); c.abort("again"); log.push(c.signal.reason);`,
      [false, true, "abort", true, true, true, "why"],
    ],
    [
      "without a reason it is an AbortError",
      `const c = new AbortController(); c.abort(); log.push(c.signal.reason.name, c.signal.reason instanceof DOMException, AbortSignal.abort().reason.name);`,
      ["AbortError", true, "AbortError"],
    ],
    [
      "throwIfAborted throws the reason itself",
      `const s = AbortSignal.abort(null); try { s.throwIfAborted(); log.push("no"); } catch (e) { log.push(e); } new AbortController().signal.throwIfAborted();`,
      [null],
    ],
    [
      "listeners added with the signal are removed before its event fires",
      `const c = new AbortController(); const t = new EventTarget(); c.signal.onabort = () => t.dispatchEvent(new Event("x"));
       t.addEventListener("x", () => log.push("wrong"), { signal: c.signal }); c.abort(); log.push("end");`,
      ["end"],
    ],
    [
      "any() follows the first that aborts, with its reason",
      `const a = new AbortController(), b = new AbortController(); const any = AbortSignal.any([a.signal, b.signal]); any.onabort = () => log.push("any", any.reason);
       a.signal.onabort = () => log.push("a", any.aborted); b.signal.onabort = () => log.push("b");
       a.abort(1); b.abort(2); log.push(any.reason);`,
      ["a", true, "any", 1, "b", 1],
    ],
    [
      "any() of an aborted signal is aborted, of none never",
      `log.push(AbortSignal.any([new AbortController().signal, AbortSignal.abort(5)]).reason, AbortSignal.any([]).aborted);`,
      [5, false],
    ],
    [
      "any() of any() follows the original sources",
      `const c = new AbortController(); const inner = AbortSignal.any([c.signal]); const outer = AbortSignal.any([inner, c.signal]);
       outer.onabort = () => log.push("outer"); inner.onabort = () => log.push("inner"); c.abort("r"); log.push(outer.reason);`,
      ["inner", "outer", "r"],
    ],
  ])("%s", async (_name, source, expected) => {
    using guest = await createGuest({ build });

    guest.evaluate(`var log = []; { ${source} }`);

    expect(guest.evaluate("log")).toEqual(expected);
  });

  test("a source that lives on does not keep what another source has aborted", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const source = new AbortController();
      for (let count = 0; count < 60_000; count++) {
        const other = new AbortController();
        AbortSignal.any([source.signal, other.signal]);
        other.abort("why");
      }
      const last = AbortSignal.any([source.signal, new AbortController().signal]);
      source.abort("end");
      last.reason`);

    expect(found).toBe("end");
  });

  test("timeout() aborts with a TimeoutError when the time is up", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(
      `var log = []; var s = AbortSignal.timeout(50); s.onabort = () => log.push(s.reason.name); s.addEventListener("abort", () => log.push("second"));`,
    );
    guest.time = 49;
    guest.deliver(EventKind.Alarm, 0);
    const early = guest.evaluate("s.aborted");
    guest.time = 50;

    guest.deliver(EventKind.Alarm, 0);

    expect(early).toBe(false);
    expect(guest.evaluate("log")).toEqual(["TimeoutError", "second"]);
  });
});
