import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

describe.each(buildNames)("performance on %s", (build) => {
  test("marks and measures are entries in the order of their start times", async () => {
    using guest = await createGuest({ build });
    guest.time = 10;
    guest.evaluate(
      `performance.mark("b"); performance.mark("a", { startTime: 2, detail: { on: true } })`,
    );
    guest.time = 30;

    const found = guest.evaluate(`
      performance.measure("all"); performance.measure("since b", "b"); performance.measure("from a to b", "a", "b");
      performance.getEntries().map(({ name, entryType, startTime, duration }) => [name, entryType, startTime, duration].join())`);

    expect(found).toEqual([
      "all,measure,0,30",
      "a,mark,2,0",
      "from a to b,measure,2,8",
      "b,mark,10,0",
      "since b,measure,10,20",
    ]);
  });

  test.each([
    [`performance.measure("m", { start: 3, end: 5 })`, [3, 2, null]],
    [`performance.measure("m", { start: 3, duration: 4, detail: 1 })`, [3, 4, 1]],
    [`performance.measure("m", { end: 9, duration: 4 })`, [5, 4, null]],
    [`performance.measure("m", { start: "mark" })`, [7, 13, null]],
    [`performance.measure("m", { end: "mark", detail: [1] })`, [0, 7, [1]]],
    [`performance.measure("m", undefined, "mark")`, [0, 7, null]],
    [`performance.measure("m", {}, "mark")`, [0, 7, null]],
    [`performance.measure("m", { start: 9, end: 2 })`, [9, -7, null]],
    [`performance.mark("m")`, [20, 0, null]],
    [`performance.mark("m", { startTime: 1.5, detail: "d" })`, [1.5, 0, "d"]],
    [`new PerformanceMark("m", { startTime: 4 })`, [4, 0, null]],
  ])("%s has start, duration and detail", async (source, members) => {
    using guest = await createGuest({ build });
    guest.time = 20;
    guest.evaluate(`performance.mark("mark", { startTime: 7 })`);

    const found = guest.evaluate(
      `{ const entry = ${source}; [entry.startTime, entry.duration, entry.detail] }`,
    );

    expect(found).toEqual(members);
  });

  test("entries are found by name and type, and cleared by name or all", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      performance.mark("x"); performance.mark("x"); performance.mark("y"); performance.measure("x");
      const counts = () => [performance.getEntriesByName("x").length, performance.getEntriesByName("x", "mark").length, performance.getEntriesByType("mark").length,
        performance.getEntriesByType("measure").length, performance.getEntriesByType("resource").length].join();
      const log = [counts()];
      performance.clearMarks("x"); log.push(counts());
      performance.clearMeasures(); log.push(counts());
      performance.clearMarks(); log.push(counts(), Array.isArray(performance.getEntries()));
      log`);

    expect(found).toEqual(["3,2,3,1,0", "1,0,1,1,0", "0,0,1,0,0", "0,0,0,0,0", true]);
  });

  test.each([
    ["performance.mark()", "TypeError"],
    ["performance.mark('m', { startTime: -1 })", "TypeError"],
    ["performance.mark('m', { startTime: NaN })", "TypeError"],
    ["performance.mark('m', { detail: () => {} })", "DataCloneError"],
    ["performance.measure('m', 'nothing')", "SyntaxError"],
    ["performance.measure('m', { start: 'nothing' })", "SyntaxError"],
    ["performance.measure('m', { start: -1 })", "TypeError"],
    ["performance.measure('m', { start: 1, end: 2, duration: 3 })", "TypeError"],
    ["performance.measure('m', { duration: 3 })", "TypeError"],
    ["performance.measure('m', { start: 1 }, 'end')", "TypeError"],
    ["performance.getEntriesByName()", "TypeError"],
    ["performance.mark.call({}, 'm')", "TypeError"],
    ["new PerformanceEntry()", "TypeError"],
    ["new PerformanceMeasure('m')", "TypeError"],
    ["new PerformanceMark()", "TypeError"],
    [
      "Object.getOwnPropertyDescriptor(PerformanceMeasure.prototype, 'detail').get.call(performance.mark('m'))",
      "TypeError",
    ],
    ["Object.create(PerformanceMark.prototype).name", "TypeError"],
  ])("%s is a %s", async (source, name) => {
    using guest = await createGuest({ build });

    expect(() => guest.evaluate(source)).toThrow(expect.objectContaining({ name }));
    expect(guest.evaluate("performance.getEntriesByType('measure').length")).toBe(0);
  });

  test("the interfaces are as Web IDL says", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`
      const mark = performance.mark("m", { startTime: 1, detail: 2 });
      [mark instanceof PerformanceMark, mark instanceof PerformanceEntry, String(mark), String(performance.measure("n")), JSON.stringify(mark),
        Object.keys(PerformanceEntry.prototype).join(), PerformanceMark.length, performance.mark.name, performance.mark.length, performance.clearMarks.length,
        Object.keys(Performance.prototype).sort().join(), /native code/.test(performance.measure), Reflect.ownKeys(mark).length]`);

    expect(found).toEqual([
      true,
      true,
      "[object PerformanceMark]",
      "[object PerformanceMeasure]",
      '{"name":"m","entryType":"mark","startTime":1,"duration":0,"detail":2}',
      "name,entryType,startTime,duration,toJSON",
      1,
      "mark",
      1,
      0,
      "clearMarks,clearMeasures,getEntries,getEntriesByName,getEntriesByType,mark,measure,now,timeOrigin,toJSON",
      true,
      0,
    ]);
  });
});
