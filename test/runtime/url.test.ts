import { runInThisContext } from "node:vm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest, type TestGuest } from "../support/guest.ts";

describe.each(buildNames)("%s", (build) => {
  let guest: TestGuest;
  beforeAll(async () => {
    guest = await createGuest({ build });
  });
  afterAll(() => guest[Symbol.dispose]());

  function call(source: string, ...input: unknown[]): unknown {
    const json = guest.evaluate(`JSON.stringify((${source})(...${JSON.stringify(input)}))`);
    return JSON.parse(json as string) as unknown;
  }

  describe("URL", () => {
    test("has the parts that Node's URL has", () => {
      const parts = `(input) => { const url = new URL(...input);
        return [url.href, url.origin, url.protocol, url.username, url.password, url.host, url.hostname,
          url.port, url.pathname, url.search, url.hash, String(url), JSON.stringify(url)]; }`;
      const run = runInThisContext(`(${parts})`) as (input: string[]) => string[];

      for (const input of [
        ["HTTP://user:p%40ss@EXAMPLE.com:8080/a/../b?q=1#frag"],
        ["../x?y", "wss://h:1/a/b"],
        ["data:text/plain,hi"],
        ["http://\u{1f600}.test/\0\ud800"],
      ]) {
        expect(call(parts, input)).toEqual(run(input));
      }
    });

    test.each(["", "x", "http://", "//h"])("%j throws a TypeError, parse() gives null", (input) => {
      const outcome = call(
        `(input) => { try { new URL(input) } catch (error) {
          return [error instanceof TypeError, URL.parse(input), URL.canParse(input)] } }`,
        input,
      );

      expect(outcome).toEqual([true, null, false]);
    });

    test.each([
      ["protocol", "https"],
      ["username", "ü"],
      ["password", "a b"],
      ["host", "other:99"],
      ["hostname", "other"],
      ["port", "81"],
      ["port", "80"],
      ["pathname", "/é"],
      ["search", "?x=ü"],
      ["search", ""],
      ["hash", "z z"],
      ["href", "ws://elsewhere/"],
    ])("setting %s to %j changes what it changes in Node", (attribute, value) => {
      const expected = new URL("http://h:8080/p?q#f");
      Reflect.set(expected, attribute, value);

      const href = call(
        `(attribute, value) => {
          const url = new URL("http://h:8080/p?q#f"); url[attribute] = value; return url.href }`,
        attribute,
        value,
      );

      expect(href).toBe(expected.href);
    });

    test("searchParams is one object that follows the URL and changes it", () => {
      const seen = call(`() => {
        const url = new URL("http://h/?a=1&a=2#f");
        const params = url.searchParams;
        const seen = [params === url.searchParams, params.getAll("a")];
        params.append("b", "é c");
        seen.push(url.href);
        url.search = "?c=3";
        seen.push([...params]);
        url.href = "http://h/?d";
        seen.push(params.toString());
        params.delete("d");
        seen.push(url.href);
        return seen;
      }`);

      expect(seen).toEqual([
        true,
        ["1", "2"],
        "http://h/?a=1&a=2&b=%C3%A9+c#f",
        [["c", "3"]],
        "d=",
        "http://h/",
      ]);
    });

    test("methods and attributes refuse other objects", () => {
      expect(() =>
        guest.evaluate(`Object.getOwnPropertyDescriptor(URL.prototype, "href").get.call({})`),
      ).toThrow("Illegal invocation");
      expect(() => guest.evaluate("URLSearchParams.prototype.get.call({}, 'a')")).toThrow(
        "Illegal invocation",
      );
    });
  });

  describe("URLSearchParams", () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom("a", "b", "&", "=", "+", "%", "4", "é", "\0", "\ud800") }),
      fc.string({ unit: "binary", maxLength: 5 }),
    );

    test("does what Node's does for any sequence of changes", () => {
      const change = fc.oneof(
        fc.tuple(fc.constantFrom("append", "set", "delete", "has"), text, text),
        fc.tuple(fc.constantFrom("delete", "has", "get", "getAll"), text),
        fc.tuple(fc.constant("sort")),
      );
      const source = `(query, changes) => {
        const params = new URLSearchParams(query);
        const answers = changes.map(([method, ...input]) => params[method](...input) ?? null);
        return [answers, [...params], [...params.keys()], [...params.values()], params.size, String(params)];
      }`;
      const run = runInThisContext(`(${source})`) as (...input: unknown[]) => unknown;
      fc.assert(
        fc.property(text, fc.array(change, { maxLength: 6 }), (query, changes) => {
          expect(call(source, query, changes)).toEqual(
            JSON.parse(JSON.stringify(run(query, changes))),
          );
        }),
      );
    });

    test("is made of a record, a sequence of pairs, another one, or a string", () => {
      const made = call(`() => [{ a: "1", b: 2 }, [["a", "1"], new Set(["b", 2])],
        new URLSearchParams("a=1&b=2"), "?a=1&b=2"].map((init) => String(new URLSearchParams(init)))`);

      expect(made).toEqual(Array.from({ length: 4 }, () => "a=1&b=2"));
    });

    test.each([`[["a"]]`, `[["a", "b", "c"]]`, "[1]", `{ [Symbol.iterator]: 1 }`])(
      "%s throws a TypeError",
      (init) => {
        expect(() => guest.evaluate(`new URLSearchParams(${init})`)).toThrow(
          expect.objectContaining({ name: "TypeError" }),
        );
      },
    );

    test("iterates live, with iterators of the language's kind", () => {
      const seen = call(`() => {
        const params = new URLSearchParams("a=1&b=2");
        const seen = [];
        for (const [name] of params) { seen.push(name); if (name === "a") params.delete("a"); }
        const iterator = params.entries();
        return [seen, Object.prototype.toString.call(iterator), iterator[Symbol.iterator]() === iterator,
          params[Symbol.iterator] === params.entries];
      }`);

      expect(seen).toEqual([["a"], "[object URLSearchParams Iterator]", true, true]);
    });
  });
});
