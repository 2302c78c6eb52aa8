import { expect, test } from "vitest";
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
