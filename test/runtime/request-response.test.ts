import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

describe.each(buildNames)("on %s", (build) => {
  /** What the body of an async function says with `say`. */
  async function saidBy(source: string): Promise<unknown> {
    using guest = await createGuest({ build, baseUrl: "http://lamp.local/" });
    guest.evaluate(`
      globalThis.said = [];
      const say = (...values) => { said.push(...values) };
      (async () => { ${source} })().catch((error) => { said.push(String(error)) });0`);
    return JSON.parse(String(guest.evaluate("JSON.stringify(said)")));
  }

  /** Name of what an expression throws. */
  async function thrownBy(source: string): Promise<unknown> {
    return saidBy(`try { ${source}; say("nothing") } catch (error) { say(error.name) }`);
  }

  describe("a Request", () => {
    test("has the defaults of the standard", async () => {
      expect(
        await saidBy(`
          const request = new Request("x#y");
          for (const name in request) if (typeof request[name] !== "function" && name !== "signal") say(name + "=" + request[name]);
          say(String(request.headers), request.signal.aborted)`),
      ).toEqual([
        "method=GET",
        "url=http://lamp.local/x#y",
        "headers=[object Headers]",
        "destination=",
        "referrer=about:client",
        "referrerPolicy=",
        "mode=cors",
        "credentials=same-origin",
        "cache=default",
        "redirect=follow",
        "integrity=",
        "keepalive=false",
        "isReloadNavigation=false",
        "isHistoryNavigation=false",
        "duplex=half",
        "body=null",
        "bodyUsed=false",
        "[object Headers]",
        false,
      ]);
    });

    test("takes over another, whose body is then used", async () => {
      expect(
        await saidBy(`
          const first = new Request("http://a/", { method: "PUT", body: "x", headers: { a: "b" }, redirect: "error" });
          const second = new Request(first, { headers: { c: "d" } });
          say(first.bodyUsed, second.method, second.redirect, [...second.headers].join(), await second.text());
          try { new Request(first) } catch (error) { say(error.name) }`),
      ).toEqual([true, "PUT", "error", "c,d", "x", "TypeError"]);
    });

    test.each([
      ["get", "GET"],
      ["pOsT", "POST"],
      ["patch", "patch"],
      ["chicken", "chicken"],
    ])("normalizes the method %s to %s", async (method, expected) => {
      expect(await saidBy(`say(new Request("http://a/", { method: "${method}" }).method)`)).toEqual(
        [expected],
      );
    });

    test("clone() copies headers and body", async () => {
      expect(
        await saidBy(`
          const request = new Request("http://a/", { method: "POST", body: "x" });
          const copy = request.clone();
          copy.headers.set("a", "b");
          say(request.headers.has("a"), await request.text(), copy.bodyUsed, await copy.text());
          try { copy.clone() } catch (error) { say(error.name) }`),
      ).toEqual([false, "x", false, "x", "TypeError"]);
    });
  });

  describe("a Response", () => {
    test("has the defaults of the standard", async () => {
      expect(
        await saidBy(`
          const response = new Response();
          say(response.type, response.url, response.redirected, response.status, response.ok, response.statusText, response.body, response.bodyUsed, await response.text(), response.bodyUsed)`),
      ).toEqual(["default", "", false, 200, true, "", null, false, "", false]);
    });

    test("is made by the static methods", async () => {
      expect(
        await saidBy(`
          const error = Response.error();
          say(error.type, error.status, error.ok);
          const redirect = Response.redirect("/x", 307);
          say(redirect.status, redirect.headers.get("location"));
          const json = Response.json({ a: [1] }, { status: 201 });
          say(json.status, json.headers.get("content-type"), await json.text());
          const typed = Response.json(1, { headers: { "Content-Type": "text/x" } });
          say(typed.headers.get("content-type"))`),
      ).toEqual([
        "error",
        0,
        false,
        307,
        "http://lamp.local/x",
        201,
        "application/json",
        '{"a":[1]}',
        "text/x",
      ]);
    });

    test.each([
      [`new Response("", { status: 199 })`, "RangeError"],
      [`new Response("", { status: 600 })`, "RangeError"],
      [`new Response("x", { status: 204 })`, "TypeError"],
      [`new Response("", { statusText: "a\\nb" })`, "TypeError"],
      [`new Response("", { statusText: "\\u0100" })`, "TypeError"],
      [`Response.redirect("http://[")`, "TypeError"],
      [`Response.redirect("/", 200)`, "RangeError"],
      [`Response.json(undefined)`, "TypeError"],
      [`Response.json(1n)`, "TypeError"],
      [`Response.error().headers.set("a", "b")`, "TypeError"],
      [`Response.redirect("/").headers.append("a", "b")`, "TypeError"],
      [`Response()`, "TypeError"],
      [`Response.prototype.status`, "TypeError"],
      [`Response.prototype.clone.call(new Request("/"))`, "TypeError"],
      [`new Response(Symbol())`, "TypeError"],
    ])("%s throws a %s", async (source, expected) => {
      expect(await thrownBy(source)).toEqual([expected]);
    });

    test.each([
      [`"text"`, "text/plain;charset=UTF-8", "text"],
      [
        `new URLSearchParams({ a: "b c" })`,
        "application/x-www-form-urlencoded;charset=UTF-8",
        "a=b+c",
      ],
      [`new Blob(["b"], { type: "x/y" })`, "x/y", "b"],
      [`new Blob(["b"])`, null, "b"],
      [`new Uint8Array([97, 98]).subarray(1)`, null, "b"],
      [`new Uint8Array([97]).buffer`, null, "a"],
      [`new Response("stream").body`, null, "stream"],
      [`{ toString: () => "object" }`, "text/plain;charset=UTF-8", "object"],
    ])("with %s as body has the type %s", async (body, type, text) => {
      expect(
        await saidBy(`
          const response = new Response(${body});
          say(response.headers.get("content-type"), await response.text(), response.bodyUsed)`),
      ).toEqual([type, text, true]);
    });

    test("copies the bytes that it is made of", async () => {
      expect(
        await saidBy(`
          const bytes = new Uint8Array([97]);
          const response = new Response(bytes);
          bytes[0] = 98;
          const copy = response.clone();
          new Uint8Array(await response.arrayBuffer())[0] = 99;
          say(await copy.text())`),
      ).toEqual(["a"]);
    });

    test("is read once", async () => {
      expect(
        await saidBy(`
          const response = new Response("x");
          const outcomes = await Promise.allSettled([response.text(), response.json(), response.blob()]);
          say(...outcomes.map(({ status, reason }) => reason?.name ?? status));
          try { response.clone() } catch (error) { say(error.name) }`),
      ).toEqual(["fulfilled", "TypeError", "TypeError", "TypeError"]);
    });

    test("whose stream has a reader cannot be read otherwise", async () => {
      expect(
        await saidBy(`
          const response = new Response("x");
          const reader = response.body.getReader();
          say(response.bodyUsed);
          try { await response.text() } catch (error) { say(error.name) }
          await reader.read();
          say(response.bodyUsed, response.body === response.body)`),
      ).toEqual([false, "TypeError", true, true]);
    });

    test("of a stream with chunks that are no bytes rejects", async () => {
      expect(
        await saidBy(`
          const stream = new ReadableStream({ start(controller) { controller.enqueue("text"); controller.close() } });
          await new Response(stream).text()`),
      ).toEqual(["TypeError: A chunk of the body is no Uint8Array"]);
    });

    test("json() of what is none rejects with a SyntaxError", async () => {
      expect(
        await saidBy(`await new Response("{").json().catch((error) => say(error.name))`),
      ).toEqual(["SyntaxError"]);
    });
  });

  describe("FormData", () => {
    test("keeps entries in order, with files by name", async () => {
      expect(
        await saidBy(`
          const form = new FormData();
          form.append("a", 1);
          form.append("b", new Blob(["x"]));
          form.append("a", "2");
          form.append("c", new File(["y"], "y.txt"), "z.txt");
          form.set("a", "3");
          form.delete("none");
          say([...form].map(([name, value]) => name + "=" + (value.name ?? value)).join());
          say(form.get("b") instanceof File, form.has("c"), form.getAll("a").length, form.get("none"))`),
      ).toEqual(["a=3,b=blob,c=z.txt", true, true, 1, null]);
    });

    test.each([
      `new FormData(1)`,
      `new FormData().append("a")`,
      `new FormData().append("a", "b", "c")`,
      `FormData.prototype.get.call({}, "a")`,
    ])("%s throws a TypeError", async (source) => {
      expect(await thrownBy(source)).toEqual(["TypeError"]);
    });

    test("survives the way through a body", async () => {
      expect(
        await saidBy(`
          const form = new FormData();
          form.append('na"me\\r\\n', "line\\nline\\rline\\r\\nend €");
          form.append("file", new File([new Uint8Array([0, 255, 13, 10])], "ü.bin", { type: "x/y" }));
          const response = new Response(form);
          say(/^multipart\\/form-data; boundary=----formdata-[0-9a-f]{24}$/.test(response.headers.get("content-type")));
          const back = [...await response.formData()];
          say(back[0][0], back[0][1], back[1][1].name, back[1][1].type, [...await back[1][1].bytes()].join())`),
      ).toEqual([
        true,
        'na"me\r\n',
        "line\r\nline\r\nline\r\nend €",
        "ü.bin",
        "x/y",
        "0,255,13,10",
      ]);
    });

    test.each([
      ["text/plain", "a=b"],
      ["multipart/form-data", "--x--"],
      ["multipart/form-data; boundary=x", "nothing"],
      ["multipart/form-data; boundary=x", "--x"],
      ["multipart/form-data; boundary=x", "--x\\r\\n\\r\\nno end"],
      ["multipart/form-data; boundary=x", "--x\\r\\nA: b\\r\\n\\r\\nno name\\r\\n--x--"],
      ["multipart/form-data; boundary=x", "--x\\r\\nno colon\\r\\n\\r\\nc\\r\\n--x--"],
    ])("%s with %s is no form", async (type, body) => {
      expect(
        await thrownBy(
          `await new Response("${body}", { headers: { "Content-Type": "${type}" } }).formData()`,
        ),
      ).toEqual(["TypeError"]);
    });

    test("of a URL's encoding is read, too", async () => {
      expect(
        await saidBy(
          `say(...[...await new Response(new URLSearchParams("a=1&a=b+c")).formData()].flat())`,
        ),
      ).toEqual(["a", "1", "a", "b c"]);
    });
  });
});
