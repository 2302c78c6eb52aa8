import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

/** Evaluates to the bytes of a blob after all jobs. */
const read = (source: string): string =>
  `var out; (async () => { const blob = ${source}; out = [...new Uint8Array(await blob.arrayBuffer())]; })(); 0`;

describe.each(buildNames)("Blob on %s", (build) => {
  test.each([
    ["new Blob()", ""],
    ["new Blob([])", ""],
    ["new Blob(['a', 1, null, {}])", "a1null[object Object]"],
    ["new Blob(new Set(['x', 'y']))", "xy"],
    ["new Blob(['\\ud800'])", "\ufffd"],
    ["new Blob([new Blob(['in']), 'out'])", "inout"],
    [
      "new Blob([new Uint8Array([65, 66, 67]).subarray(1), new DataView(new Uint8Array([68]).buffer), new Uint8Array([69]).buffer])",
      "BCDE",
    ],
    ["new Blob(['a\\r\\nb\\rc\\n'])", "a\r\nb\rc\n"],
    ["new Blob(['a\\r\\nb\\rc\\n\\r'], { endings: 'native' })", "a\nb\nc\n\n"],
    ["new Blob(['\\0'])", "\0"],
    ["new Blob(['abcdef']).slice(1, 3)", "bc"],
    ["new Blob(['abcdef']).slice(-2)", "ef"],
    ["new Blob(['abcdef']).slice(2, -1)", "cde"],
    ["new Blob(['abcdef']).slice(4, 2)", ""],
    ["new Blob(['abcdef']).slice(-100, 100)", "abcdef"],
    ["new Blob(['abcdef']).slice(1).slice(1, 3)", "cd"],
    ["new Blob(['abcdef']).slice(NaN, 1.5)", "ab"],
    ["new File(['file'], 'n')", "file"],
  ])("%s has the bytes of its parts", async (source, text) => {
    using guest = await createGuest({ build });

    guest.evaluate(read(source));

    expect(guest.evaluate("out")).toEqual([...Buffer.from(text)]);
  });

  test.each([
    ["undefined", ""],
    ["'Text/PLAIN'", "text/plain"],
    ["'a\\u007f'", ""],
    ["'é'", ""],
    ["null", "null"],
  ])("the type %s becomes %j", async (source, type) => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(
      `[new Blob([], { type: ${source} }).type, new Blob([], { type: "x/y" }).slice(0, 0, ${source}).type]`,
    );

    expect(found).toEqual([type, type]);
  });

  test("text() decodes UTF-8 without its byte order mark, bytes() gives a Uint8Array", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`var out = []; (async () => {
      out.push(await new Blob([new Uint8Array([0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, 0x61, 0, 0xff])]).text());
      const bytes = await new Blob(["xy"]).bytes(); out.push(bytes instanceof Uint8Array, bytes.length, await new Blob().text());
    })(); 0`);

    const [text, ...rest] = guest.evaluate(
      "[Array.from(out[0], (c) => c.codePointAt(0)), ...out.slice(1)]",
    ) as unknown[];

    expect(text).toEqual([0xfeff, 0x61, 0, 0xfffd]);
    expect(rest).toEqual([true, 2, ""]);
  });

  test("a blob keeps its bytes whatever happens to what it was made of or gave out", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`var source = new Uint8Array([1, 2]); var blob = new Blob([source]); source.fill(9); var out;
      (async () => { new Uint8Array(await blob.arrayBuffer()).fill(8); (await blob.bytes()).fill(7); out = [...await blob.bytes()]; })(); 0`);

    expect(guest.evaluate("out")).toEqual([1, 2]);
  });

  test("methods called on something else reject", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(
      `var out = []; for (const name of ["text", "arrayBuffer", "bytes"]) Blob.prototype[name].call({}).catch((e) => out.push(e instanceof TypeError)); 0`,
    );

    expect(guest.evaluate("out")).toEqual([true, true, true]);
  });

  test("a File has a name and a time", async () => {
    using guest = await createGuest({ build });

    const found =
      guest.evaluate(`const f = new File(["x"], "a\\ud800", { type: "t/t", lastModified: 5.9 });
      [f.name, f.lastModified, f.type, f.size, f instanceof Blob, typeof new File([], "n").lastModified]`);

    expect(found).toEqual(["a\ufffd", 5, "t/t", 1, true, "number"]);
  });

  test("a File converts its parts, then its name, then its options", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`const log = [];
      const text = (name) => ({ toString() { log.push(name); return name; } });
      new File([text("part")], text("name"), { get type() { log.push("type") }, get endings() { log.push("endings") }, get lastModified() { log.push("time") } });
      log`);

    expect(found).toEqual(["part", "name", "endings", "type", "time"]);
  });

  test("an argument that the constructors do not know is ignored", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`const log = []; const spy = () => log.push("called");
      new Blob([], {}, spy); new File([], "n", {}, spy); log`);

    expect(found).toEqual([]);
  });

  test("the operations that return promises are ordinary functions", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`["text", "arrayBuffer", "bytes"].map((name) =>
      [Object.getPrototypeOf(Blob.prototype[name]) === Function.prototype, String(Object.prototype.toString.call(Blob.prototype[name]))])`);

    expect(found).toEqual([
      [true, "[object Function]"],
      [true, "[object Function]"],
      [true, "[object Function]"],
    ]);
  });

  test("slices are those of Uint8Array for all positions", async () => {
    using guest = await createGuest({ build });
    const position = fc.integer({ min: -12, max: 12 });

    fc.assert(
      fc.property(position, position, (start, end) => {
        guest.evaluate(read(`new Blob(["0123456789"]).slice(${start}, ${end})`));

        expect(guest.evaluate("out")).toEqual([...Buffer.from("0123456789").subarray(start, end)]);
      }),
      { numRuns: 50 },
    );
  });
});
