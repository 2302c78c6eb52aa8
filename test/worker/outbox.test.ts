import { expect, test, vi } from "vitest";
import type { SandboxEvent } from "../../src/events.ts";
import type { FromWorker } from "../../src/worker/messages.ts";
import { acknowledge, Outbox } from "../../src/worker/outbox.ts";
import { createSharedState } from "../../src/worker/shared-state.ts";

function line(message: string): SandboxEvent {
  return { type: "console", level: "log", message, time: 0 };
}

function setUp(maxBacklog = 1_000_000): {
  outbox: Outbox;
  posted: (FromWorker & { type: "events" })[];
  state: Int32Array<SharedArrayBuffer>;
} {
  const state = createSharedState();
  const posted: (FromWorker & { type: "events" })[] = [];
  const outbox = new Outbox({
    state,
    maxBacklog,
    post(message) {
      if (message.type === "events") posted.push(message);
      // An observer that keeps up.
      if (message.type === "events") acknowledge(state, message.bytes);
    },
    waited: vi.fn<(ms: number) => void>(),
  });
  return { outbox, posted, state };
}

test("an event is posted at once, and those that follow it closely together after the turn", async () => {
  const { outbox, posted } = setUp();

  outbox.add(line("a"));
  expect(posted.map(({ events }) => events)).toEqual([[line("a")]]);
  outbox.add(line("b"));
  outbox.add(line("c"));
  await Promise.resolve();

  // Unless the machine was busy for a moment: then each was posted by itself.
  expect(posted.flatMap(({ events }) => events)).toEqual([line("a"), line("b"), line("c")]);
});

test("a long turn posts whenever enough has come together", () => {
  const { outbox, posted } = setUp();

  for (let count = 0; count < 10; count += 1) outbox.add(line("x".repeat(20_000)));

  expect(posted.length).toBe(5);
});

test("flush() posts what there is, and nothing twice", async () => {
  const { outbox, posted } = setUp();

  outbox.add(line("a"));
  outbox.flush();
  outbox.flush();
  await Promise.resolve();

  expect(posted.length).toBe(1);
});
