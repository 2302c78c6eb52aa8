import {
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
} from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest, type TestGuest } from "../support/guest.ts";

const formats = [
  { format: "gzip", pack: gzipSync, unpack: gunzipSync },
  { format: "deflate", pack: deflateSync, unpack: inflateSync },
  { format: "deflate-raw", pack: deflateRawSync, unpack: inflateRawSync },
] as const;

type Outcome = readonly [bytes: readonly number[], error: string];

/** What comes out of a stream of the guest for chunks of bytes, and the name of the error that it ends with. */
function pipe(guest: TestGuest, stream: string, chunks: readonly Uint8Array[]): Outcome {
  guest.evaluate(`var out; (async () => {
    const bytes = [];
    let name = "";
    try {
      const chunks = ${JSON.stringify(chunks.map((chunk) => [...chunk]))}.map((chunk) => Uint8Array.from(chunk));
      for await (const chunk of ReadableStream.from(chunks).pipeThrough(new ${stream})) for (const byte of chunk) bytes.push(byte);
    } catch (error) { name = error.name }
    out = JSON.stringify([bytes, name]);
  })(); 0`);
  return JSON.parse(String(guest.evaluate("out"))) as Outcome;
}

const cut = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );

describe.each(buildNames)("compression on %s", (build) => {
  describe.each(formats)("$format", ({ format, pack, unpack }) => {
    test("compresses what another implementation decompresses, for all bytes in all chunks", async () => {
      using guest = await createGuest({ build });

      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 300 }),
          fc.integer({ min: 1, max: 100 }),
          (bytes, size) => {
            const [made] = pipe(guest, `CompressionStream("${format}")`, cut(bytes, size));
            expect([...unpack(Uint8Array.from(made))]).toEqual([...bytes]);
          },
        ),
        { numRuns: 15 },
      );
    });

    test("decompresses what another implementation compressed, for all bytes in all chunks", async () => {
      using guest = await createGuest({ build });

      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 300 }),
          fc.integer({ min: 1, max: 100 }),
          (bytes, size) => {
            expect(pipe(guest, `DecompressionStream("${format}")`, cut(pack(bytes), size))).toEqual(
              [[...bytes], ""],
            );
          },
        ),
        { numRuns: 15 },
      );
    });

    test("errors where the data ends too early, after what was there", async () => {
      using guest = await createGuest({ build });
      const packed = pack("hello");

      for (let length = 0; length < packed.length; length++) {
        expect(
          pipe(guest, `DecompressionStream("${format}")`, [packed.subarray(0, length)])[1],
        ).toBe("TypeError");
      }
    });

    test("errors on data behind the end, in the same chunk or in another", async () => {
      using guest = await createGuest({ build });
      const packed = pack("hello");

      const together = pipe(guest, `DecompressionStream("${format}")`, [
        Buffer.concat([packed, packed]),
      ]);
      const apart = pipe(guest, `DecompressionStream("${format}")`, [packed, Uint8Array.of(0)]);

      expect([together[1], apart[1]]).toEqual(["TypeError", "TypeError"]);
    });

    test("takes empty chunks, also behind the end", async () => {
      using guest = await createGuest({ build });
      const empty = new Uint8Array(0);

      const outcome = pipe(guest, `DecompressionStream("${format}")`, [
        empty,
        pack("hello"),
        empty,
      ]);

      expect(outcome).toEqual([[...Buffer.from("hello")], ""]);
    });
  });

  test.each([
    ["gzip", gzipSync("hello"), -8],
    ["deflate", deflateSync("hello"), -1],
  ] as const)("a wrong checksum of %s is an error", async (format, packed, at) => {
    using guest = await createGuest({ build });
    const broken = Uint8Array.from(packed);
    broken[broken.length + at] = (broken.at(at) ?? 0) ^ 1;

    expect(pipe(guest, `DecompressionStream("${format}")`, [broken])[1]).toBe("TypeError");
  });

  test("data that is no such format is a TypeError of both sides", async () => {
    using guest = await createGuest({ build });

    guest.evaluate(`var out = [];
      const stream = new DecompressionStream("gzip");
      stream.readable.getReader().read().catch((error) => out.push(error.name));
      stream.writable.getWriter().write(new TextEncoder().encode("no gzip at all")).catch((error) => out.push(error.name)); 0`);

    expect(guest.evaluate("out")).toEqual(["TypeError", "TypeError"]);
  });

  test("chunks that are no bytes are a TypeError", async () => {
    using guest = await createGuest({ build });

    guest.evaluate(`var out = [];
      for (const stream of [new CompressionStream("gzip"), new DecompressionStream("gzip")]) {
        stream.readable.getReader().read().catch(() => {});
        const other = stream.writable.getWriter();
        other.write("text").catch((error) => out.push(error.name));
        other.closed.catch(() => {});
      } 0`);

    expect(guest.evaluate("out")).toEqual(["TypeError", "TypeError"]);
  });

  test("an unknown format is a TypeError of the constructor", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`[["brotli"], ["GZIP"], []].map((input) => {
      try { new CompressionStream(...input); } catch (error) { return error.name }
    })`);

    expect(found).toEqual(["TypeError", "TypeError", "TypeError"]);
  });
});
