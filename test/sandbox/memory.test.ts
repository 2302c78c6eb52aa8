import { describe, expect, test } from "vitest";
import { openSandbox } from "../support/sandbox.ts";

test("memory is reserved, and resident only once a script touches it", async () => {
  const mebibyte = 2 ** 20;
  const before = process.memoryUsage.rss();

  const { sandbox, lines } = await openSandbox({
    isolation: "none",
    limits: { maxMemory: 2_048 * mebibyte },
  });
  const idle = process.memoryUsage.rss();
  await sandbox.run(`const touched = new Uint8Array(2 ** 28).fill(1); console.log(touched.at(-1))`);
  const used = process.memoryUsage.rss();

  expect(lines()).toEqual(["1"]);
  expect(idle - before).toBeLessThan(200 * mebibyte);
  expect(used - idle).toBeGreaterThan(200 * mebibyte);
});

/** Scripts that leave no memory, each of another kind of thing. */
const fills = [
  [
    "buffers",
    `for (let n = 2 ** 20; n >= 2 ** 11; n /= 2) for (;;) try { kept.push(new ArrayBuffer(n)) } catch { break }`,
  ],
  ["objects", `for (;;) try { kept.push({}) } catch { break }`],
  ["texts", `for (let i = 0; ; i++) try { kept.push("text" + i) } catch { break }`],
  ["names", `kept.push({}); for (let i = 0; ; i++) try { kept[0]["n" + i] = 1 } catch { break }`],
  ["symbols", `for (let i = 0; ; i++) try { kept.push(Symbol("s" + i)) } catch { break }`],
] as const;

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
  test("memory cannot grow past its limit, and the script may catch that", async () => {
    const { sandbox, lines } = await openSandbox({
      isolation,
      limits: { maxMemory: 32 * 2 ** 20 },
    });

    await sandbox.run(`
      const kept = [];
      try { for (;;) kept.push(new Uint8Array(2 ** 20)) } catch { console.log(kept.length < 32) }
    `);

    expect(lines()).toEqual(["true"]);
  });
  test.each(fills)("usage() gives figures when memory is full of %s", async (_what, script) => {
    const maxMemory = 16 * 2 ** 20;
    const { sandbox, events } = await openSandbox({ isolation, limits: { maxMemory } });
    await sandbox.run(`var kept = []; setTimeout(() => {}, 1e9); ${script}`);

    for (let count = 0; count < 2; count += 1) {
      const { memory, timers } = await sandbox.usage();
      expect(timers).toBe(1);
      expect(memory).toBeGreaterThan(maxMemory / 4);
      expect(memory).toBeLessThanOrEqual(maxMemory);
    }
    expect(events).toEqual([]);
  });
});
