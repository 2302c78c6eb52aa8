import { describe, expect, onTestFinished, test } from "vitest";
import { guestGlobals, type RuntimeOptions } from "../../src/boundary.ts";
import { Guest, GuestEntryError } from "../../src/engine/guest.ts";
import type { HostActions } from "../../src/engine/host-calls.ts";
import { buildNames } from "../support/builds.ts";
import { openEngine } from "../support/engine.ts";

const options: RuntimeOptions = {
  globals: guestGlobals,
  delivery: "auto",
  maxListeners: 100,
  maxTimers: 1_000,
  args: [],
  baseUrl: "",
  timeOrigin: 0,
};

/** Nothing is called. */
const calls = {} as HostActions;

// An exception stands for an interrupt and for exhausted memory, which may come at any point. A value that is left over
// keeps the engine from being disposed of when the test is finished.
describe.each(buildNames)("build %s", (build) => {
  test.each([
    ["evaluated", `throw 1`],
    ["installed", `() => { throw 1 }`],
    ["configured", `() => ({ configure() { throw 1 } })`],
  ])("a runtime that cannot be %s leaves nothing in the context", async (_step, runtime) => {
    const { context } = await openEngine({ build, image: false });

    expect(() => new Guest(context, calls, options, { runtime })).toThrow(GuestEntryError);
  });

  test("an exception that cannot be described is given back", async () => {
    const { context } = await openEngine({ build, image: false });
    const runtime = `() => ({ configure() {}, begin() {}, describe() { throw 1 } })`;
    const guest = new Guest(context, calls, options, { runtime });
    onTestFinished(() => guest[Symbol.dispose]());

    const evaluate = (): unknown =>
      guest.evaluate("throw {}", { name: "test.js", type: "script", id: 1 });

    expect(evaluate).toThrow(GuestEntryError);
  });
});
