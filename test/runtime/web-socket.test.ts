import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { builds } from "../support/builds.ts";
import { createGuest, type TestGuest, type TestGuestOptions } from "../support/guest.ts";

const names = Object.keys(builds) as (keyof typeof builds)[];

const prelude = `var log = []; var ws = new WebSocket("ws://a.test/path", ["p1", "p2"]);
  for (const type of ["open", "message", "error", "close"]) ws.addEventListener(type, () => log.push(type + ws.readyState));
  var attempt = (f) => { try { return f(); } catch (e) { return e.name; } };`;

async function openSocket(options: TestGuestOptions): Promise<TestGuest> {
  const guest = await createGuest(options);
  guest.evaluate(prelude);
  guest.deliver(EventKind.Open, 1, '["p2","ext"]');
  guest.evaluate("log.length = 0");
  return guest;
}

describe.each(names)("WebSocket on %s", (build) => {
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

  describe("send", () => {
    test.each([
      ["a string", "'hi'"],
      ["bytes", "new Uint8Array(2)"],
      ["a blob", "new Blob(['x'])"],
    ])("throws InvalidStateError for %s while connecting", async (_name, source) => {
      using guest = await createGuest({ build });

      const found = guest.evaluate(
        `${prelude} [attempt(() => ws.send(${source})), ws.bufferedAmount]`,
      );

      expect(found).toEqual(["InvalidStateError", 0]);
      expect(guest.callsOf("send")).toEqual([]);
    });

    test("converts its argument before it looks at the state", async () => {
      using guest = await createGuest({ build });

      const found = guest.evaluate(
        `${prelude} [attempt(() => ws.send(Symbol())), attempt(() => ws.send()), attempt(() => ws.send({ toString() { throw new RangeError(); } }))]`,
      );

      expect(found).toEqual(["TypeError", "TypeError", "RangeError"]);
    });

    test.each([
      ["'text'", "text"],
      ["null", "null"],
      ["undefined", "undefined"],
      ["12", "12"],
      ["{}", "[object Object]"],
      ["['a', 'b']", "a,b"],
      ["''", ""],
      ["'\\ud800a\\udc00'", "\ufffda\ufffd"],
      ["new String('boxed')", "boxed"],
      ["'\\ud83d\\ude00'", "😀"],
    ])("sends %s as text", async (source, text) => {
      using guest = await openSocket({ build });

      guest.evaluate(`ws.send(${source})`);

      expect(guest.callsOf("send")).toEqual([[1, text, text.length]]);
    });

    test("sends text as JSON when the host asks for it", async () => {
      using guest = await openSocket({
        build,
        host: { send: (_id, _data, length) => length >= 0 },
      });

      guest.evaluate("ws.send('a\\0b\\ufeff')");

      expect(guest.callsOf("send")[1]).toEqual([1, '"a\\u0000b\ufeff"', -1]);
    });

    test.each([
      ["new Uint8Array([1, 2, 3]).buffer", [1, 2, 3]],
      ["new Uint8Array([1, 2, 3])", [1, 2, 3]],
      ["new Uint8Array([1, 2, 3, 4]).subarray(1, 3)", [2, 3]],
      ["new Uint16Array([258])", [2, 1]],
      ["new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 2)", [3, 4]],
      ["new Uint8ClampedArray([300])", [255]],
      ["new BigInt64Array([1n])", [1, 0, 0, 0, 0, 0, 0, 0]],
      ["new Blob(['ab', new Uint8Array([0])])", [97, 98, 0]],
      ["new Blob(['abcdef']).slice(2, 4)", [99, 100]],
      ["new Blob()", []],
      ["new ArrayBuffer()", []],
      ["new File(['f'], 'name')", [102]],
    ])("sends %s as its bytes", async (source, bytes) => {
      using guest = await openSocket({ build });

      guest.evaluate(`ws.send(${source})`);

      const [call] = guest.callsOf("send");
      expect([call?.[0], [...new Uint8Array(call?.[1] as ArrayBuffer)], call?.[2]]).toEqual([
        1,
        bytes,
        0,
      ]);
    });

    test("sends the bytes of a view even when its properties lie", async () => {
      using guest = await openSocket({ build });

      guest.evaluate(`const view = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
        for (const key of ["byteLength", "byteOffset", "buffer", "length", "constructor"]) Object.defineProperty(view, key, { get() { throw new Error("asked"); } });
        Object.defineProperty(view, Symbol.toStringTag, { value: "DataView" });
        Object.defineProperty(Object.getPrototypeOf(Int8Array.prototype), "byteLength", { get: () => 1000 });
        ws.send(view)`);

      expect([...new Uint8Array(guest.callsOf("send")[0]?.[1] as ArrayBuffer)]).toEqual([2, 3]);
    });

    // https://webidl.spec.whatwg.org/#js-buffer-source-types
    test("refuses shared and resizable memory as Web IDL does", async () => {
      using guest = await openSocket({ build });

      const found = guest.evaluate(`[
        attempt(() => ws.send(new Uint8Array(new SharedArrayBuffer(4)))),
        attempt(() => ws.send(new DataView(new SharedArrayBuffer(4)))),
        attempt(() => ws.send(new ArrayBuffer(4, { maxByteLength: 8 }))),
        attempt(() => ws.send(new Uint8Array(new ArrayBuffer(4, { maxByteLength: 8 })))),
      ]`);

      expect(found).toEqual(["TypeError", "TypeError", "TypeError", "TypeError"]);
      expect(guest.callsOf("send")).toEqual([]);
    });

    test("a detached buffer and its views send no bytes", async () => {
      using guest = await openSocket({ build });

      guest.evaluate(`const buffer = new ArrayBuffer(8); const views = [new Uint8Array(buffer, 2), new DataView(buffer, 1)];
        buffer.transfer(); ws.send(buffer); for (const view of views) ws.send(view);`);

      expect(guest.callsOf("send").map(([, data]) => (data as ArrayBuffer).byteLength)).toEqual([
        0, 0, 0,
      ]);
    });

    test("bufferedAmount is the host's while the connection lives", async () => {
      let buffered = 0;
      using guest = await openSocket({ build, host: { bufferedAmount: () => buffered } });
      buffered = 1_000;

      expect(guest.evaluate("ws.bufferedAmount")).toBe(1_000);
    });

    test("bytes sent after close() add to bufferedAmount, which the close does not reset", async () => {
      using guest = await openSocket({ build, host: { bufferedAmount: () => 5 } });
      const amounts = [
        guest.evaluate("ws.close(); ws.send('añ😀\\ud800'); ws.bufferedAmount"),
        guest.evaluate("ws.send(new Uint16Array(3)); ws.bufferedAmount"),
      ];
      guest.deliver(EventKind.Close, 1, '[1006,"",false,true,3]');

      amounts.push(
        guest.evaluate("ws.bufferedAmount"),
        guest.evaluate("ws.send(new Blob(['xy'])); ws.bufferedAmount"),
      );

      // One, two, four and three bytes; then six; five unsent became three; then two.
      expect(amounts).toEqual([15, 21, 19, 21]);
      expect(guest.callsOf("send")).toEqual([]);
    });
  });

  describe("close", () => {
    test.each([
      ["", [0, ""]],
      ["undefined", [0, ""]],
      ["1000", [1000, ""]],
      ["3000, 'reason'", [3000, "reason"]],
      ["4999, undefined", [4999, ""]],
      ["undefined, 'reason'", [1000, "reason"]],
      ["1000.4, '\\ud800'", [1000, "\ufffd"]],
      ["'3001'", [3001, ""]],
      ["2999.5", [3000, ""]],
      ["1000, 'é'.repeat(61) + 'x'", [1000, `${"é".repeat(61)}x`]],
      ["1000, '\\0'", [1000, "\0"]],
    ])("close(%s) starts the closing handshake", async (source, [code, reason]) => {
      using guest = await openSocket({ build });

      const state = guest.evaluate(`ws.close(${source}); ws.readyState`);

      expect(state).toBe(2);
      expect(guest.callsOf("close")).toEqual([[1, code, JSON.stringify(reason)]]);
    });

    test.each([
      ["999", "InvalidAccessError"],
      ["1001", "InvalidAccessError"],
      ["2999", "InvalidAccessError"],
      ["5000", "InvalidAccessError"],
      ["0", "InvalidAccessError"],
      ["null", "InvalidAccessError"],
      ["NaN", "InvalidAccessError"],
      // Clamped, so that it does not become 1000 modulo 65,536.
      ["66536", "InvalidAccessError"],
      ["1000.6", "InvalidAccessError"],
      ["4999.5", "InvalidAccessError"],
      ["1000, 'x'.repeat(124)", "SyntaxError"],
      ["undefined, 'é'.repeat(62)", "SyntaxError"],
      ["1, 'x'.repeat(124)", "InvalidAccessError"],
      ["1000n", "TypeError"],
      ["Symbol()", "TypeError"],
      ["1000, Symbol()", "TypeError"],
    ])("close(%s) throws %s in every state", async (source, name) => {
      using guest = await createGuest({ build });
      guest.evaluate(prelude);
      const states = [guest.evaluate(`attempt(() => ws.close(${source}))`)];
      guest.deliver(EventKind.Open, 1, '["",""]');
      states.push(
        guest.evaluate(`attempt(() => ws.close(${source}))`),
        guest.evaluate("ws.readyState"),
      );
      guest.deliver(EventKind.Close, 1, '[1000,"",true,false,0]');

      states.push(guest.evaluate(`attempt(() => ws.close(${source}))`));

      expect(states).toEqual([name, name, 1, name]);
      expect(guest.callsOf("close")).toEqual([]);
    });

    test("does nothing the second time and after the end", async () => {
      using guest = await openSocket({ build });
      guest.evaluate("ws.close(); ws.close(3000)");
      guest.deliver(EventKind.Close, 1, '[1005,"",true,false,0]');

      guest.evaluate("ws.close()");

      expect(guest.callsOf("close")).toEqual([[1, 0, '""']]);
      expect(guest.evaluate("log")).toEqual(["close3"]);
    });

    test.each(["open", "message", "error", "close"])(
      "can be called again from inside on%s",
      async (type) => {
        using guest = await createGuest({ build });
        guest.evaluate(`${prelude} ws.on${type} = () => { ws.close(); ws.close(); };`);

        guest.deliver(EventKind.Open, 1, '["",""]');
        guest.deliver(EventKind.Text, 1, "m");
        guest.deliver(EventKind.Close, 1, '[1006,"",false,true,0]');

        const log = guest.evaluate("log") as string[];
        expect(log.slice(-2)).toEqual(["error3", "close3"]);
        expect(guest.callsOf("report")).toEqual([]);
      },
    );
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
