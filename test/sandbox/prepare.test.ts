import { expect, test } from "vitest";
import { createSandbox, prepareSandboxes } from "../../src/index.ts";
import { takeThread } from "../../src/worker/thread.ts";

test("sandboxes get the threads that were prepared, each once", async () => {
  await prepareSandboxes(2);
  const [first, second, third] = [takeThread(), takeThread(), takeThread()];

  expect(new Set([first, second, third]).size).toBe(3);
  await Promise.all([first, second, third].map((thread) => thread.terminate()));
});

test("more sandboxes than threads were prepared all work", async () => {
  await prepareSandboxes(2);

  const sandboxes = await Promise.all([1, 2, 3].map(() => createSandbox()));
  await Promise.all(sandboxes.map((sandbox) => sandbox.run("globalThis.ran = true")));
  await Promise.all(sandboxes.map((sandbox) => sandbox.close()));
});

test.each([-1, 1.5, Number.NaN, 1_001, "2"])("%j is no number of threads", async (count) => {
  await expect(prepareSandboxes(count as number)).rejects.toMatchObject({ code: "ERR_OPTION" });
});
