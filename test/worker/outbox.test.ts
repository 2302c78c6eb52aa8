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

test("the first lines of a turn are posted at once, the others by its end", async () => {
  const { outbox, posted } = setUp();
  const texts = Array.from({ length: 40 }, (_, index) => String(index));

  for (const text of texts.slice(0, 16)) outbox.add(line(text));
  expect(posted.map(({ events }) => events.length)).toEqual(Array.from({ length: 16 }, () => 1));
  for (const text of texts.slice(16)) outbox.add(line(text));
  await Promise.resolve();

  expect(posted.flatMap(({ events }) => events)).toEqual(texts.map(line));
});

test("a long turn posts whenever enough has come together", () => {
  const { outbox, posted } = setUp();

  for (let count = 0; count < 1_000; count += 1) outbox.add(line("x".repeat(2_000)));

  // Sixteen within ten milliseconds go alone, the others by 64 KiB.
  expect(posted.length).toBeGreaterThanOrEqual(16 + Math.floor((984 * 4_100) / 70_000));
  expect(posted.length).toBeLessThan(500);
});

test("flush() posts what there is, and nothing twice", async () => {
  const { outbox, posted } = setUp();

  outbox.add(line("a"));
  outbox.flush();
  outbox.flush();
  await Promise.resolve();

  expect(posted.length).toBe(1);
});
