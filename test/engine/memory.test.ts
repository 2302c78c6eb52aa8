import { describe, expect, test } from "vitest";
import { createValues, OutOfMemoryError } from "../../src/engine/values.ts";
import { buildNames } from "../support/builds.ts";
import { evaluate, openEngine, openRaw } from "../support/engine.ts";

const mebibyte = 2 ** 20;

describe.each(buildNames)("build %s", (build) => {
  test("a script cannot take more memory than its engine has", async () => {
    const engine = await openEngine({ build, maxMemory: 32 * mebibyte });

    const taken = evaluate(
      engine.context,
      `const kept = []; try { for (;;) kept.push(new ArrayBuffer(2 ** 20)) } catch {} kept.length`,
    );

    expect(taken).toBeGreaterThan(8);
    expect(taken).toBeLessThan(32);
  });

  test("a value too large for the engine's memory is an error, not a broken heap", async () => {
    const engine = await openEngine({ build, maxMemory: 16 * mebibyte });
    const values = createValues(engine.context, openRaw(engine.context));

    expect(() => values.text("x".repeat(20 * mebibyte))).toThrow(OutOfMemoryError);
    expect(() => values.buffer(new Uint8Array(20 * mebibyte))).toThrow(OutOfMemoryError);
    expect(evaluate(engine.context, `[1, 2, 3].map(String).join()`)).toBe("1,2,3");
  });
});
