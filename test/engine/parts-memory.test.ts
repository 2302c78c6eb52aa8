import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

// Apart from the other tests of the parts: an engine that is out of memory does not give back all that it has.
describe.each(buildNames)("a part of the runtime on %s", (build) => {
  test("that finds no memory is a RangeError, and is evaluated the next time", async () => {
    using guest = await createGuest({ build });

    expect(
      guest.evaluate(`
        const kept = [];
        let outcome;
        try { for (let size = 2 ** 20; size >= 2048; ) try { kept.push(new ArrayBuffer(size)) } catch { size /= 2 } } catch {}
        try { FileReader; outcome = "found room" } catch (error) { outcome = error instanceof RangeError }
        kept.length = 0;
        [outcome, typeof FileReader].join()`),
    ).toBe("true,function");
  });

  test("that finds no memory does not make the console throw", async () => {
    using guest = await createGuest({ build });

    guest.evaluate(`
      const kept = [];
      try { for (let size = 2 ** 20; size >= 2048; ) try { kept.push(new ArrayBuffer(size)) } catch { size /= 2 } } catch {}
      try { console.log({ a: 1 }); console.log({ a: 1 }, "b") } catch (error) { var thrown = error }
      kept.length = 0;
      console.log({ a: 1 }, thrown)`);

    expect(guest.callsOf("log").at(-1)).toEqual([1, JSON.stringify("{ a: 1 } undefined")]);
  });

  test("that decompresses ends with an error of the script when a few bytes grow beyond the memory", async () => {
    using guest = await createGuest({ build });
    const bytes = gzipSync(Buffer.alloc(128 * 2 ** 20)).toString("base64");

    guest.evaluate(`
      var name;
      (async () => {
        const kept = [];
        const packed = Uint8Array.from(atob("${bytes}"), (unit) => unit.charCodeAt(0));
        try {
          for await (const chunk of new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))) kept.push(chunk);
          name = "nothing";
        } catch (error) { name = "an error" }
      })(); 0`);

    expect(guest.evaluate("name")).toBe("an error");
    expect(guest.evaluate("1 + 1")).toBe(2);
  });
});
