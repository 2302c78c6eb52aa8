import { expect, test } from "vitest";
import { LimitNotices } from "../src/limit-notices.ts";
import { createManualClock } from "./support/manual-clock.ts";

test("a limit that is met again and again is told once within a second, each for itself", () => {
  const clock = createManualClock();
  const told: [number, string][] = [];
  const notices = new LimitNotices(clock, (limit) => told.push([clock.now(), limit]));

  for (let step = 0; step < 25; step += 1) {
    notices.exceeded("maxTimers");
    if (step === 3) notices.exceeded("maxListeners");
    clock.advance(100);
  }

  expect(told).toEqual([
    [0, "maxTimers"],
    [300, "maxListeners"],
    [1_000, "maxTimers"],
    [2_000, "maxTimers"],
  ]);
});
