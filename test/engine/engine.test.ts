import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { createEngine } from "../../src/engine/engine.ts";
import { createValues } from "../../src/engine/values.ts";
import { buildNames, builds } from "../support/builds.ts";
import { evaluate, openEngine, openRaw } from "../support/engine.ts";

describe.each(buildNames)("build %s", (build) => {
  test("every well-formed text without U+0000 arrives in the engine as it is", async () => {
    const engine = await openEngine({ build });
    const { context } = engine;
    const values = createValues(context, openRaw(context));
    const codeUnits = context.unwrapResult(
      context.evalCode(
        `(text) => { let out = ""; for (let i = 0; i < text.length; i++) out += text.charCodeAt(i) + " "; return out }`,
      ),
    );
    onTestFinished(() => codeUnits.dispose());

    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        fc.pre(!text.includes("\\0") && !text.includes("\u0000"));

        const handle = values.text(text);
        const result = context.unwrapResult(
          context.callFunction(codeUnits, context.undefined, handle),
        );
        handle.dispose();

        const expected = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
        expect(result.consume((value) => context.getString(value)).trim()).toBe(expected.join(" "));
      }),
    );
  });

  test("only the bytes of a view arrive, never its neighbours in a pooled buffer", async () => {
    const engine = await openEngine({ build });
    const { context } = engine;
    const pooled = Buffer.from("secret-visible").subarray(7);

    const handle = createValues(context, openRaw(context)).buffer(pooled);
    context.setProp(context.global, "received", handle);
    handle.dispose();

    expect(evaluate(engine.context, `String.fromCharCode(...new Uint8Array(received))`)).toBe(
      "visible",
    );
  });

  test("the engine tells of rejections that nobody handles, and of no others", async () => {
    const engine = await openEngine({ build });
    const { context, runtime, rejections } = engine;

    evaluate(
      context,
      `Promise.reject("a"); Promise.reject("b").catch(() => {}); (async () => { throw "c" })();
       const late = Promise.reject("d"); late.then(() => {}, () => {}); 0`,
    );
    runtime.executePendingJobs();
    const reasons: string[] = [];
    for (let next = rejections?.take(); next !== undefined; next = rejections?.take()) {
      reasons.push(context.getString(next.reason));
      next.promise.dispose();
      next.reason.dispose();
    }

    expect(reasons).toEqual(["a", "c"]);
  });

  test("Date shows the time that the engine is given", async () => {
    let now = 1_000;
    const { context } = await openEngine({ build, wallNow: () => now });
    const dates = `Date.now() + " " + new Date().getTime()`;

    expect(evaluate(context, dates)).toBe("1000 1000");
    now = Date.UTC(2030, 0, 1);
    expect(evaluate(context, dates)).toBe("1893456000000 1893456000000");
  });

  test("an interrupt ends a loop, and the engine can be used afterwards", async () => {
    const engine = await openEngine({ build });
    engine.shouldInterrupt = () => true;

    expect(() => evaluate(engine.context, `for (;;);`)).toThrow(/interrupted/);
    engine.shouldInterrupt = () => false;

    expect(evaluate(engine.context, `6 * 7`)).toBe(42);
  });
});

test("an engine that cannot be started says so with a code", async () => {
  const creation = createEngine({
    maxMemory: 2 ** 25,
    maxStack: 2 ** 18,
    build: { ...builds.bellard, wasmFile: import.meta.filename },
  });

  await expect(creation).rejects.toMatchObject({ code: "ERR_ENGINE", cause: expect.anything() });
});
