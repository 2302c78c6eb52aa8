import { expect, test as base, type TestAPI } from "vitest";
import type { TestSandbox } from "./driven-sandbox.ts";
import { type ConnectionMatchers, matchers } from "./matchers.ts";
import { createTestSandbox, type TestSandboxOptions } from "./test-sandbox.ts";

declare module "vitest" {
  // The declaration that it is merged with has this parameter.
  // oxlint-disable-next-line typescript/no-explicit-any
  interface Matchers<T = any> extends ConnectionMatchers<T> {}
}

/** What {@link test} gives to tests. */
export interface SandboxFixtures {
  /** Creates a test sandbox, as `createTestSandbox` does, and closes it with the test. */
  openSandbox(options?: TestSandboxOptions): Promise<TestSandbox>;
}

/**
 * Vitest's `test` with a fixture for sandboxes, and with {@link matchers} in its `expect`.
 *
 * @example
 * ```ts
 * import { expect } from "vitest";
 * import { test } from "quickjs-network-device/testing/vitest";
 *
 * test("the lamp says hello", async ({ openSandbox }) => {
 *   const sandbox = await openSandbox({ peers: { "ws://hub.test": hub }, script: "lamp.js" });
 *
 *   expect(sandbox).toHaveSent({ type: "hello" });
 * });
 * ```
 */
export const test: TestAPI<SandboxFixtures> = base.extend<SandboxFixtures>({
  openSandbox: [
    // vitest reads the names of the fixtures that this one needs from the source of the function: none.
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      expect.extend(matchers);
      const sandboxes: TestSandbox[] = [];
      await use(async (options) => {
        const sandbox = await createTestSandbox(options);
        sandboxes.push(sandbox);
        return sandbox;
      });
      for (const sandbox of sandboxes) await sandbox.close();
    },
    { auto: true },
  ],
});

export {
  type ConnectionMatchers,
  type ExpectedMessage,
  type MatcherContext,
  type MatcherResult,
  matchers,
} from "./matchers.ts";
