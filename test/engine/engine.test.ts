import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { createEngine, type Engine } from "../../src/engine/engine.ts";
import { createValues, OutOfMemoryError } from "../../src/engine/values.ts";
import { builds } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

const mebibyte = 2 ** 20;

async function openEngine(build: keyof typeof builds, maxMemory = 32 * mebibyte): Promise<Engine> {
  const engine = await createEngine({ maxMemory, maxStack: 2 ** 18, build: builds[build] });
  onTestFinished(() => engine[Symbol.dispose]());
  return engine;
}

function evaluate(engine: Engine, source: string): unknown {
  const { context } = engine;
  return context
    .unwrapResult(context.evalCode(source, "test.js", { type: "global" }))
    .consume((handle) => context.dump(handle) as unknown);
}

describe.each(["bellard", "ng"] as const)("build %s", (build) => {
  test("a script cannot take more memory than its engine has", async () => {
    const engine = await openEngine(build);

    const taken = evaluate(
      engine,
      `const kept = []; try { for (;;) kept.push(new ArrayBuffer(2 ** 20)) } catch {} kept.length`,
    );

    expect(taken).toBeGreaterThan(8);
    expect(taken).toBeLessThan(32);
  });

  test("a value too large for the engine's memory is an error, not a broken heap", async () => {
    const engine = await openEngine(build, 16 * mebibyte);
    const values = createValues(engine.context);

    expect(() => values.text("x".repeat(20 * mebibyte))).toThrow(OutOfMemoryError);
    expect(() => values.buffer(new Uint8Array(20 * mebibyte))).toThrow(OutOfMemoryError);
    expect(evaluate(engine, `[1, 2, 3].map(String).join()`)).toBe("1,2,3");
  });

  test("every well-formed text without U+0000 arrives in the engine as it is", async () => {
    const engine = await openEngine(build);
    const { context } = engine;
    const values = createValues(context);
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
    const engine = await openEngine(build);
    const { context } = engine;
    const pooled = Buffer.from("secret-visible").subarray(7);

    const handle = createValues(context).buffer(pooled);
    context.setProp(context.global, "received", handle);
    handle.dispose();

    expect(evaluate(engine, `String.fromCharCode(...new Uint8Array(received))`)).toBe("visible");
  });

  test("the engine tells of rejections that nobody handles, and of no others", async () => {
    const engine = await openEngine(build);
    const { context, runtime, rejections } = engine;

    evaluate(
      engine,
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

  test("an interrupt ends a loop, and the engine can be used afterwards", async () => {
    const engine = await openEngine(build);
    engine.shouldInterrupt = () => true;

    expect(() => evaluate(engine, `for (;;);`)).toThrow(/interrupted/);
    engine.shouldInterrupt = () => false;

    expect(evaluate(engine, `6 * 7`)).toBe(42);
  });
});

test("an engine that cannot be started says so with a code", async () => {
  const creation = createEngine({
    maxMemory: 32 * mebibyte,
    maxStack: 2 ** 18,
    build: { ...builds.bellard, wasmFile: import.meta.filename },
  });

  await expect(creation).rejects.toMatchObject({ code: "ERR_ENGINE", cause: expect.anything() });
});

describe("an engine from the image", () => {
  test("comes with the guest runtime installed, which another engine does not", async () => {
    const fromImage = await createEngine({ maxMemory: 32 * mebibyte, maxStack: 2 ** 18 });
    const evaluated = await createEngine({
      maxMemory: 32 * mebibyte,
      maxStack: 2 ** 18,
      image: false,
    });
    onTestFinished(() => {
      fromImage[Symbol.dispose]();
      evaluated[Symbol.dispose]();
    });

    expect(fromImage.entries).toBeDefined();
    expect(evaluated.entries).toBeUndefined();
  });

  test("has random numbers of its own", async () => {
    const values = await Promise.all(
      Array.from({ length: 20 }, async () =>
        evaluate(await openEngine("bellard"), "Math.random()"),
      ),
    );

    expect(new Set(values).size).toBe(20);
  });

  test("has the stack that was asked for", async () => {
    const depth = `(function f() { try { return 1 + f() } catch { return 1 } })()`;
    const open = async (maxStack: number): Promise<unknown> => {
      const engine = await createEngine({ maxMemory: 32 * mebibyte, maxStack });
      onTestFinished(() => engine[Symbol.dispose]());
      return evaluate(engine, depth);
    };

    const [small, large] = await Promise.all([open(2 ** 15), open(2 ** 18)]);

    expect(Number(small)).toBeLessThan(Number(large) / 4);
  });

  test.each([true, false])("installs the same globals, image %j", async (image) => {
    using guest = await createGuest({ image });

    const names = guest.evaluate(`Object.getOwnPropertyNames(globalThis).toSorted().join()`);
    using other = await createGuest({ image: !image });

    expect(names).toContain("NetworkDevice");
    expect(other.evaluate(`Object.getOwnPropertyNames(globalThis).toSorted().join()`)).toBe(names);
  });
});
