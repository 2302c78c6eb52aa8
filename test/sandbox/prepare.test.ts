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
  const printed: string[] = [];
  await prepareSandboxes(2);

  const sandboxes = await Promise.all(
    ["a", "b", "c"].map((arg) =>
      createSandbox({
        args: [arg],
        observe(event) {
          if (event.type === "console") printed.push(event.message);
        },
      }),
    ),
  );
  await Promise.all(sandboxes.map((sandbox) => sandbox.run("console.log(NetworkDevice.args[0])")));
  await Promise.all(sandboxes.map((sandbox) => sandbox.close()));

  expect(printed.toSorted()).toEqual(["a", "b", "c"]);
});

test.each([-1, 1.5, Number.NaN, 1_001, "2"])("%j is no number of threads", async (count) => {
  await expect(prepareSandboxes(count as number)).rejects.toMatchObject({ code: "ERR_OPTION" });
});
