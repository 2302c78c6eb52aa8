import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";
import { streamNames } from "../support/stream-names.ts";

/** Runs the body of an async function to its end and answers what it returned, or the error it threw. */
const settle = (body: string): string =>
  `var out; (async () => { ${body} })().then((value) => { out = value }, (error) => { out = "" + error }); 0`;

describe.each(buildNames)("streams on %s", (build) => {
  test("the interfaces look as Web IDL says", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`${JSON.stringify(streamNames)}.map((name) => {
      const constructor = globalThis[name];
      return [constructor.name, Object.prototype.toString.call(constructor.prototype), /\\[native code\\]/.test(constructor),
        Object.getOwnPropertyDescriptor(globalThis, name).enumerable].join();
    })`);

    expect(found).toEqual(streamNames.map((name) => `${name},[object ${name}],true,false`));
  });

  test.each([
    [
      "a stream gives its chunks in order and ends",
      `const stream = new ReadableStream({ start(c) { c.enqueue("a"); c.enqueue("b"); c.close(); } });
       const got = []; for await (const chunk of stream) got.push(chunk); return got.join("")`,
      "ab",
    ],
    [
      "ReadableStream.from takes an iterable",
      `let sum = 0; for await (const n of ReadableStream.from([1, 2, 3])) sum += n; return sum`,
      6,
    ],
    [
      "a pipe goes through a transform to a sink",
      `const got = [];
       await ReadableStream.from(["a", "b"]).pipeThrough(new TransformStream({ transform(chunk, c) { c.enqueue(chunk.toUpperCase()) } }))
         .pipeTo(new WritableStream({ write(chunk) { got.push(chunk) } }));
       return got.join("")`,
      "AB",
    ],
    [
      "an abort signal ends a pipe",
      `const controller = new AbortController();
       const piping = new ReadableStream({}).pipeTo(new WritableStream({}), { signal: controller.signal });
       controller.abort();
       try { await piping } catch (error) { return error.name }`,
      "AbortError",
    ],
    [
      "both branches of a tee get everything",
      `const [one, other] = ReadableStream.from(["x", "y"]).tee();
       const read = async (stream) => { let text = ""; for await (const chunk of stream) text += chunk; return text };
       return (await Promise.all([read(one), read(other)])).join("|")`,
      "xy|xy",
    ],
    [
      "a blob streams its bytes",
      `let text = ""; for await (const chunk of new Blob(["hello ", "world"]).slice(1, 9).stream()) text += String.fromCharCode(...chunk); return text`,
      "ello wor",
    ],
    [
      "a large blob comes in parts of 64 KiB",
      `const sizes = []; for await (const chunk of new Blob([new Uint8Array(150_000)]).stream()) sizes.push(chunk.length); return sizes.join()`,
      "65536,65536,18928",
    ],
    [
      "a reader with a buffer of its own reads a blob",
      `const reader = new Blob(["abcdef"]).stream().getReader({ mode: "byob" });
       const { value } = await reader.read(new Uint8Array(4));
       const rest = await reader.read(new Uint8Array(4));
       const end = await reader.read(new Uint8Array(4));
       return String.fromCharCode(...value) + "|" + String.fromCharCode(...rest.value) + "|" + end.done`,
      "abcd|ef|true",
    ],
    [
      "a cancelled stream of a blob is at its end",
      `const stream = new Blob(["abc"]).stream(); await stream.cancel(); return (await stream.getReader().read()).done`,
      true,
    ],
    [
      "TextDecoderStream joins what chunks cut",
      `let text = "";
       const bytes = new TextEncoder().encode("\\ufeffaä€😀");
       const source = new ReadableStream({ start(c) { for (const byte of bytes) c.enqueue(Uint8Array.of(byte)); c.close(); } });
       for await (const chunk of source.pipeThrough(new TextDecoderStream())) text += chunk;
       return text`,
      "aä€😀",
    ],
    [
      "TextDecoderStream with fatal errors on malformed bytes",
      `const stream = new TextDecoderStream("utf-8", { fatal: true });
       const reading = stream.readable.getReader().read();
       const writing = stream.writable.getWriter().write(Uint8Array.of(0xff));
       const names = []; for (const promise of [reading, writing]) await promise.catch((error) => names.push(error.name)); return names.join()`,
      "TypeError,TypeError",
    ],
    [
      "TextEncoderStream joins pairs that chunks cut, and replaces halves without a partner",
      `let text = "";
       for await (const chunk of ReadableStream.from(["a\\ud83d", "\\ude00b", "\\ud83d"]).pipeThrough(new TextEncoderStream())) text += [...chunk].join();
       return text`,
      [...Buffer.from("a")].join() +
        [...Buffer.from("😀b")].join() +
        [...Buffer.from("\ufffd")].join(),
    ],
    [
      "a stream that has a reader cannot be given another",
      `const stream = new ReadableStream(); stream.getReader(); return stream.locked + (() => { try { stream.getReader() } catch (error) { return error.name } })()`,
      "trueTypeError",
    ],
  ])("%s", async (_name, body, outcome) => {
    using guest = await createGuest({ build });

    guest.evaluate(settle(body));

    expect(guest.evaluate("out")).toBe(outcome);
  });

  test("a script finds no more of a stream's inner state than in a browser", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const stream = new ReadableStream();
      const transform = new TransformStream();
      const objects = [stream, stream.getReader(), transform, transform.writable.getWriter(), transform.readable.values(),
        new CountQueuingStrategy({ highWaterMark: 1 }), new TextDecoderStream()];
      new ReadableStream({ type: "bytes", start(controller) { objects.push(controller) } });
      new WritableStream({ start(controller) { objects.push(controller) } });
      objects.map((object) => Reflect.ownKeys(object).length).join("")`);

    expect(found).toBe("000000000");
  });

  test("an object of an interface stays one, and another never becomes one", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const get = Object.getOwnPropertyDescriptor(ReadableStream.prototype, "locked").get;
      const stream = Object.setPrototypeOf(new ReadableStream(), null);
      const forged = Object.assign(Object.create(ReadableStream.prototype), { _state: "readable", _readableStreamController: {} });
      const outcomes = [get.call(stream)];
      for (const other of [forged, {}, new WritableStream()]) try { get.call(other) } catch (error) { outcomes.push(error.name) }
      outcomes.join()`);

    expect(found).toBe("false,TypeError,TypeError,TypeError");
  });

  test("the iterator of a stream is an asynchronous iterator of the language", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const iterator = new ReadableStream().values();
      const prototype = Object.getPrototypeOf(iterator);
      const generators = Object.getPrototypeOf(Object.getPrototypeOf((async function* () {})()));
      [Object.getPrototypeOf(prototype) === Object.getPrototypeOf(generators), Object.prototype.toString.call(iterator),
        iterator[Symbol.asyncIterator]() === iterator, Object.keys(prototype), prototype.next.length, prototype.return.length].join()`);

    expect(found).toBe("true,[object ReadableStreamAsyncIterator],true,next,return,0,1");
  });

  test("any bytes that are written in any chunks are read, in order", async () => {
    using guest = await createGuest({ build });

    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 7 }),
        (chunks, size) => {
          guest.evaluate(
            settle(`const chunks = ${JSON.stringify(chunks.map((chunk) => [...chunk]))};
              const stream = new ReadableStream({ type: "bytes", pull(controller) {
                const next = chunks.shift();
                if (next !== undefined) return controller.enqueue(Uint8Array.from(next));
                controller.close();
                controller.byobRequest?.respond(0);
              } });
              const [one, other] = stream.tee();
              const bytes = [];
              const reader = one.getReader({ mode: "byob" });
              for (;;) {
                const { done, value } = await reader.read(new Uint8Array(${size}));
                if (done) break;
                bytes.push(...value);
              }
              const others = [];
              for await (const chunk of other) others.push(...chunk);
              return bytes.join() + "|" + others.join()`),
          );
          const all = chunks.flatMap((chunk) => [...chunk]).join();
          expect(guest.evaluate("out")).toBe(`${all}|${all}`);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("any text cut anywhere comes out of an encoder and a decoder as it went in", async () => {
    using guest = await createGuest({ build });

    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { maxLength: 8 }), (chunks) => {
        guest.evaluate(
          settle(`let text = "";
            const bytes = ReadableStream.from(${JSON.stringify(chunks)}).pipeThrough(new TextEncoderStream());
            for await (const chunk of bytes.pipeThrough(new TextDecoderStream("utf-8", { ignoreBOM: true }))) text += chunk;
            return JSON.stringify(text)`),
        );
        expect(guest.evaluate("out")).toBe(
          JSON.stringify(chunks.join("").replace(/\p{Surrogate}/gu, "\ufffd")),
        );
      }),
      { numRuns: 30 },
    );
  });
});
