import { readdirSync } from "node:fs";
import { getPriority } from "node:os";
import { describe, expect, test } from "vitest";
import { ownThreadId, processorTime } from "../../src/worker/priority.ts";
import { openSandbox } from "../support/sandbox.ts";

const isLinux = process.platform === "linux";

describe.runIf(isLinux)("on Linux", () => {
  test("a thread knows its number and how long it has had a processor", () => {
    const id = ownThreadId();
    const before = processorTime(id) ?? 0;

    for (const end = performance.now() + 50; performance.now() < end;);

    expect(readdirSync("/proc/self/task")).toContain(String(id));
    expect((processorTime(id) ?? 0) - before).toBeGreaterThan(0);
  });

  test("a script that is busy for long lets its siblings go first, and no other does", async () => {
    const before = threads();
    const busy = await openSandbox({ limits: { maxTurnTime: 60_000 } });
    const busyThreads = added(before);
    const sibling = await openSandbox();
    const siblingThreads = added([...before, ...busyThreads]);

    const run = Promise.allSettled([busy.sandbox.run(`for (;;);`)]);

    await expect
      .poll(() => busyThreads.some((id) => niceOf(id) > usual), { timeout: 30_000 })
      .toBe(true);
    await sibling.sandbox.run(`console.log("alive")`);
    expect(sibling.lines()).toEqual(["alive"]);
    expect(siblingThreads.every((id) => niceOf(id) === usual)).toBe(true);
    expect(niceOf(ownThreadId())).toBe(usual);
    await busy.sandbox.close();
    await run;
  });
});

test("what does not exist has no time", () => {
  expect(processorTime(2 ** 30)).toBeUndefined();
});

/** Nice value that threads start with here. */
const usual: number = getPriority();

/** Nice value of a thread; the usual one for a thread that has ended meanwhile. */
function niceOf(threadId: number): number {
  try {
    return getPriority(threadId);
  } catch {
    // Node's own threads come and go.
    return usual;
  }
}

function threads(): readonly number[] {
  return readdirSync("/proc/self/task").map(Number);
}

function added(before: readonly number[]): readonly number[] {
  return threads().filter((id) => !before.includes(id));
}
