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

  function run(body: string): unknown {
    const json = guest.evaluate(`JSON.stringify((() => { ${body} })())`);
    return JSON.parse(json as string) as unknown;
  }

  test("any JSON value is cloned", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.stringify(value);

        const clone = run(`return structuredClone(JSON.parse(${JSON.stringify(json)}))`);

        expect(JSON.stringify(clone)).toBe(json);
      }),
    );
  });

  test("primitives stay what they are", () => {
    const same = run(`return [undefined, null, NaN, -0, 10n, true, "\\0\\ud800"]
      .map((value) => Object.is(structuredClone(value), value))`);

    expect(same).toEqual(Array.from({ length: 7 }, () => true));
  });

  test("cycles and shared references are kept", () => {
    const kept = run(`
      const shared = {}; const value = { a: shared, b: [shared], m: new Map([[shared, shared]]) };
      value.self = value; value.s = new Set([value]);
      const clone = structuredClone(value);
      return [clone !== value, clone.self === clone, clone.a === clone.b[0], clone.a !== shared,
        clone.m.get(clone.a) === clone.a, clone.s.has(clone)];
    `);

    expect(kept).toEqual(Array.from({ length: 6 }, () => true));
  });

  test("built-in objects keep their kind", () => {
    const kept = run(`
      const clone = structuredClone({ date: new Date(5), re: /a\\/b/giy, number: new Number(3),
        string: new String("ab"), boolean: new Boolean(false), bigint: Object(4n),
        holes: Object.assign([1, , 3], { extra: 1 }) });
      return [clone.date instanceof Date && clone.date.getTime(), String(clone.re), clone.re.lastIndex,
        typeof clone.number + clone.number, clone.string.length, typeof clone.boolean,
        clone.bigint + 1n === 5n, 1 in clone.holes, clone.holes.length, clone.holes.extra];
    `);

    expect(kept).toEqual([5, "/a\\/b/giy", 0, "object3", 2, "object", true, false, 3, 1]);
  });

  test("errors keep their name, message, stack and cause", () => {
    const kept = run(`
      class Own extends RangeError { name = "Own" }
      const error = new TypeError("t", { cause: [1] });
      const clone = structuredClone(error);
      return [clone instanceof TypeError, clone.message, clone.stack === error.stack, clone.cause,
        structuredClone(new Own("o")).constructor === Error,
        structuredClone(new DOMException("m", "AbortError")).code];
    `);

    expect(kept).toEqual([true, "t", true, [1], true, 20]);
  });

  test("views share one copy of their buffer", () => {
    const kept = run(`
      const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
      new Uint8Array(buffer).fill(7);
      const clone = structuredClone([new Uint16Array(buffer, 2, 2), new DataView(buffer, 1, 3), buffer]);
      return [clone[0].buffer === clone[2], clone[1].buffer === clone[2], clone[2] !== buffer,
        clone[0].byteOffset, clone[0].length, clone[1].byteLength, clone[0][0], clone[2].maxByteLength];
    `);

    expect(kept).toEqual([true, true, true, 2, 2, 3, 0x0707, 16]);
  });

  test("blobs and files are copied", () => {
    const kept = run(`
      const blob = structuredClone(new Blob(["abc"], { type: "a/b" }));
      const file = structuredClone(new File(["x"], "name", { type: "c/d", lastModified: 9 }));
      return [blob.size, blob.type, blob instanceof File, file.name, file.lastModified, file.type, file.size];
    `);

    expect(kept).toEqual([3, "a/b", false, "name", 9, "c/d", 1]);
  });

  test("transferred buffers move and leave the original detached", () => {
    const moved = run(`
      const buffer = new Uint8Array([1, 2, 3]).buffer;
      const clone = structuredClone({ view: new Uint8Array(buffer, 1) }, { transfer: [buffer] });
      return [buffer.detached, [...clone.view], clone.view.buffer.byteLength];
    `);

    expect(moved).toEqual([true, [2, 3], 3]);
  });

  test("a buffer that a getter detaches meanwhile is a DataCloneError", () => {
    const outcome = run(`
      const buffer = new ArrayBuffer(3);
      const other = new ArrayBuffer(5);
      const value = { get a() { structuredClone(0, { transfer: [buffer] }) } };
      try { structuredClone(value, { transfer: [other, buffer] }) } catch (error) { return [error.name, other.byteLength] }
    `);

    expect(outcome).toEqual(["DataCloneError", 5]);
  });

  test("errors keep their cause, and collections their cycles", () => {
    const outcome = run(`
      const error = new RangeError("outer", { cause: new DOMException("inner", "AbortError") });
      const map = new Map([["error", error]]);
      map.set(map, new Set([map, error]));
      const clone = structuredClone(map);
      const [key] = [...clone.keys()].slice(1);
      return [clone !== map, key === clone, [...clone.get(clone)][0] === clone, [...clone.get(clone)][1] === clone.get("error"),
        clone.get("error") instanceof RangeError, clone.get("error").cause.name, clone.get("error").cause instanceof DOMException];
    `);

    expect(outcome).toEqual([true, true, true, true, true, "AbortError", true]);
  });

  test("nothing is transferred when the clone fails", () => {
    const outcome = run(`
      const buffer = new ArrayBuffer(3);
      try { structuredClone(() => {}, { transfer: [buffer] }) }
      catch (error) { return [error.name, error.code, buffer.byteLength] }
    `);

    expect(outcome).toEqual(["DataCloneError", 25, 3]);
  });

  test.each([
    "() => {}",
    "Symbol()",
    "Object(Symbol())",
    "{ a: [class {}] }",
    "new WeakMap()",
    "Promise.resolve()",
    "new Event('x')",
    "new EventTarget()",
    `new WebSocket("ws://h/")`,
    `new URL("http://h/")`,
    "new AbortController().signal",
    "new SharedArrayBuffer(1)",
    "new Uint8Array(new SharedArrayBuffer(1))",
    "crypto",
    "new MessageChannel().port1",
    "Object.setPrototypeOf(new MessageChannel().port1, null)",
    "new MessageChannel()",
    "new ReadableStream()",
    "new ReadableStream().getReader()",
    "new WritableStream()",
    "new TransformStream()",
    "new Headers()",
    "new Response()",
    "new FormData()",
    "new FileReader()",
    "new URLSearchParams()",
  ])("%s throws a DataCloneError", (source) => {
    expect(() => guest.evaluate(`structuredClone(${source})`)).toThrow(
      expect.objectContaining({ name: "DataCloneError" }),
    );
  });

  test.each(["[{}]", "[buffer, buffer]", "[new Uint8Array(1)]"])(
    "the transfer list %s throws a DataCloneError",
    (list) => {
      expect(() =>
        guest.evaluate(
          `{ const buffer = new ArrayBuffer(1); structuredClone(1, { transfer: ${list} }) }`,
        ),
      ).toThrow(expect.objectContaining({ name: "DataCloneError" }));
    },
  );
});
