import { describe, expect, test } from "vitest";
import { EventKind, fetchWindow, type HeadEvent } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { createGuest, type TestGuest, type TestGuestOptions } from "../support/guest.ts";

describe.each(buildNames)("fetch on %s", (build) => {
  /** A guest in which `log` keeps what scripts say. */
  async function open(options: TestGuestOptions = {}): Promise<TestGuest> {
    const guest = await createGuest({ build, ...options });
    guest.evaluate(`
      globalThis.said = [];
      globalThis.say = (...values) => said.push(values.map((value) => value?.name ?? String(value)).join(" "))`);
    return guest;
  }

  /** Evaluates a script whose value is of no interest. */
  function run(guest: TestGuest, source: string): void {
    guest.evaluate(`${source};0`);
  }

  function said(guest: TestGuest): readonly string[] {
    return JSON.parse(String(guest.evaluate("JSON.stringify(said)"))) as readonly string[];
  }

  function answer(guest: TestGuest, id: number, ...headers: readonly string[]): void {
    const head: HeadEvent = [200, "OK", "http://a/", false, ...headers];
    guest.deliver(EventKind.Head, id, JSON.stringify(head));
  }

  /** What the host was asked for, without the body. */
  function asked(guest: TestGuest): readonly unknown[] {
    return guest.callsOf("fetch").map(([json]) => JSON.parse(String(json)) as unknown);
  }

  test("asks the host with URL, method, redirect mode and headers, as the script wrote them", async () => {
    using guest = await open({ baseUrl: "http://lamp.local/dir/" });

    run(
      guest,
      `
      fetch("x?y#z");
      fetch("https://a.example", { method: "post", redirect: "manual", headers: { "X-One": "1", b: "2" }, body: "hé" })`,
    );

    expect(asked(guest)).toEqual([
      ["http://lamp.local/dir/x?y#z", "GET", "follow"],
      [
        "https://a.example/",
        "POST",
        "manual",
        "X-One",
        "1",
        "b",
        "2",
        "Content-Type",
        "text/plain;charset=UTF-8",
      ],
    ]);
    expect(guest.callsOf("fetch").map(([, hasBody, body]) => [hasBody, body])).toEqual([
      [false, new ArrayBuffer(0)],
      [true, new Uint8Array(Buffer.from("hé")).buffer],
    ]);
  });

  test("gives the answer and its body", async () => {
    using guest = await open();
    run(
      guest,
      `
      (async () => {
        const response = await fetch("http://a/");
        say(response.status, response.statusText, response.ok, response.type, response.url, response.redirected);
        say(...response.headers.get("X").split(","), response.bodyUsed);
        say(await response.text(), response.bodyUsed);
      })()`,
    );

    answer(guest, 1, "x", "1", "X", "2");
    guest.deliver(EventKind.Data, 1, new Uint8Array([0xef, 0xbb, 0xbf, 0xe2]));
    guest.deliver(EventKind.Data, 1, new Uint8Array([0x82, 0xac, 0]));
    guest.deliver(EventKind.End, 1);

    expect(said(guest)).toEqual(["200 OK true basic http://a/ false", "1  2 false", "€\0 true"]);
  });

  test.each([
    ["json()", '{"a":[1]}', `value.a[0]`, "1"],
    ["arrayBuffer()", "ab", `value.byteLength`, "2"],
    ["bytes()", "ab", `value[1]`, "98"],
    ["blob()", "ab", `value.size + value.type`, "2text/plain; A=b"],
  ])("%s reads all of it", async (call, body, expression, expected) => {
    using guest = await open();
    run(
      guest,
      `
      fetch("http://a/").then(async (response) => { const value = await response.${call}; say(${expression}) })`,
    );

    answer(guest, 1, "content-type", "Text/PLAIN; A=b");
    for (const character of body) guest.deliver(EventKind.Data, 1, Buffer.from(character));
    guest.deliver(EventKind.End, 1);

    expect(said(guest)).toEqual([expected]);
  });

  test("gives the body as a stream", async () => {
    using guest = await open();
    run(
      guest,
      `
      (async () => {
        const response = await fetch("http://a/");
        for await (const chunk of response.body) say(chunk.length, chunk instanceof Uint8Array);
        say(response.bodyUsed);
        try { await response.text() } catch (error) { say(error) }
      })()`,
    );
    answer(guest, 1);
    guest.deliver(EventKind.Data, 1, new Uint8Array(3));
    guest.deliver(EventKind.Data, 1, new Uint8Array(4));
    guest.deliver(EventKind.End, 1);

    expect(said(guest)).toEqual(["3 true", "4 true", "true", "TypeError"]);
  });

  test("tells the host of room when half of what it may send was taken, and not before", async () => {
    using guest = await open();
    run(guest, `fetch("http://a/").then((response) => { globalThis.response = response })`);
    answer(guest, 1);
    guest.deliver(EventKind.Data, 1, new Uint8Array(fetchWindow));
    expect(guest.callsOf("fetchRead")).toEqual([]);

    run(guest, `response.text()`);

    expect(guest.callsOf("fetchRead")).toEqual([[1]]);
  });

  test("canceling the stream drops the fetch", async () => {
    using guest = await open();
    run(guest, `fetch("http://a/").then((response) => response.body.cancel())`);

    answer(guest, 1);
    guest.deliver(EventKind.Data, 1, new Uint8Array(1));

    expect(guest.callsOf("fetchAbort")).toEqual([[1]]);
  });

  test("clone() gives both the whole body, also when one of them is read later", async () => {
    using guest = await open();
    run(
      guest,
      `
      fetch("http://a/").then(async (response) => {
        globalThis.copy = response.clone();
        say(await response.text(), copy.bodyUsed);
      })`,
    );
    answer(guest, 1);
    guest.deliver(EventKind.Data, 1, Buffer.from("ab"));
    guest.deliver(EventKind.Data, 1, Buffer.from("c"));
    guest.deliver(EventKind.End, 1);

    run(guest, `copy.arrayBuffer().then((buffer) => say(buffer.byteLength, copy.bodyUsed))`);

    expect(said(guest)).toEqual(["abc false", "3 true"]);
  });

  describe("failures", () => {
    test("before the answer reject with a TypeError that says nothing", async () => {
      using guest = await open();
      run(guest, `fetch("http://a/").catch((error) => say(error, error.message))`);

      guest.deliver(EventKind.Failure, 1);

      expect(said(guest)).toEqual(["TypeError Failed to fetch"]);
    });

    test("within the body reject who reads it", async () => {
      using guest = await open();
      run(
        guest,
        `
        fetch("http://a/").then((response) => response.text()).catch((error) => say(error, error.message));
        fetch("http://a/").then((response) => response.body.getReader().read()).catch((error) => say(error, error.message))`,
      );
      for (const id of [1, 2]) {
        answer(guest, id);
        guest.deliver(EventKind.Failure, id);
      }

      expect(said(guest)).toEqual(["TypeError Failed to fetch", "TypeError Failed to fetch"]);
    });

    test.each([
      ["ftp://a/", {}],
      ["blob:http://a/b", {}],
      ["data:text/plain", {}],
      ["data:text/plain;base64,*", {}],
      ["http://a/", { integrity: "sha256-x" }],
    ])("%s %j rejects without asking the host", async (url, init) => {
      using guest = await open();

      run(
        guest,
        `fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).catch((error) => say(error, error.message))`,
      );

      expect(said(guest)).toEqual(["TypeError Failed to fetch"]);
      expect(asked(guest)).toEqual([]);
    });

    test("that the host answers at once reject, too", async () => {
      const answers = [0, -1];
      using guest = await open({ host: { fetch: () => answers.shift() ?? 0 } });

      run(
        guest,
        `
        fetch("http://a/").catch((error) => say(error, error instanceof DOMException));
        fetch("http://a/").catch((error) => say(error, error instanceof DOMException))`,
      );

      expect(said(guest)).toEqual(["TypeError false", "QuotaExceededError true"]);
    });

    test.each([
      `fetch()`,
      `fetch("http://[")`,
      `fetch("relative")`,
      `fetch("http://u:p@a/")`,
      `fetch("http://a/", { method: "TRACE" })`,
      `fetch("http://a/", { method: "A B" })`,
      `fetch("http://a/", { method: "GET\\r\\nX: y" })`,
      `fetch("http://a/", { body: "x" })`,
      `fetch("http://a/", { redirect: "x" })`,
      `fetch("http://a/", { mode: "navigate" })`,
      `fetch("http://a/", { cache: "only-if-cached" })`,
      `fetch("http://a/", { window: {} })`,
      `fetch("http://a/", { signal: {} })`,
      `fetch("http://a/", { headers: { a: "b\\nc" } })`,
      `fetch("http://a/", { method: "POST", body: new Response("x").body })`,
      `fetch(new Request("http://a/", { method: "POST", body: "x" }), { method: "GET" })`,
      `fetch(Symbol())`,
    ])("%s rejects with a TypeError", async (source) => {
      using guest = await open();

      run(guest, `${source}.catch((error) => say(error))`);

      expect(said(guest)).toEqual(["TypeError"]);
      expect(asked(guest)).toEqual([]);
    });
  });

  describe("abort", () => {
    test("before the call rejects with the reason and asks nothing", async () => {
      using guest = await open();

      run(
        guest,
        `
        fetch("http://a/", { signal: AbortSignal.abort() }).catch((error) => say(error));
        fetch("http://a/", { signal: AbortSignal.abort("why") }).catch((error) => say(error))`,
      );

      expect(said(guest)).toEqual(["AbortError", "why"]);
      expect(asked(guest)).toEqual([]);
    });

    test("before the answer rejects at once and drops the fetch", async () => {
      using guest = await open();
      run(
        guest,
        `
        const controller = new AbortController();
        fetch("http://a/", { signal: controller.signal }).catch((error) => say(error));
        controller.abort()`,
      );

      answer(guest, 1);

      expect(said(guest)).toEqual(["AbortError"]);
      expect(guest.callsOf("fetchAbort")).toEqual([[1]]);
    });

    test("within the body rejects who reads it, and drops the fetch", async () => {
      using guest = await open();
      run(
        guest,
        `
        const controller = new AbortController();
        fetch("http://a/", { signal: controller.signal })
          .then((response) => { setTimeout(() => {}, 0); controller.later = response.text(); controller.abort(new RangeError()); return controller.later })
          .catch((error) => say(error))`,
      );

      answer(guest, 1);

      expect(said(guest)).toEqual(["RangeError"]);
      expect(guest.callsOf("fetchAbort")).toEqual([[1]]);
    });

    test("after the end does nothing", async () => {
      using guest = await open();
      run(
        guest,
        `
        globalThis.controller = new AbortController();
        fetch("http://a/", { signal: controller.signal }).then((response) => response.text()).then(say)`,
      );
      answer(guest, 1);
      guest.deliver(EventKind.Data, 1, Buffer.from("all"));
      guest.deliver(EventKind.End, 1);

      run(guest, `controller.abort()`);

      expect(said(guest)).toEqual(["all"]);
      expect(guest.callsOf("fetchAbort")).toEqual([]);
    });

    test("of a Request's signal is followed by its clone and by fetch", async () => {
      using guest = await open();

      run(
        guest,
        `
        const controller = new AbortController();
        const request = new Request("http://a/", { signal: controller.signal });
        const copy = request.clone();
        copy.signal.onabort = () => say("copy aborted");
        fetch(request).catch((error) => say(error));
        say(request.signal === controller.signal, copy.signal.aborted);
        controller.abort();
        say(request.signal.aborted, request.signal.reason.name)`,
      );

      expect(said(guest)).toEqual(["false false", "copy aborted", "true AbortError", "AbortError"]);
    });
  });

  test("and its interfaces have the shapes that Web IDL gives them", async () => {
    using guest = await open();

    expect(
      guest.evaluate(`
        const shape = (object, key) => {
          const { enumerable, configurable, writable, get, value } = Object.getOwnPropertyDescriptor(object, key);
          return [typeof (get ?? value), enumerable, configurable, writable ?? "-", (get ?? value).name, (get ?? value).length].join();
        };
        [shape(globalThis, "fetch"), Headers.name, shape(globalThis, "Headers"), Request.length, Response.length, Headers.length, FormData.length,
         shape(Request.prototype, "json"), shape(Response.prototype, "body"), shape(Response, "redirect"), shape(Headers.prototype, "append"),
         Headers.prototype[Symbol.iterator] === Headers.prototype.entries, Object.prototype.toString.call(new Response()), "prototype" in fetch].join("; ")`),
    ).toBe(
      "function,true,true,true,fetch,1; Headers; function,false,true,true,Headers,0; 1; 0; 0; 0; " +
        "function,true,true,true,json,0; function,true,true,-,get body,0; function,true,true,true,redirect,1; " +
        "function,true,true,true,append,2; true; [object Response]; false",
    );
  });

  test("takes no notice of events for fetches that it does not know", async () => {
    using guest = await open();
    run(guest, `fetch("http://a/")`);

    guest.deliver(EventKind.Data, 7, new Uint8Array(1));
    guest.deliver(EventKind.End, 7);
    guest.deliver(EventKind.Failure, 7);

    expect(said(guest)).toEqual([]);
  });

  test("works when a script has changed the built-ins before it is first used", async () => {
    using guest = await open();
    run(
      guest,
      `
      Object.defineProperty(Object.prototype, "whole", { get() { throw new Error("changed") } });
      for (const name of ["defineProperty", "getOwnPropertyDescriptor", "entries", "keys"]) {
        Object[name] = Reflect[name] = () => { throw new Error("changed") };
      }
      Array.prototype[Symbol.iterator] = Array.prototype.push = () => { throw new Error("changed") };
      Promise.prototype.constructor = class {};
      String.prototype.toLowerCase = String.prototype.concat = () => { throw new Error("changed") };
      globalThis.texts = [];
      fetch("http://a/", { method: "POST", body: "x", headers: { A: "b" } }).then((response) => response.text()).then((text) => { texts[texts.length] = text })`,
    );

    answer(guest, 1, "X", "y");
    guest.deliver(EventKind.Data, 1, Buffer.from("body"));
    guest.deliver(EventKind.End, 1);

    expect(guest.evaluate("texts[0]")).toBe("body");
    expect(asked(guest)).toEqual([
      ["http://a/", "POST", "follow", "A", "b", "Content-Type", "text/plain;charset=UTF-8"],
    ]);
  });

  test("settles also when events wait for update()", async () => {
    using guest = await open({ delivery: "update" });
    run(guest, `fetch("http://a/").then((response) => response.text()).then(say)`);

    answer(guest, 1);
    guest.deliver(EventKind.Data, 1, Buffer.from("now"));
    guest.deliver(EventKind.End, 1);

    expect(said(guest)).toEqual(["now"]);
  });

  test.each([
    ["data:,a%20b", "a b", "text/plain;charset=US-ASCII"],
    ["data:text/html;charset=x,%C3%A9", "é", "text/html;charset=x"],
    ["data:;base64,aGk", "hi", "text/plain;charset=US-ASCII"],
    ["data:;charset=x,hi", "hi", "text/plain;charset=x"],
    ["data:application/json ; Base64,eyJhIjoxfQ==#x", '{"a":1}', "application/json"],
  ])("answers %s itself", async (url, text, type) => {
    using guest = await open();

    run(
      guest,
      `
      fetch(${JSON.stringify(url)}).then(async (response) => {
        say(await response.text());
        say(response.headers.get("content-type"));
      })`,
    );

    expect(said(guest)).toEqual([text, type]);
    expect(asked(guest)).toEqual([]);
  });
});
