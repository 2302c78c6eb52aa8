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
});
