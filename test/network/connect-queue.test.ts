import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConnectQueue, type ConnectTicket } from "../../src/network/connect-queue.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

interface Setup {
  readonly clock: ManualClock;
  readonly queue: ConnectQueue;
  /** Numbers of the connections that have begun, in order. */
  readonly begun: number[];
  /** Enters the next connection. */
  enter(): ConnectTicket;
}

function setUp(
  limits: Partial<ConstructorParameters<typeof ConnectQueue>[0]["limits"]> = {},
  random: () => number = () => 1,
): Setup {
  const clock = createManualClock();
  const queue = new ConnectQueue({
    limits: { maxConnecting: 100, maxConnectRate: 60_000, maxConnectDelay: 0, ...limits },
    clock,
    random,
  });
  const begun: number[] = [];
  let entered = 0;
  return {
    clock,
    queue,
    begun,
    enter() {
      entered += 1;
      const number = entered;
      return queue.enter(() => void begun.push(number));
    },
  };
}

describe("maxConnecting", () => {
  test("lets that many begin at once, and one more when one of them has ended", () => {
    const { enter, begun } = setUp({ maxConnecting: 2 });
    const first = enter();
    enter();
    expect(begun).toEqual([1, 2]);

    enter();
    enter();
    expect(begun).toEqual([1, 2]);
    first.done("opened");

    expect(begun).toEqual([1, 2, 3]);
  });

  test("a place that is given up while it waits is skipped", () => {
    const { enter, begun } = setUp({ maxConnecting: 1 });
    const first = enter();
    const second = enter();
    enter();

    second.done("abandoned");
    first.done("failed");

    expect(begun).toEqual([1, 3]);
  });

  test("giving a place back twice frees one place", () => {
    const { enter, begun } = setUp({ maxConnecting: 1 });
    const first = enter();
    enter();
    enter();

    first.done("opened");
    first.done("failed");

    expect(begun).toEqual([1, 2]);
  });

  test("a connection that ends while it begins frees its place", () => {
    const { queue } = setUp({ maxConnecting: 1 });
    const begun: number[] = [];
    for (let number = 1; number <= 3; number += 1) {
      queue.enter((ticket) => {
        begun.push(number);
        ticket.done("failed");
      });
    }

    expect(begun).toEqual([1, 2, 3]);
  });
});

describe("maxConnectRate", () => {
  test("lets a minute's worth begin at once, and then one for each part of the minute", () => {
    const { clock, enter, begun } = setUp({ maxConnectRate: 6 });
    for (let count = 0; count < 8; count += 1) enter();
    expect(begun).toHaveLength(6);

    clock.advance(9_999);
    expect(begun).toHaveLength(6);
    clock.advance(1);
    expect(begun).toHaveLength(7);
    clock.advance(10_000);

    expect(begun).toHaveLength(8);
    expect(clock.scheduled).toBe(0);
  });

  test("saves up no more than a minute's worth", () => {
    const { clock, enter, begun } = setUp({ maxConnectRate: 6 });
    clock.advance(3_600_000);

    for (let count = 0; count < 7; count += 1) enter();

    expect(begun).toHaveLength(6);
  });
});

describe("places that are given up before they begin", () => {
  test("are an overdraft as far as they are more than a minute's worth", () => {
    const { clock, enter, queue } = setUp({ maxConnectRate: 6, maxConnecting: 1 });
    enter();
    for (let count = 0; count < 6; count += 1) enter().done("abandoned");
    expect(queue.overdraft).toBe(0);

    for (let count = 0; count < 4; count += 1) enter().done("abandoned");
    expect(queue.overdraft).toBe(4);
    clock.advance(10_000);
    expect(queue.overdraft).toBe(3);
    clock.advance(30_000);

    expect(queue.overdraft).toBe(0);
  });

  test("do not let others wait longer", () => {
    const { enter, begun } = setUp({ maxConnectRate: 6, maxConnecting: 1 });
    const first = enter();
    for (let count = 0; count < 40; count += 1) enter().done("abandoned");

    first.done("opened");
    enter();

    expect(begun).toEqual([1, 42]);
  });
});

describe("maxConnectDelay", () => {
  /** How long the next connection waits after so many failures and successes. */
  function waitAfter(failed: number, opened: number, random: () => number): number {
    const { clock, enter, begun } = setUp({ maxConnectDelay: 5_000 }, random);
    // All at once: connections that are under way do not count.
    const tickets = Array.from({ length: failed + opened }, () => enter());
    for (const [index, ticket] of tickets.entries())
      ticket.done(index < failed ? "failed" : "opened");
    const before = begun.length;
    enter();
    const start = clock.now();
    while (begun.length === before) clock.advance(1);
    return clock.now() - start;
  }

  test.each([
    [0, 0, 0],
    [3, 0, 0],
    [8, 0, 19],
    [12, 0, 312],
    [15, 0, 2_500],
    [16, 0, 5_000],
    [40, 0, 5_000],
    [16, 1, 19],
    [32, 1, 5_000],
  ])("after %i failures and %i successes the longest wait is %i ms", (failed, opened, wait) => {
    expect(waitAfter(failed, opened, () => 1)).toBe(wait);
  });

  test("the shortest wait is a fifth of the longest", () => {
    expect(waitAfter(16, 0, () => 0)).toBe(1_000);
  });

  test("abandoned connections count for nothing", () => {
    const { enter, begun } = setUp({ maxConnectDelay: 5_000 });
    for (let count = 0; count < 20; count += 1) enter().done("abandoned");

    enter();

    expect(begun).toHaveLength(21);
  });

  test("failures are forgotten after six minutes at the latest", () => {
    const { clock, enter, begun } = setUp({ maxConnectDelay: 5_000 });
    const tickets = Array.from({ length: 16 }, () => enter());
    for (const ticket of tickets) ticket.done("failed");
    clock.advance(360_000);

    enter();

    expect(begun).toHaveLength(17);
  });

  test("0 lets everything begin at once", () => {
    const { enter, begun } = setUp({ maxConnectDelay: 0 });
    for (let count = 0; count < 20; count += 1) enter().done("failed");

    expect(begun).toHaveLength(20);
  });
});

test("a queue that is disposed of lets nobody begin and leaves no timer", () => {
  const { clock, queue, enter, begun } = setUp({ maxConnectRate: 1 });
  enter();
  const waiting = enter();

  queue[Symbol.dispose]();
  clock.advance(3_600_000);
  waiting.done("abandoned");

  expect(begun).toEqual([1]);
  expect(clock.scheduled).toBe(0);
});

test("whatever happens, connections begin in order, within the limits, and none waits for ever", () => {
  const action = fc.oneof(
    fc.constant({ type: "enter" } as const),
    fc.record({
      type: fc.constant("done" as const),
      index: fc.nat(),
      outcome: fc.constantFrom("opened" as const, "failed" as const, "abandoned" as const),
    }),
    fc.record({ type: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 20_000 }) }),
  );
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 120 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 30 }),
      fc.constantFrom(0, 5_000),
      (actions, maxConnecting, maxConnectRate, maxConnectDelay) => {
        const clock = createManualClock();
        const queue = new ConnectQueue({
          limits: { maxConnecting, maxConnectRate, maxConnectDelay },
          clock,
        });
        const begunAt: number[] = [];
        const order: number[] = [];
        const tickets: ConnectTicket[] = [];
        const connecting = new Set<number>();
        const done = new Set<number>();
        const finish = (index: number, outcome: "opened" | "failed" | "abandoned"): void => {
          done.add(index);
          connecting.delete(index);
          tickets[index]?.done(outcome);
        };
        for (const step of actions) {
          if (step.type === "enter") {
            const index = tickets.length;
            const ticket = queue.enter(() => {
              begunAt.push(clock.now());
              order.push(index);
              connecting.add(index);
            });
            tickets.push(ticket);
          } else if (step.type === "wait") clock.advance(step.ms);
          else if (tickets.length > 0) finish(step.index % tickets.length, step.outcome);
          expect(connecting.size).toBeLessThanOrEqual(maxConnecting);
        }
        // In the end everybody's turn comes.
        for (let round = 0; round < tickets.length + 1; round += 1) {
          for (const index of connecting) finish(index, "opened");
          clock.advance(70_000);
        }
        for (let index = 0; index < tickets.length; index += 1) {
          expect(done.has(index) || order.includes(index)).toBe(true);
        }
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        for (let index = 2 * maxConnectRate; index < begunAt.length; index += 1) {
          const first = begunAt[index - 2 * maxConnectRate] ?? 0;
          // A minute's worth was saved up, another came during the minute.
          expect((begunAt[index] ?? 0) - first).toBeGreaterThan(
            60_000 - 60_000 / maxConnectRate - 2,
          );
        }
      },
    ),
  );
});
