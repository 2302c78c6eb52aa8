import { expect, test } from "vitest";
import { OutputGate } from "../src/output-gate.ts";
import { createManualClock } from "./support/manual-clock.ts";

function setUp(limits: { maxConsoleLines?: number; maxConsoleBytes?: number }): {
  readonly clock: ReturnType<typeof createManualClock>;
  readonly gate: OutputGate;
  readonly exceeded: string[];
} {
  const clock = createManualClock();
  const exceeded: string[] = [];
  const gate = new OutputGate({
    limits: { maxConsoleLines: 100, maxConsoleBytes: 1_000, ...limits },
    clock,
    exceeded: (limit) => exceeded.push(limit),
  });
  return { clock, gate, exceeded };
}

test("maxConsoleLines: that many lines within a second are let through, and none more", () => {
  const { gate, exceeded } = setUp({ maxConsoleLines: 2 });

  expect([gate.admits("a"), gate.admits("b"), gate.admits("c"), gate.admits("d")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(exceeded).toEqual(["maxConsoleLines"]);
});

test("maxConsoleBytes: bytes in UTF-8 are counted, and a shorter line may still fit", () => {
  const { gate, exceeded } = setUp({ maxConsoleBytes: 6 });

  expect([gate.admits("€a"), gate.admits("€"), gate.admits("bc"), gate.admits("")]).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect(exceeded).toEqual(["maxConsoleBytes"]);
});

test("a new second begins with the first line after the old one, and tells anew of what is dropped", () => {
  const { clock, gate, exceeded } = setUp({ maxConsoleLines: 1 });
  gate.admits("a");
  gate.admits("dropped");
  clock.advance(999);
  expect(gate.admits("dropped")).toBe(false);

  clock.advance(1);

  expect(gate.admits("b")).toBe(true);
  expect(gate.admits("dropped")).toBe(false);
  expect(exceeded).toEqual(["maxConsoleLines", "maxConsoleLines"]);
});

test("0 lines let nothing through", () => {
  expect(setUp({ maxConsoleLines: 0 }).gate.admits("")).toBe(false);
});
