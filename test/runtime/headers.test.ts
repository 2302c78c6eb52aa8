import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

describe.each(buildNames)("Headers on %s", (build) => {
  /** The value of an expression as JSON. */
  async function evaluate(source: string): Promise<unknown> {
    using guest = await createGuest({ build });
    return JSON.parse(String(guest.evaluate(`JSON.stringify((() => { ${source} })())`)));
  }

  test("combines values of one name, and sorts names", async () => {
    expect(
      await evaluate(`
        const headers = new Headers([["b", "1"], ["A", "2"], ["B", " 3\\t"]]);
        return [...headers, headers.get("B"), headers.has("a"), headers.has("c"), headers.get("c")]`),
    ).toEqual([["a", "2"], ["b", "1, 3"], "1, 3", true, false, null]);
  });

  test("keeps cookies apart", async () => {
    expect(
      await evaluate(`
        const headers = new Headers([["Set-Cookie", "a=1"], ["x", "y"], ["set-cookie", "b=2"]]);
        return [[...headers], headers.getSetCookie(), headers.get("set-cookie")]`),
    ).toEqual([
      [
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
        ["x", "y"],
      ],
      ["a=1", "b=2"],
      "a=1, b=2",
    ]);
  });

  test("append, set and delete change what iterators see next", async () => {
    expect(
      await evaluate(`
        const headers = new Headers({ a: "1", c: "3" });
        const iterator = headers.entries();
        const seen = [iterator.next().value];
        headers.append("b", "2");
        seen.push(iterator.next().value);
        headers.set("C", "4");
        headers.delete("a");
        seen.push(iterator.next());
        const each = [];
        headers.forEach(function (value, name, self) { each.push(name, value, self === headers, this.x) }, { x: 1 });
        return [seen, each, [...headers.keys()], [...headers.values()], Object.prototype.toString.call(iterator)]`),
    ).toEqual([
      [["a", "1"], ["b", "2"], { done: true }],
      ["b", "2", true, 1, "c", "4", true, 1],
      ["b", "c"],
      ["2", "4"],
      "[object Headers Iterator]",
    ]);
  });

  test.each([
    `new Headers(1)`,
    `new Headers(null)`,
    `new Headers([["a"]])`,
    `new Headers([["a", "b", "c"]])`,
    `new Headers({ "a b": "c" })`,
    `new Headers({ "": "c" })`,
    `new Headers({ a: "b\\r\\nc" })`,
    `new Headers({ a: "b\\0" })`,
    `new Headers({ a: "\\u0100" })`,
    `new Headers({ "\\u00e4": "b" })`,
    `new Headers({ [Symbol.iterator]: 1 })`,
    `new Headers().append("a")`,
    `new Headers().get()`,
    `new Headers().set("a:", "b")`,
    `new Headers().forEach(1)`,
    `Headers()`,
    `Headers.prototype.get.call({}, "a")`,
    `new Headers([Symbol()])`,
  ])("%s throws a TypeError", async (source) => {
    expect(
      await evaluate(`try { ${source} } catch (error) { return error instanceof TypeError }`),
    ).toBe(true);
  });

  test("takes other Headers, also when a script has changed iteration", async () => {
    expect(
      await evaluate(`
        const first = new Headers([["a", "1"], ["b", "2"]]);
        Array.prototype[Symbol.iterator] = () => { throw new Error("changed") };
        Headers.prototype[Symbol.iterator] = Array.prototype[Symbol.iterator];
        Object.defineProperty(Object.prototype, "0", { set() { throw new Error("changed") }, configurable: true });
        return new Headers(first).get("b")`),
    ).toBe("2");
  });

  test.each([
    "Accept-Charset",
    "Accept-Encoding",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
    "Connection",
    "Content-Length",
    "Cookie",
    "Cookie2",
    "Date",
    "DNT",
    "Expect",
    "Host",
    "Keep-Alive",
    "Origin",
    "Referer",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
    "Proxy-Authorization",
    "Sec-Fetch-Mode",
  ])("of a request never hold %s", async (name) => {
    // https://fetch.spec.whatwg.org/#forbidden-request-header
    expect(
      await evaluate(`
        const { headers } = new Request("http://a", { headers: { ${JSON.stringify(name)}: "1" } });
        headers.append(${JSON.stringify(name)}, "2");
        headers.set(${JSON.stringify(name.toUpperCase())}, "3");
        return [...headers]`),
    ).toEqual([]);
  });

  test("of a request never ask for a forbidden method by another name", async () => {
    expect(
      await evaluate(`
        const { headers } = new Request("http://a");
        headers.append("X-HTTP-Method", "get, trace");
        headers.append("X-HTTP-Method-Override", " CONNECT ");
        headers.append("X-Method-Override", "patch");
        return [...headers]`),
    ).toEqual([["x-method-override", "patch"]]);
  });

  test("of a response that a script makes hold no cookies", async () => {
    expect(
      await evaluate(`
        const { headers } = new Response("", { headers: { "Set-Cookie": "a", "Set-Cookie2": "b", x: "y" } });
        return [...headers.keys()]`),
    ).toEqual(["content-type", "x"]);
  });

  test("agree with the host's own, whatever they hold", async () => {
    using guest = await createGuest({ build });
    const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}$/);
    const value = fc.string({
      unit: fc.integer({ min: 1, max: 0xff }).map((unit) => String.fromCharCode(unit)),
      maxLength: 8,
    });
    const operation = fc.oneof(
      fc.tuple(fc.constantFrom("append", "set"), name, value),
      fc.tuple(fc.constantFrom("delete", "get"), name),
    );

    fc.assert(
      fc.property(fc.array(operation, { maxLength: 12 }), (operations) => {
        const program = `
          const headers = new Headers();
          const answers = operations.map(([method, ...input]) => {
            try { return headers[method](...input) ?? null } catch (error) { return error.name }
          });
          return JSON.stringify([answers, [...headers]])`;
        const json = JSON.stringify(operations);
        const own = new Function("operations", program)(JSON.parse(json)) as string;

        const theirs = guest.evaluate(`((operations) => { ${program} })(${json})`);

        expect(JSON.parse(String(theirs))).toEqual(JSON.parse(own));
      }),
      { numRuns: 200 },
    );
  });
});
