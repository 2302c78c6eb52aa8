import { describe, expect, onTestFinished, test, vi } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { openSocket, prelude } from "../support/guest-socket.ts";
import { createGuest } from "../support/guest.ts";

describe.each(buildNames)("WebSocket.prototype.send on %s", (build) => {
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

    expect(guest.callsOf("send")).toEqual([[1, text]]);
  });

  test.each(["raw", "public"])("sends every text as it is by the %s way", async (way) => {
    vi.stubEnv("NETDEVICE_ENGINE", way);
    onTestFinished(() => void vi.unstubAllEnvs());
    using guest = await openSocket({ build });

    guest.evaluate(
      "ws.send('a\\0b\\ufeff'); ws.send('\\xe9'); ws.send('\\ud800\\u20ac'); ws.send('ab'.repeat(5000) + '\\0')",
    );

    expect(guest.callsOf("send")).toEqual([
      [1, "a\0b\ufeff"],
      [1, "\xe9"],
      [1, "\ufffd\u20ac"],
      [1, `${"ab".repeat(5_000)}\0`],
    ]);
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
    expect(call).toEqual([1, new Uint8Array(bytes).buffer]);
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

// How many calls a message takes decides what it costs: see docs/performance.md.
test("a message in takes no host call, and one out takes one", async () => {
  const calls = { now: 0, send: 0 };
  const host = {
    now: () => (calls.now += 1),
    send: () => void (calls.send += 1),
  };
  using guest = await openSocket({ host });
  guest.evaluate("ws.onmessage = ({ data }) => { if (data === 'answer') ws.send(data) }");
  const before = guest.calls.length;
  calls.now = 0;

  for (let index = 0; index < 100; index += 1) guest.deliver(EventKind.Text, 1, "ignored");
  for (let index = 0; index < 100; index += 1) guest.deliver(EventKind.Text, 1, "answer");

  expect({ ...calls, all: guest.calls.length - before }).toEqual({ now: 0, send: 100, all: 100 });
});
