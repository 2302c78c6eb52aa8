import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Cell, createSharedState } from "../../src/worker/shared-state.ts";
import { Watchdog } from "../../src/worker/watchdog.ts";

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

/** `processorTime` answers what a thread had by then that got so much of each millisecond of a processor. */
function setUp(share: number | "unknown" = 1): {
  state: Int32Array<SharedArrayBuffer>;
  overrun: () => void;
  busy: () => void;
  watchdog: Watchdog;
  /** What the thread does at the beginning or end of a turn. */
  toggleTurn: () => void;
} {
  const state = createSharedState();
  const overrun = vi.fn<() => void>();
  const busy = vi.fn<() => void>();
  const watchdog = new Watchdog(state, 1_000, {
    overrun,
    busy,
    processorTime: () => (share === "unknown" ? undefined : performance.now() * share),
  });
  onTestFinished(() => watchdog[Symbol.dispose]());
  const toggleTurn = (): void => {
    Atomics.add(state, Cell.Turn, 1);
    if (Atomics.compareExchange(state, Cell.Watched, 0, 1) === 0) watchdog.wake();
  };
  return { state, overrun, busy, watchdog, toggleTurn };
}

test("a turn within its time is left alone", () => {
  const { overrun, toggleTurn } = setUp();

  toggleTurn();
  vi.advanceTimersByTime(1_000);
  toggleTurn();
  vi.advanceTimersByTime(10_000);

  expect(overrun).not.toHaveBeenCalled();
});

test("a turn that does not end is over at most 250 ms after its deadline", () => {
  const { overrun, toggleTurn } = setUp();

  toggleTurn();
  vi.advanceTimersByTime(1_250);

  expect(overrun).toHaveBeenCalledTimes(1);
});

test("many short turns are not one long turn", () => {
  const { overrun, toggleTurn } = setUp();

  for (let turns = 0; turns < 200; turns += 1) {
    toggleTurn();
    vi.advanceTimersByTime(49);
    toggleTurn();
  }

  expect(overrun).not.toHaveBeenCalled();
});

test("time in which the thread waits for its observer does not count", () => {
  const { state, overrun, toggleTurn } = setUp();

  toggleTurn();
  Atomics.store(state, Cell.Blocked, 1);
  vi.advanceTimersByTime(60_000);
  Atomics.store(state, Cell.Blocked, 0);
  vi.advanceTimersByTime(900);

  expect(overrun).not.toHaveBeenCalled();
});

test("an idle sandbox causes no wake-ups, and its next turn is watched again", () => {
  const { overrun, toggleTurn } = setUp();

  toggleTurn();
  toggleTurn();
  vi.advanceTimersByTime(1_000);
  const timersWhileIdle = vi.getTimerCount();
  toggleTurn();
  vi.advanceTimersByTime(1_250);

  expect(timersWhileIdle).toBe(0);
  expect(overrun).toHaveBeenCalledTimes(1);
});

test("a thread that has a processor through several looks at one turn is busy, which is told once", () => {
  const { busy, toggleTurn } = setUp();

  toggleTurn();
  vi.advanceTimersByTime(150);
  toggleTurn();
  toggleTurn();
  vi.advanceTimersByTime(150);

  expect(busy).toHaveBeenCalledTimes(1);
});

test.each([
  ["waits for a processor", 0.01],
  ["cannot be looked at", "unknown"],
] as const)("a thread that %s is not busy, however long its turn takes", (_how, share) => {
  const { busy, toggleTurn } = setUp(share);

  toggleTurn();
  vi.advanceTimersByTime(900);
  toggleTurn();

  expect(busy).not.toHaveBeenCalled();
});

test("a turn that waits for the observer for a moment is not given all its time anew", () => {
  const { state, overrun, toggleTurn } = setUp();

  toggleTurn();
  vi.advanceTimersByTime(900);
  Atomics.store(state, Cell.Blocked, 1);
  vi.advanceTimersByTime(100);
  Atomics.store(state, Cell.Blocked, 0);
  vi.advanceTimersByTime(400);

  expect(overrun).toHaveBeenCalledTimes(1);
});
