import { describe, expect, test } from "vitest";
import { evaluate, openEngine } from "../support/engine.ts";
import { createGuest } from "../support/guest.ts";

describe("an engine from the image", () => {
  test("comes with the guest runtime installed, which another engine does not", async () => {
    const fromImage = await openEngine({ build: "bellard" });
    const evaluated = await openEngine({ build: "bellard", image: false });

    expect(fromImage.entries).toBeDefined();
    expect(evaluated.entries).toBeUndefined();
  });

  test("has random numbers of its own", async () => {
    const values = await Promise.all(
      Array.from({ length: 20 }, async () =>
        evaluate((await openEngine({ build: "bellard" })).context, "Math.random()"),
      ),
    );

    expect(new Set(values).size).toBe(20);
  });

  test("has the stack that was asked for", async () => {
    const depth = `(function f() { try { return 1 + f() } catch { return 1 } })()`;
    const open = async (maxStack: number): Promise<unknown> => {
      const { context } = await openEngine({ build: "bellard", maxStack });
      return evaluate(context, depth);
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
