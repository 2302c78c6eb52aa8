import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import type { TestGuest } from "../support/guest.ts";
import { createTimedGuest, runUntil } from "../support/timed-guest.ts";

/** Evaluates a script with `reader` and `watch(reader)`, and runs the tasks that are due now. Returns what is in `log`. */
function run(guest: TestGuest, source: string): unknown {
  guest.evaluate(`
    var events = ["loadstart", "progress", "load", "abort", "error", "loadend"];
    var watch = (reader) => { for (const type of events) reader["on" + type] = ({ type }) => log.push(type) };
    var reader = new FileReader();`);
  guest.evaluate(source);
  runUntil(guest, guest.time);
  return JSON.parse(String(guest.evaluate("JSON.stringify(log.splice(0))")));
}

describe.each(buildNames)("FileReader on %s", (build) => {
  test("a read fires its events in order, after the script", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `watch(reader); log.push(reader.readyState, reader.result, reader.error);
       reader.readAsText(new Blob(["abc"])); log.push(reader.readyState, reader.result);
       reader.addEventListener("loadend", () => log.push(reader.readyState, reader.result))`,
    );

    expect(found).toEqual([
      0,
      null,
      null,
      1,
      null,
      "loadstart",
      "progress",
      "load",
      "loadend",
      2,
      "abc",
    ]);
  });

  test("an empty blob has no progress", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `watch(reader); reader.readAsText(new Blob([])); reader.onloadend = () => log.push(reader.result)`,
    );

    expect(found).toEqual(["loadstart", "load", ""]);
  });

  test("events tell how far the read is, and are trusted ProgressEvents", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `for (const type of events) reader.addEventListener(type, (event) =>
         log.push([type, event instanceof ProgressEvent, event.isTrusted, event.lengthComputable, event.loaded, event.total, event.bubbles, event.cancelable].join()));
       reader.readAsArrayBuffer(new Blob(["abc"]))`,
    );

    expect(found).toEqual([
      "loadstart,true,true,true,0,3,false,false",
      "progress,true,true,true,3,3,false,false",
      "load,true,true,true,3,3,false,false",
      "loadend,true,true,true,3,3,false,false",
    ]);
  });

  test("jobs run between two listeners", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `reader.onload = () => { log.push("load"); Promise.resolve().then(() => log.push("job")) };
       reader.onloadend = () => log.push("loadend");
       reader.readAsText(new Blob(["a"]))`,
    );

    expect(found).toEqual(["load", "job", "loadend"]);
  });

  test.each([
    ["readAsText(new Blob(['ä€']))", "ä€"],
    ["readAsText(new Blob([Uint8Array.of(0xe4)]), 'latin1')", "ä"],
    ["readAsText(new Blob([Uint8Array.of(0xe4)], { type: 'text/plain; charset=latin1' }))", "ä"],
    [
      `readAsText(new Blob([Uint8Array.of(0xe4)], { type: 'text/plain; x="charset=utf-8"; charset="latin1"' }))`,
      "ä",
    ],
    [
      "readAsText(new Blob([Uint8Array.of(0xe4)], { type: 'text/plain;charset=latin1' }), 'no encoding')",
      "ä",
    ],
    ["readAsText(new Blob(['ä'], { type: 'text/plain;xcharset=latin1' }))", "ä"],
    ["readAsText(new Blob(['ä'], { type: 'text/plain;charset=nothing' }))", "ä"],
    ["readAsText(new Blob([Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)]))", "a"],
    ["readAsText(new Blob([Uint8Array.of(0xff, 0xfe, 0x61, 0)]), 'utf-8')", "a"],
    ["readAsText(new Blob([Uint8Array.of(0xfe, 0xff, 0, 0x61)]))", "a"],
    ["readAsText(new Blob([Uint8Array.of(0x61, 0xff)]))", "a\ufffd"],
    ["readAsText(new Blob(['abc']).slice(1, 2))", "b"],
    ["readAsBinaryString(new Blob([Uint8Array.of(0, 0x80, 0xff)]))", "\0\u0080\u00ff"],
    [
      "readAsDataURL(new Blob(['abc'], { type: 'Text/Plain;Charset=UTF-8' }))",
      "data:text/plain;charset=utf-8;base64,YWJj",
    ],
    ["readAsDataURL(new Blob(['abcd']))", "data:application/octet-stream;base64,YWJjZA=="],
    ["readAsDataURL(new Blob([]))", "data:application/octet-stream;base64,"],
    ["readAsText(new File(['file'], 'name'))", "file"],
  ])("%s gives %j", async (call, result) => {
    using guest = await createTimedGuest({ build });

    const found = run(guest, `reader.onload = () => log.push(reader.result); reader.${call}`);

    expect(found).toEqual([result]);
  });

  test("a buffer is the reader's own, whatever a script does to it", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `const blob = new Blob(["abc"]);
       reader.onload = () => { new Uint8Array(reader.result).fill(0); blob.text().then((text) => log.push(text, reader.result === reader.result, reader.result.byteLength)) };
       reader.readAsArrayBuffer(blob)`,
    );

    expect(found).toEqual(["abc", true, 3]);
  });

  test("a second read while one is under way is an InvalidStateError, and the first goes on", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `reader.onload = () => log.push(reader.result);
       reader.readAsText(new Blob(["first"]));
       try { reader.readAsText(new Blob(["second"])) } catch (error) { log.push(error.name) }`,
    );

    expect(found).toEqual(["InvalidStateError", "first"]);
  });

  test("abort() ends a read at once: its tasks are gone", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `watch(reader); reader.onabort = (event) => log.push([event.type, event.lengthComputable, event.loaded, event.total, reader.readyState, reader.result, reader.error.name]);
       reader.readAsText(new Blob(["abc"])); reader.abort(); log.push("aborted")`,
    );

    expect(found).toEqual([["abort", false, 0, 0, 2, null, "AbortError"], "loadend", "aborted"]);
  });

  test("abort() without a read fires nothing, and drops the result of the last", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `reader.abort(); log.push(reader.readyState);
       reader.readAsText(new Blob(["abc"]));
       reader.onloadend = () => { watch(reader); reader.abort(); log.push(reader.readyState, reader.result) }`,
    );

    expect(found).toEqual([0, 2, null]);
  });

  test("a read that a listener of load begins leaves out loadend of the one before", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `watch(reader);
       reader.onload = () => { log.push(reader.result); if (reader.result === "1") reader.readAsText(new Blob(["2"])) };
       reader.readAsText(new Blob(["1"]))`,
    );

    expect(found).toEqual(["loadstart", "progress", "1", "loadstart", "progress", "2", "loadend"]);
  });

  test("a read that a listener of abort begins leaves out loadend of the one before", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `watch(reader);
       reader.onabort = () => { log.push("abort"); reader.readAsText(new Blob(["2"])) };
       reader.readAsText(new Blob(["1"])); reader.abort()`,
    );

    expect(found).toEqual(["abort", "loadstart", "progress", "load", "loadend"]);
  });

  test("what a listener throws is reported, and the read goes on", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `watch(reader); reader.onloadstart = () => { throw new Error("thrown") }; reader.readAsText(new Blob(["a"]))`,
    );

    expect(found).toEqual(["progress", "load", "loadend"]);
    expect(guest.callsOf("report")).toHaveLength(1);
  });

  test("reads count for no limit on timers", async () => {
    using guest = await createTimedGuest({ build, maxTimers: 1 });

    const found = run(
      guest,
      `setTimeout(() => {}, 1_000);
       for (const text of ["a", "b", "c"]) { const one = new FileReader(); one.onload = () => log.push(one.result); one.readAsText(new Blob([text])); }`,
    );

    expect(found).toEqual(["a", "b", "c"]);
  });

  test("the interface is as Web IDL says", async () => {
    using guest = await createTimedGuest({ build });

    const found = run(
      guest,
      `log.push(FileReader.length, FileReader.LOADING, reader.DONE, String(reader), reader instanceof EventTarget, reader.onload, reader.readAsText.length, reader.readAsDataURL.length);
       const forged = Object.create(FileReader.prototype);
       for (const make of [() => FileReader(), () => reader.readAsText(), () => reader.readAsText({}), () => reader.readAsText("text"), () => forged.readyState, () => forged.abort(),
         () => { forged.onload = () => {} }, () => forged.onload])
         try { make(); log.push("nothing") } catch (error) { log.push(error.name) }`,
    );

    expect(found).toEqual([
      0,
      1,
      2,
      "[object FileReader]",
      true,
      null,
      1,
      1,
      ...Array.from({ length: 8 }, () => "TypeError"),
    ]);
  });

  test("any bytes come out of a data URL as they went into the blob", async () => {
    using guest = await createTimedGuest({ build });

    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const [url] = run(
          guest,
          `reader.onload = () => log.push(reader.result); reader.readAsDataURL(new Blob([Uint8Array.of(${bytes.join()})]))`,
        ) as [string];

        expect(url).toBe(
          `data:application/octet-stream;base64,${Buffer.from(bytes).toString("base64")}`,
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe.each(buildNames)("ProgressEvent on %s", (build) => {
  test.each([
    ["new ProgressEvent('x')", [false, 0, 0]],
    ["new ProgressEvent('x', { lengthComputable: 1, loaded: 2.5, total: '7' })", [true, 2.5, 7]],
    ["new ProgressEvent('x', { loaded: 2 ** 53 })", [false, 2 ** 53, 0]],
    ["new ProgressEvent('x', { loaded: undefined, total: undefined })", [false, 0, 0]],
  ])("%s has its members", async (source, members) => {
    using guest = await createTimedGuest({ build });

    const found = guest.evaluate(
      `{ const event = ${source}; [event.lengthComputable, event.loaded, event.total] }`,
    );

    expect(found).toEqual(members);
  });

  test("members are converted in the order of their names", async () => {
    using guest = await createTimedGuest({ build });

    const found = guest.evaluate(
      `const got = []; new ProgressEvent("x", { get total() { got.push("total") }, get loaded() { got.push("loaded") },
        get lengthComputable() { got.push("lengthComputable") }, get bubbles() { got.push("bubbles") } }); got`,
    );

    expect(found).toEqual(["bubbles", "lengthComputable", "loaded", "total"]);
  });

  test.each([
    "ProgressEvent('x')",
    "new ProgressEvent()",
    "new ProgressEvent('x', 1)",
    "new ProgressEvent('x', { loaded: NaN })",
    "new ProgressEvent('x', { total: Infinity })",
    "Object.create(ProgressEvent.prototype).loaded",
    "Object.getOwnPropertyDescriptor(ProgressEvent.prototype, 'total').get.call(new Event('x'))",
  ])("%s is a TypeError", async (source) => {
    using guest = await createTimedGuest({ build });

    expect(() => guest.evaluate(source)).toThrow(expect.objectContaining({ name: "TypeError" }));
  });
});
