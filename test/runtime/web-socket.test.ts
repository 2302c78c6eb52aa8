import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { openSocket, prelude } from "../support/guest-socket.ts";
import { createGuest } from "../support/guest.ts";

describe.each(buildNames)("WebSocket on %s", (build) => {
  describe("constructor", () => {
    test("starts a connection and takes URL and state from the host", async () => {
      using guest = await createGuest({
        build,
        host: { connect: () => '[7,"ws://normal.test/","ws://normal.test"]' },
      });

      const found = guest.evaluate(`const ws = new WebSocket("HTTP://Normal.test");
        [ws.url, ws.readyState, ws.protocol, ws.extensions, ws.binaryType, ws.bufferedAmount, ws.onopen, String(ws)]`);

      expect(found).toEqual([
        "ws://normal.test/",
        0,
        "",
        "",
        "blob",
        0,
        null,
        "[object WebSocket]",
      ]);
      expect(guest.callsOf("connect")).toEqual([['["HTTP://Normal.test"]']]);
    });

    test("one connection more than the host takes now is a QuotaExceededError", async () => {
      using guest = await createGuest({ build, host: { connect: () => '[-1,"too many"]' } });

      const found = guest.evaluate(
        `try { new WebSocket("ws://a.test/") } catch (e) { [e.name, e.message, e instanceof DOMException] }`,
      );

      expect(found).toEqual(["QuotaExceededError", "too many", true]);
    });

    test("a URL that the host refuses is a SyntaxError", async () => {
      using guest = await createGuest({ build, host: { connect: () => '[0,"no fragment"]' } });

      const found = guest.evaluate(
        `try { new WebSocket("ws://a.test/#x") } catch (e) { [e.name, e.code, e.message, e instanceof DOMException] }`,
      );

      expect(found).toEqual(["SyntaxError", 12, "no fragment", true]);
    });

    test("converts url once, then protocols, and replaces lone surrogates in the url", async () => {
      using guest = await createGuest({ build });

      const found = guest.evaluate(`var log = [];
        new WebSocket({ toString() { log.push("url"); return "ws://a.test/\\ud800\\0\\ufeff"; } },
          { [Symbol.iterator]: function* () { log.push("iterator"); yield { toString() { log.push("item"); return "p"; } }; } });
        log`);

      expect(found).toEqual(["url", "iterator", "item"]);
      expect(guest.callsOf("connect")).toEqual([
        [JSON.stringify(["ws://a.test/\ufffd\0\ufeff", "p"])],
      ]);
    });

    test.each([
      ["[]", []],
      ["undefined", []],
      ["'one'", ["one"]],
      ["['a', 'A', 'b']", ["a", "A", "b"]],
      ["new Set(['x', 'y'])", ["x", "y"]],
      ["new String('s')", ["s"]],
      ["null", ["null"]],
      ["{ toString: () => 'object' }", ["object"]],
      ["'!#$%&\\'*+-.^_`|~09azAZ'", ["!#$%&'*+-.^_`|~09azAZ"]],
      ["['__proto__', 'constructor']", ["__proto__", "constructor"]],
    ])("offers the protocols of %s", async (source, expected) => {
      using guest = await createGuest({ build });

      guest.evaluate(`new WebSocket("ws://a.test/", ${source}); 0`);

      expect(JSON.parse(String(guest.callsOf("connect")[0]?.[0]))).toEqual([
        "ws://a.test/",
        ...expected,
      ]);
    });

    test.each([
      ["''", "SyntaxError"],
      ["'a b'", "SyntaxError"],
      ["'a,b'", "SyntaxError"],
      ["'a\\r\\nb'", "SyntaxError"],
      ["'\\0'", "SyntaxError"],
      ["'\\x7f'", "SyntaxError"],
      ["'é'", "SyntaxError"],
      ["['a', 'a']", "SyntaxError"],
      ["['a', '']", "SyntaxError"],
      ["{}", "SyntaxError"],
      ["Symbol.iterator", "TypeError"],
      ["[Symbol.iterator]", "TypeError"],
      ["{ [Symbol.iterator]: 1 }", "TypeError"],
      ["{ [Symbol.iterator]: () => 1 }", "TypeError"],
      ["{ toString() { throw new RangeError() } }", "RangeError"],
    ])("throws for the protocols %s and connects nothing", async (source, name) => {
      using guest = await createGuest({ build });

      const found = guest.evaluate(
        `try { new WebSocket("ws://a.test/", ${source}); "none" } catch (e) { e.name }`,
      );

      expect(found).toBe(name);
      expect(guest.callsOf("connect")).toEqual([]);
    });

    test("all characters up to U+00FF are protocols exactly when they are token characters", async () => {
      using guest = await createGuest({ build });

      const accepted = guest.evaluate(`let text = "";
        for (let i = 0; i < 256; i++) { try { new WebSocket("ws://a.test/", String.fromCharCode(i)); text += String.fromCharCode(i); } catch {} }
        text`);

      const token = Array.from({ length: 256 }, (_, unit) => String.fromCharCode(unit)).filter(
        (one) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(one),
      );
      expect(accepted).toBe(token.join(""));
    });
  });

  describe("events", () => {
    test("open tells the negotiated protocol and extensions", async () => {
      using guest = await createGuest({ build });
      guest.evaluate(`${prelude} ws.onopen = (e) => log.push(e.type, ws.protocol, ws.extensions, e.isTrusted,
        e instanceof Event, e.bubbles, e.cancelable, Object.getPrototypeOf(e) === Event.prototype)`);

      guest.deliver(EventKind.Open, 1, '["p2","permessage-deflate"]');

      expect(guest.evaluate("log")).toEqual([
        "open1",
        "open",
        "p2",
        "permessage-deflate",
        true,
        true,
        false,
        false,
        true,
      ]);
    });

    test.each([
      ["text", EventKind.Text, "hällo", "hällo"],
      [
        "text that crosses as JSON",
        EventKind.JsonText,
        '"a\\u0000\\ud800\\ufeff"',
        "a\0\ud800\ufeff",
      ],
      ["empty text", EventKind.Text, "", ""],
    ] as const)("delivers %s exactly", async (_name, kind, data, expected) => {
      using guest = await openSocket({ build });
      guest.evaluate(
        "ws.onmessage = (e) => { log.push([e.data.length, ...Array.from(e.data, (c) => c.codePointAt(0))], e.origin, e.lastEventId, e.ports.length, e instanceof MessageEvent) }",
      );

      guest.deliver(kind, 1, data);

      const codes = Array.from(expected, (character) => character.codePointAt(0));
      expect(guest.evaluate("log")).toEqual([
        "message1",
        [expected.length, ...codes],
        "ws://a.test",
        "",
        0,
        true,
      ]);
    });

    test("binary messages come as binaryType says at that moment", async () => {
      using guest = await openSocket({ build });
      guest.evaluate(`ws.onmessage = (e) => { const d = e.data; log.push(Object.prototype.toString.call(d));
        if (d instanceof Blob) d.arrayBuffer().then((b) => log.push([d.size, d.type, ...new Uint8Array(b)])); else log.push([...new Uint8Array(d)]); };
        log.push(ws.binaryType)`);

      guest.deliver(EventKind.Binary, 1, new Uint8Array([0, 1, 255]));
      guest.evaluate(
        "ws.binaryType = 'arraybuffer'; ws.binaryType = 'nonsense'; log.push(ws.binaryType)",
      );
      guest.deliver(EventKind.Binary, 1, new Uint8Array([9]));
      guest.evaluate("ws.binaryType = 'blob'");
      guest.deliver(EventKind.Binary, 1, new Uint8Array());

      expect(guest.evaluate("log")).toEqual([
        "blob",
        "message1",
        "[object Blob]",
        [3, "", 0, 1, 255],
        "arraybuffer",
        "message1",
        "[object ArrayBuffer]",
        [9],
        "message1",
        "[object Blob]",
        [0, ""],
      ]);
    });

    test("a failure fires error and then close, both with readyState CLOSED", async () => {
      using guest = await openSocket({ build });
      guest.evaluate(`ws.onclose = (e) => log.push(e.code, e.reason, e.wasClean, e instanceof CloseEvent);
        ws.onerror = (e) => { log.push(e.type, e instanceof ErrorEvent); Promise.resolve().then(() => log.push("job")); }`);

      guest.deliver(EventKind.Close, 1, '[1006,"",false,true,0]');

      expect(guest.evaluate("log")).toEqual([
        "error3",
        "error",
        false,
        "job",
        "close3",
        1006,
        "",
        false,
        true,
      ]);
    });

    test("a clean close fires close alone", async () => {
      using guest = await openSocket({ build });
      guest.evaluate("ws.onclose = (e) => log.push(e.code, e.reason, e.wasClean)");

      guest.deliver(EventKind.Close, 1, '[4001,"bye \\ud83d\\ude00",true,false,0]');

      expect(guest.evaluate("log")).toEqual(["close3", 4001, "bye 😀", true]);
    });

    test("messages after close() are dropped", async () => {
      using guest = await openSocket({ build });
      guest.evaluate("ws.close()");

      guest.deliver(EventKind.Text, 1, "late");
      guest.deliver(EventKind.Close, 1, '[1005,"",true,false,0]');

      expect(guest.evaluate("log")).toEqual(["close3"]);
    });

    test("close() while connecting keeps CLOSING until error and close", async () => {
      using guest = await createGuest({ build });
      guest.evaluate(`${prelude} ws.close(); log.push(ws.readyState)`);

      guest.deliver(EventKind.Open, 1, '["",""]');
      guest.deliver(EventKind.Close, 1, '[1006,"",false,true,0]');

      expect(guest.evaluate("log")).toEqual([2, "error3", "close3"]);
      expect(guest.callsOf("close")).toEqual([[1, 0, '""']]);
    });

    test("nothing is delivered after close", async () => {
      using guest = await openSocket({ build });
      guest.deliver(EventKind.Close, 1, '[1000,"",true,false,0]');
      guest.evaluate("log.length = 0");

      guest.deliver(EventKind.Text, 1, "late");
      guest.deliver(EventKind.Close, 1, '[1000,"",true,false,0]');
      guest.deliver(EventKind.Open, 1, '["",""]');
      guest.deliver(EventKind.Text, 99, "unknown");

      expect(guest.evaluate("[log.length, ws.readyState]")).toEqual([0, 3]);
    });

    test("an exception in one listener is reported and does not stop the others or the socket", async () => {
      using guest = await openSocket({ build });
      guest.evaluate(`ws.onmessage = () => { throw new TypeError("first"); };
        ws.addEventListener("message", () => log.push("second")); ws.addEventListener("message", { });`);

      guest.deliver(EventKind.Text, 1, "m");

      expect(guest.evaluate("[...log, ws.readyState]")).toEqual(["message1", "second", 1]);
      expect(
        guest.callsOf("report").map(([json]) => (JSON.parse(String(json)) as string[])[0]),
      ).toEqual(["TypeError", "TypeError"]);
    });
  });

  test("readyState never falls, open fires at most once and close exactly once, whatever happens", async () => {
    const step = fc.oneof(
      fc.constantFrom(
        "ws.close()",
        "ws.send('x')",
        "ws.onmessage = () => ws.close()",
        "ws.onopen = () => { throw 1; }",
        "ws.destroy()",
      ),
      fc.constantFrom(
        [EventKind.Open, '["",""]'],
        [EventKind.Text, "m"],
        [EventKind.Close, '[1006,"",false,true,1]'],
        [EventKind.Close, '[1000,"",true,false,0]'],
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        using guest = await createGuest({ build });
        guest.evaluate(prelude);
        const states: number[] = [0];

        for (const one of steps) {
          if (typeof one === "string") guest.evaluate(`attempt(() => { ${one} })`);
          else guest.deliver(one[0], 1, one[1]);
          states.push(guest.evaluate("ws.readyState") as number);
        }

        expect(states).toEqual(states.toSorted((a, b) => a - b));
        const log = guest.evaluate("log") as string[];
        const count = (type: string): number =>
          log.filter((entry) => entry.startsWith(type)).length;
        expect(count("open")).toBeLessThanOrEqual(1);
        expect(count("close")).toBeLessThanOrEqual(1);
        if (steps.some((one) => one === "ws.destroy()")) return;
        const isClosed = steps.some((one) => typeof one !== "string" && one[0] === EventKind.Close);
        expect(count("close")).toBe(isClosed ? 1 : 0);
        if (isClosed) expect(log.at(-1)).toBe("close3");
      }),
      { numRuns: 20 },
    );
  });
});
