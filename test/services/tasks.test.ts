import { afterEach, describe, expect, test, vi } from "vitest";
import { TaskError, Tasks, type TasksOptions } from "../../src/services/tasks.ts";

const benches: Workbench[] = [];

/** A service whose work ends when the test says so. */
class Workbench {
  readonly heard: unknown[] = [];
  readonly #ends: { resolve(bytes: Uint8Array): void; reject(error: unknown): void }[] = [];
  readonly tasks: Tasks;

  constructor(options: Partial<TasksOptions> = {}) {
    this.tasks = new Tasks({
      services: {
        work: (json) => {
          this.heard.push(json);
          return new Promise((resolve, reject) => void this.#ends.push({ resolve, reject }));
        },
      },
      done: (id, bytes) => this.heard.push([id, [...bytes]]),
      failed: (id, exception, message) => this.heard.push([id, exception, message]),
      ...options,
    });
    benches.push(this);
  }

  start(json: string, bytes = 0): number {
    return this.tasks.start("work", json, new ArrayBuffer(bytes));
  }

  async endAll(): Promise<void> {
    for (const { resolve } of this.#ends) resolve(Uint8Array.of());
    await settled();
  }

  async end(index: number, outcome: Uint8Array | Error = Uint8Array.of(index)): Promise<void> {
    const { resolve, reject } = this.#ends[index] ?? {};
    if (outcome instanceof Error) reject?.(outcome);
    else resolve?.(outcome);
    await settled();
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Work that a test leaves behind would have its slot for ever. */
afterEach(async () => {
  for (const bench of benches.splice(0)) {
    bench.tasks.stop();
    await bench.endAll();
  }
});

describe("tasks", () => {
  test("begin after the call that starts them, one after another", async () => {
    const bench = new Workbench();

    expect(["a", "b", "c"].map((json) => bench.start(json))).toEqual([1, 2, 3]);
    expect(bench.heard).toEqual([]);
    await settled();

    expect(bench.heard).toEqual(["a"]);
    expect(bench.tasks.count).toBe(3);
  });

  test("make room for the next one when the guest has the result", async () => {
    const bench = new Workbench();
    for (const json of ["a", "b", "c"]) bench.start(json);
    await settled();

    await bench.end(0);
    expect(bench.heard).toEqual(["a", [1, [0]]]);
    bench.tasks.delivered(1);
    await settled();

    expect(bench.heard).toEqual(["a", [1, [0]], "b"]);
    expect(bench.tasks.count).toBe(2);
  });

  test("tell of failures as the service names them, and of the host's errors nothing", async () => {
    const bench = new Workbench();
    bench.start("a");
    bench.start("b");
    await settled();

    await bench.end(0, new TaskError("DataError", "why"));
    bench.tasks.delivered(1);
    await settled();
    await bench.end(1, new Error("a path of the host: /home"));

    expect(bench.heard).toEqual([
      "a",
      [1, "DataError", "why"],
      "b",
      [2, "OperationError", "The operation failed"],
    ]);
  });

  test("are refused beyond 16,384", () => {
    const bench = new Workbench();
    const ids = Array.from({ length: 16_385 }, () => bench.start(""));

    expect(ids.slice(-2)).toEqual([16_384, 0]);
  });

  test("are refused beyond 64 MiB of requests, but for one alone", () => {
    const bench = new Workbench();

    expect(bench.start("", 64 * 2 ** 20 + 1)).toBe(1);
    expect(bench.start("", 0)).toBe(0);
    bench.tasks.delivered(1);
    expect(bench.start("", 32 * 2 ** 20)).toBe(2);
    expect(bench.start("", 32 * 2 ** 20)).toBe(3);
    expect(bench.start("a")).toBe(0);
  });

  test("that are dropped neither begin nor tell of anything", async () => {
    const bench = new Workbench();
    for (const json of ["a", "b", "c"]) bench.start(json);
    await settled();

    bench.tasks.stop();
    await bench.end(0);

    expect(bench.heard).toEqual(["a"]);
    expect(bench.tasks.count).toBe(0);
    expect(bench.start("d")).toBe(0);
  });

  test("of all sandboxes run two at a time: the next one waits until a slot is free", async () => {
    const three = [1, 2, 3].map(() => new Workbench());
    for (const bench of three) bench.start("a");
    await settled();
    expect(three.map(({ heard }) => heard.length)).toEqual([1, 1, 0]);

    // Also one that nobody waits for any more has its slot until it ends.
    three[0]?.tasks.stop();
    await settled();
    expect(three[2]?.heard).toEqual([]);
    await three[0]?.end(0);

    await vi.waitFor(() => expect(three[2]?.heard).toEqual(["a"]));
  });

  test("of unknown services are none", () => {
    const { tasks } = new Workbench();

    for (const name of ["", "toString", "__proto__"]) {
      expect(() => tasks.start(name, "", new ArrayBuffer(0))).toThrow(TypeError);
    }
  });

  test("tell whoever keeps time of the work that begins, and for how long", async () => {
    const works: Promise<void>[] = [];
    const bench = new Workbench({ started: (work) => void works.push(work) });
    bench.start("a");
    await settled();
    const ended = works[0]?.then(() => bench.heard.push("ended"));

    await bench.end(0);
    await ended;

    expect(bench.heard).toEqual(["a", [1, [0]], "ended"]);
  });
});
