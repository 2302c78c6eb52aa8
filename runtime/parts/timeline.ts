import { DOMException } from "../dom-exception.ts";
import { hostNow } from "../host.ts";
import { defineInterface } from "../interface.ts";
import { createList, jsonStringify, toArray, TypeErrorOf } from "../intrinsics.ts";
import type { PartInstaller } from "../parts.ts";
import type { Timeline } from "../performance.ts";
import { cloneMessage } from "../structured-clone.ts";
import { checkArguments, isObject, toDictionary, toDOMString, toDouble } from "../webidl.ts";
import {
  type EntryData,
  entryData,
  entryDetail,
  internal,
  PerformanceEntry,
} from "./performance-entry.ts";

/** In the order of their start times, and of their making where these are the same. */
let entries = createList<PerformanceEntry>();

/** @see https://w3c.github.io/user-timing/#performancemark */
class PerformanceMark extends PerformanceEntry {
  constructor(name: unknown, options?: unknown) {
    checkArguments("PerformanceMark", arguments.length, 1);
    const text = toDOMString(name);
    const members = toDictionary(options);
    const detail = members?.["detail"];
    const given = members?.["startTime"];
    const startTime = given === undefined ? hostNow() : toTime(toDouble(given));
    super(internal, {
      name: text,
      entryType: "mark",
      startTime,
      duration: 0,
      detail: cloneDetail(detail),
    } satisfies EntryData);
  }

  get detail(): unknown {
    return entryDetail(this, "mark");
  }
}

/** @see https://w3c.github.io/user-timing/#performancemeasure */
class PerformanceMeasure extends PerformanceEntry {
  get detail(): unknown {
    return entryDetail(this, "measure");
  }
}

/**
 * Marks and measures.
 *
 * @see https://w3c.github.io/user-timing/
 */
export const install: PartInstaller<"timeline"> = (_scope, target) => {
  defineInterface(target, PerformanceEntry, { name: "PerformanceEntry" });
  defineInterface(target, PerformanceMark, { name: "PerformanceMark", length: 1 });
  defineInterface(target, PerformanceMeasure, { name: "PerformanceMeasure" });
  return timeline;
};

const timeline: Timeline = {
  mark(input) {
    checkArguments("mark", input.length, 1);
    return add(new PerformanceMark(input[0], input[1]));
  },
  measure(input) {
    checkArguments("measure", input.length, 1);
    return add(measure(toDOMString(input[0]), input[1], input[2]));
  },
  clearMarks: (input) => clear("mark", input[0]),
  clearMeasures: (input) => clear("measure", input[0]),
  getEntries: () => toArray(entries),
  getEntriesByName(input) {
    checkArguments("getEntriesByName", input.length, 1);
    const name = toDOMString(input[0]);
    const type = input[1] === undefined ? undefined : toDOMString(input[1]);
    return toArray(
      select((entry) => entry.name === name && (type === undefined || entry.entryType === type)),
    );
  },
  getEntriesByType(input) {
    checkArguments("getEntriesByType", input.length, 1);
    const type = toDOMString(input[0]);
    return toArray(select((entry) => entry.entryType === type));
  },
};

function clear(type: EntryData["entryType"], givenName: unknown): void {
  const name = givenName === undefined ? undefined : toDOMString(givenName);
  entries = select(
    (entry) => entry.entryType !== type || (name !== undefined && entry.name !== name),
  );
}

/** A time, or the name of a mark. */
type Point = number | string;

function measure(name: string, startOrOptions: unknown, endMark: unknown): PerformanceMeasure {
  const isDictionary =
    startOrOptions === undefined || startOrOptions === null || isObject(startOrOptions);
  const members = isDictionary ? toDictionary(startOrOptions) : undefined;
  // Web IDL: in the order of the names.
  const detail = members?.["detail"];
  const givenDuration = members?.["duration"];
  const duration = givenDuration === undefined ? undefined : toDouble(givenDuration);
  const end = toPoint(members?.["end"]);
  const start = isDictionary ? toPoint(members?.["start"]) : toDOMString(startOrOptions);
  const last = endMark === undefined ? undefined : toDOMString(endMark);
  const hasMembers = detail !== undefined || duration !== undefined || end !== undefined;
  if (isDictionary && (hasMembers || start !== undefined)) {
    if (last !== undefined) throw new TypeErrorOf("measure: options and an end mark were given");
    if (start === undefined && end === undefined) {
      throw new TypeErrorOf("measure: the options have neither a start nor an end");
    }
    if (start !== undefined && end !== undefined && duration !== undefined) {
      throw new TypeErrorOf("measure: the options have a start, an end and a duration");
    }
  }
  const endTime = measureEnd(last ?? end, start, duration);
  const startTime = measureStart(start, end, duration);
  return new PerformanceMeasure(internal, {
    name,
    entryType: "measure",
    startTime,
    duration: endTime - startTime,
    detail: cloneDetail(detail),
  } satisfies EntryData);
}

function measureEnd(end: Point | undefined, start: Point | undefined, duration?: number): number {
  if (end !== undefined) return timeOf(end);
  if (start !== undefined && duration !== undefined) return timeOf(start) + toTime(duration);
  return hostNow();
}

function measureStart(start: Point | undefined, end: Point | undefined, duration?: number): number {
  if (start !== undefined) return timeOf(start);
  if (end !== undefined && duration !== undefined) return timeOf(end) - toTime(duration);
  return 0;
}

function toPoint(value: unknown): Point | undefined {
  if (value === undefined) return undefined;
  return typeof value === "number" ? toDouble(value) : toDOMString(value);
}

/** "Convert a mark to a timestamp". */
function timeOf(point: Point): number {
  if (typeof point === "number") return toTime(point);
  for (let index = entries.length - 1; index >= 0; index--) {
    const { entryType, name, startTime } = entryData(entries[index]);
    if (entryType === "mark" && name === point) return startTime;
  }
  throw new DOMException("There is no mark " + jsonStringify(point), "SyntaxError");
}

function toTime(value: number): number {
  if (value < 0) throw new TypeErrorOf("A time must not be negative");
  return value;
}

function cloneDetail(detail: unknown): unknown {
  return detail === undefined || detail === null
    ? null
    : cloneMessage(detail, undefined, () => {}).value;
}

function add(entry: PerformanceEntry): PerformanceEntry {
  const { startTime } = entryData(entry);
  let index = entries.length;
  while (index > 0 && entryData(entries[index - 1]).startTime > startTime) {
    entries[index] = entries[index - 1] as PerformanceEntry;
    index -= 1;
  }
  entries[index] = entry;
  return entry;
}

function select(isWanted: (data: EntryData) => boolean): PerformanceEntry[] {
  const list = createList<PerformanceEntry>();
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as PerformanceEntry;
    if (isWanted(entryData(entry))) list[list.length] = entry;
  }
  return list;
}
