import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest, type TestGuest } from "../support/guest.ts";

/** Characters that take more than a byte, with what has to stand around them. */
const charactersOf: Readonly<Record<string, readonly (readonly number[])[]>> = {
  gbk: [
    [0xb0, 0xa1],
    [0x81, 0x40],
    [0xd6, 0xd0],
  ],
  gb18030: [
    [0xb0, 0xa1],
    [0x81, 0x30, 0x81, 0x30],
    [0x81, 0x35, 0xf4, 0x37],
  ],
  big5: [
    [0xa4, 0xa4],
    [0xa4, 0x40],
    [0xc9, 0x7e],
  ],
  "euc-jp": [
    [0xb0, 0xa1],
    [0x8e, 0xb1],
    [0x8f, 0xb0, 0xa1],
  ],
  "euc-kr": [
    [0xb0, 0xa1],
    [0xc7, 0xd1],
  ],
  shift_jis: [[0x88, 0x9f], [0x83, 0x5c], [0xe0, 0x40], [0xb1]],
  "iso-2022-jp": [
    [0x1b, 0x24, 0x42, 0x30, 0x21, 0x1b, 0x28, 0x42],
    [0x1b, 0x24, 0x40, 0x46, 0x7c, 0x4b, 0x5c, 0x1b, 0x28, 0x4a, 0x5c],
    [0x1b, 0x28, 0x49, 0x31, 0x32, 0x1b, 0x28, 0x42],
  ],
};

describe.each(buildNames)("%s", (build) => {
  let guest: TestGuest;
  beforeAll(async () => {
    guest = await createGuest({ build });
  });
  afterAll(() => guest[Symbol.dispose]());

  /** Calls a guest function with a copy of `input`, and copies its result. */
  function call(source: string, ...input: unknown[]): unknown {
    const json = guest.evaluate(`JSON.stringify((${source})(...${JSON.stringify(input)}))`);
    return JSON.parse(json as string) as unknown;
  }

  const anyString = fc.oneof(
    fc.string({ unit: "binary", maxLength: 100 }),
    fc.string({ unit: fc.constantFrom("a", "\0", "\ufeff", "\ud83d", "\ude00", "é", "€") }),
  );

  describe("TextEncoder", () => {
    test("encode() gives the bytes that Node gives for any string", () => {
      fc.assert(
        fc.property(anyString, (text) => {
          const bytes = call("(text) => [...new TextEncoder().encode(text)]", text);

          expect(bytes).toEqual([...new TextEncoder().encode(text)]);
        }),
      );
    });

    test("encodeInto() reads and writes what Node does for any string and capacity", () => {
      fc.assert(
        fc.property(anyString, fc.nat(120), (text, capacity) => {
          const expected = new Uint8Array(capacity);
          const { read, written } = new TextEncoder().encodeInto(text, expected);

          const actual = call(
            `(text, capacity) => {
              const bytes = new Uint8Array(capacity);
              const { read, written } = new TextEncoder().encodeInto(text, bytes);
              return [read, written, ...bytes];
            }`,
            text,
            capacity,
          );

          expect(actual).toEqual([read, written, ...expected]);
        }),
      );
    });

    test("encodeInto() takes a Uint8Array only", () => {
      expect(() => guest.evaluate(`new TextEncoder().encodeInto("a", new Int8Array(3))`)).toThrow(
        "Uint8Array",
      );
    });
  });

  describe("TextDecoder", () => {
    test.each(["utf-8", "utf-16le", "utf-16be", "windows-1251"])(
      "decodes any bytes as %s in one piece or in many, as Node does",
      (label) => {
        const chunk = fc.array(
          fc.oneof(fc.nat(255), fc.constantFrom(0xef, 0xbb, 0xbf, 0xf0, 0x9f, 0x98, 0xd8, 0xe2)),
          { maxLength: 8 },
        );
        fc.assert(
          fc.property(fc.array(chunk, { maxLength: 5 }), (chunks) => {
            const text = new TextDecoder(label).decode(Uint8Array.from(chunks.flat()));

            const [whole, pieces] = call(
              `(label, chunks) => {
                const decoder = new TextDecoder(label);
                let text = "";
                for (const chunk of chunks) {
                  text += decoder.decode(new Uint8Array(chunk), { stream: true });
                }
                text += decoder.decode();
                return [decoder.decode(new Uint8Array(chunks.flat())), text];
              }`,
              label,
              chunks,
            ) as [string, string];

            expect(whole).toBe(text);
            expect(pieces).toBe(text);
          }),
        );
      },
    );

    test("gives a character as soon as its last byte is there", () => {
      const texts = call(`() => {
        const decoder = new TextDecoder();
        return [[0xf0, 0x9f], [0x98], [0x80, 0x41]].map((bytes) =>
          decoder.decode(new Uint8Array(bytes), { stream: true }));
      }`);

      expect(texts).toEqual(["", "", "\u{1f600}A"]);
    });

    test("drops one byte order mark unless told to keep it", () => {
      const texts = call(`() => {
        const bytes = new Uint8Array([0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, 0x41]);
        return [new TextDecoder().decode(bytes),
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)];
      }`);

      expect(texts).toEqual(["\ufeffA", "\ufeff\ufeffA"]);
    });

    test("fatal decoding throws a TypeError for malformed data", () => {
      const name = call(`() => {
        try { new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([0xff])); }
        catch (error) { return error instanceof TypeError; }
      }`);

      expect(name).toBe(true);
    });

    test("names the encoding of a label and refuses others with a RangeError", () => {
      expect(call(`() => new TextDecoder(" LATIN1\\n").encoding`)).toBe("windows-1252");
      expect(() => guest.evaluate(`new TextDecoder("nonsense")`)).toThrow(
        expect.objectContaining({ name: "RangeError" }),
      );
    });

    test("takes buffers, views and shared memory, and only these", () => {
      const texts = call(`() => {
        const bytes = new Uint8Array([0x61, 0x62, 0x63]);
        const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(0x78);
        return [bytes.buffer, bytes.subarray(1), new DataView(bytes.buffer, 2), shared, shared.buffer]
          .map((source) => new TextDecoder().decode(source));
      }`);

      expect(texts).toEqual(["abc", "bc", "c", "xx", "xx"]);
      expect(() => guest.evaluate("new TextDecoder().decode([97])")).toThrow("BufferSource");
    });
  });

  describe("base64", () => {
    test("btoa() and atob() agree with Node for any bytes", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
          const binary = Buffer.from(bytes).toString("latin1");
          const base64 = Buffer.from(bytes).toString("base64");

          expect(call("btoa", binary)).toBe(base64);
          expect(call("atob", base64)).toBe(binary);
        }),
      );
    });

    test("atob() takes and refuses what Node's does", () => {
      const text = fc.string({ unit: fc.constantFrom("A", "b", "/", "=", " ", "\n", "é", "-") });
      fc.assert(
        fc.property(text, (data) => {
          let expected: string;
          try {
            expected = atob(data);
          } catch {
            expected = "InvalidCharacterError";
          }

          const actual = call(
            "(data) => { try { return atob(data) } catch (error) { return error.name } }",
            data,
          );

          expect(actual).toBe(expected);
        }),
        { numRuns: 300 },
      );
    });

    test("btoa() refuses characters outside of Latin-1", () => {
      const caught = call(`() => { try { btoa("\\u0100") } catch (error) {
        return [error instanceof DOMException, error.name, error.code] } }`);

      expect(caught).toEqual([true, "InvalidCharacterError", 5]);
    });
  });

  test.each(["gbk", "gb18030", "big5", "euc-jp", "euc-kr", "shift_jis", "iso-2022-jp"])(
    "a stream in %s gives what is complete at once, and the text of the whole wherever it is cut",
    async (encoding) => {
      using guest = await createGuest({ build });
      guest.evaluate(`
        const decodeParts = (parts) => {
          const decoder = new TextDecoder("${encoding}");
          let text = "";
          for (const part of parts) text += decoder.decode(new Uint8Array(part), { stream: true });
          return JSON.stringify([text, text + decoder.decode()]);
        }`);
      const whole = (bytes: readonly number[]): string =>
        JSON.parse(
          guest.evaluate(
            `JSON.stringify(new TextDecoder("${encoding}").decode(new Uint8Array(${JSON.stringify(bytes)})))`,
          ) as string,
        ) as string;
      const character = fc.constantFrom<readonly number[]>(
        [0x20],
        [0x41],
        [0x7e],
        ...(charactersOf[encoding] ?? []),
      );
      fc.assert(
        fc.property(fc.array(character, { minLength: 1, maxLength: 12 }), fc.nat(), (text, at) => {
          const bytes = text.flat();
          const cut = at % (bytes.length + 1);
          const parts = [bytes.slice(0, cut), bytes.slice(cut)];
          const [streamed, complete] = JSON.parse(
            guest.evaluate(`decodeParts(${JSON.stringify(parts)})`) as string,
          ) as [string, string];
          expect(complete).toBe(whole(bytes));
          expect(streamed).toBe(complete);
        }),
        { numRuns: 60 },
      );
    },
  );
});
