import { EventTarget } from "./event-target.ts";
import { defineGlobalAttribute } from "./global-attribute.ts";
import { defineFunction, defineInterface } from "./interface.ts";
import { TypeErrorOf } from "./intrinsics.ts";
import { defineLazy, loadPart } from "./parts.ts";
import type { RuntimeScope } from "./scope.ts";
import { illegalInvocation } from "./webidl.ts";

type Operation = (input: readonly unknown[]) => unknown;

/** The operations on marks and measures, which the part `timeline` does. Arguments are converted there. */
export interface Timeline {
  readonly mark: Operation;
  readonly measure: Operation;
  readonly clearMarks: Operation;
  readonly clearMeasures: Operation;
  readonly getEntries: Operation;
  readonly getEntriesByName: Operation;
  readonly getEntriesByType: Operation;
}

const operations: readonly (readonly [name: keyof Timeline, length: number])[] = [
  ["mark", 1],
  ["measure", 1],
  ["clearMarks", 0],
  ["clearMeasures", 0],
  ["getEntries", 0],
  ["getEntriesByName", 1],
  ["getEntriesByType", 1],
];

/** Installs `performance`. */
export function installPerformance({ global, host, options }: RuntimeScope): void {
  let isInstalling = true;
  let isPerformance: (value: unknown) => boolean;

  class Performance extends EventTarget {
    readonly #brand = true;

    constructor() {
      if (!isInstalling) throw new TypeErrorOf("Illegal constructor");
      super();
    }

    get timeOrigin(): number {
      if (!(#brand in this)) illegalInvocation();
      return options.timeOrigin;
    }

    now(): number {
      if (!(#brand in this)) illegalInvocation();
      return host.now();
    }

    toJSON(): object {
      if (!(#brand in this)) illegalInvocation();
      return { timeOrigin: options.timeOrigin };
    }

    static {
      isPerformance = (value) => typeof value === "object" && value !== null && #brand in value;
    }
  }

  const { prototype } = Performance;
  for (const [name, length] of operations) {
    const { operation } = {
      operation(this: unknown, ...input: readonly unknown[]): unknown {
        if (!isPerformance(this)) illegalInvocation();
        return loadPart("timeline")[name](input);
      },
    };
    defineFunction(prototype, name, operation, length);
  }
  defineInterface(global, Performance, { name: "Performance" });
  defineLazy(global, "timeline", ["PerformanceEntry", "PerformanceMark", "PerformanceMeasure"]);
  defineGlobalAttribute(global, "performance", new Performance(), true);
  isInstalling = false;
}
