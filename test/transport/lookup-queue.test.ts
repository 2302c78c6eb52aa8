import { expect, test } from "vitest";
import { LookupQueue } from "../../src/transport/lookup-queue.ts";

interface Setup {
  readonly queue: LookupQueue;
  /** Names of look-ups that have started. */
  readonly started: string[];
  /** Ends one. */
  finish(name: string): void;
  enter(name: string, isWanted?: () => boolean): void;
}

function setUp(): Setup {
  const queue = new LookupQueue();
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    queue,
    started,
    finish: (name) => ends.get(name)?.(),
    enter: (name, isWanted = () => true) =>
      queue.enter((done) => {
        started.push(name);
        ends.set(name, done);
      }, isWanted),
  };
}

test("two look-ups run at a time, and the next begins when one has ended, however often it says so", () => {
  const { started, finish, enter } = setUp();
  for (const name of ["a", "b", "c", "d"]) enter(name);
  expect(started).toEqual(["a", "b"]);

  finish("b");
  finish("b");

  expect(started).toEqual(["a", "b", "c"]);
});

test("a look-up that nobody wants any more never begins", () => {
  const { started, finish, enter } = setUp();
  let isWanted = true;
  for (const name of ["a", "b"]) enter(name);
  enter("given up", () => isWanted);
  enter("c");

  isWanted = false;
  finish("a");

  expect(started).toEqual(["a", "b", "c"]);
});

test("look-ups that end at once do not hold up the others", () => {
  const queue = new LookupQueue();
  const started: number[] = [];

  for (let number = 0; number < 10; number += 1) {
    queue.enter(
      (done) => {
        started.push(number);
        done();
      },
      () => true,
    );
  }

  expect(started).toHaveLength(10);
});
