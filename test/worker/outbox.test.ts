import { expect, test, vi } from "vitest";
import type { SandboxEvent, SandboxEventDetail } from "../../src/events.ts";
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

const text = "x".repeat(10_000);
const position = { file: text, line: 1, column: 1 };
const exception = { name: "", message: "", stack: "", position: undefined };
const closed = { type: "closed", connection: 1, code: 1006, reason: "", wasClean: false } as const;
const failure = { stage: "connect", code: "ERR_CONNECT", message: "", host: "" } as const;

test.each<readonly [string, SandboxEventDetail]>([
  ["a line", { type: "console", level: "log", message: text }],
  ["an alert", { type: "alert", message: text }],
  ["a text sent", { type: "sent", connection: 1, data: text }],
  ["the name of an exception", { type: "error", exception: { ...exception, name: text } }],
  ["its message", { type: "error", exception: { ...exception, message: text } }],
  ["its stack", { type: "error", exception: { ...exception, stack: text } }],
  ["its file", { type: "error", exception: { ...exception, position } }],
  ["a URL", { type: "connecting", connection: 1, url: text, protocols: [] }],
  ["a subprotocol", { type: "connecting", connection: 1, url: "", protocols: [text] }],
  ["the chosen subprotocol", { type: "open", connection: 1, protocol: text, extensions: "" }],
  ["extensions", { type: "open", connection: 1, protocol: "", extensions: text }],
  ["the reason of a close", { ...closed, reason: text }],
  ["the message of a failure", { ...closed, failure: { ...failure, message: text } }],
  ["its host", { ...closed, failure: { ...failure, host: text } }],
  ["its address", { ...closed, failure: { ...failure, address: text } }],
  ["its system code", { ...closed, failure: { ...failure, systemCode: text } }],
  ["why a sandbox was ended", { type: "killed", cause: "cpu", message: text }],
])("%s counts for what it takes", (_what, event) => {
  const { outbox, posted } = setUp();

  outbox.add({ time: 0, ...event });
  outbox.flush();

  expect(posted[0]?.bytes).toBeGreaterThanOrEqual(text.length * 2);
  expect(posted[0]?.bytes).toBeLessThan(text.length * 2 + 1_000);
});
