import { TypeErrorOf } from "../intrinsics.ts";
import { illegalInvocation } from "../webidl.ts";

/** What an entry tells. */
export interface EntryData {
  readonly name: string;
  readonly entryType: "mark" | "measure";
  readonly startTime: number;
  readonly duration: number;
  readonly detail: unknown;
}

/** Makes the constructors legal. */
export const internal: object = { __proto__: null };

/** The data of an entry. Throws for other objects. */
export let entryData: (value: unknown) => EntryData;

/** @see https://w3c.github.io/performance-timeline/#the-performanceentry-interface */
export class PerformanceEntry {
  readonly #data: EntryData;

  constructor(key?: unknown, data?: unknown) {
    if (key !== internal) throw new TypeErrorOf("Illegal constructor");
    this.#data = data as EntryData;
  }

  get name(): string {
    return entryData(this).name;
  }

  get entryType(): string {
    return entryData(this).entryType;
  }

  get startTime(): number {
    return entryData(this).startTime;
  }

  get duration(): number {
    return entryData(this).duration;
  }

  toJSON(): object {
    const { name, entryType, startTime, duration, detail } = entryData(this);
    return { name, entryType, startTime, duration, detail };
  }

  static {
    entryData = (value) => {
      if (typeof value !== "object" || value === null || !(#data in value)) illegalInvocation();
      return value.#data;
    };
  }
}

/** `detail` of an entry of one type. */
export function entryDetail(entry: unknown, type: EntryData["entryType"]): unknown {
  const { entryType, detail } = entryData(entry);
  return entryType === type ? detail : illegalInvocation();
}
