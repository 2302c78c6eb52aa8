import { defineInterface, defineValue } from "./interface.ts";
import { TypeErrorOf } from "./intrinsics.ts";
import type { RuntimeScope } from "./scope.ts";
import { illegalInvocation } from "./webidl.ts";

/**
 * Installs `performance` with `now`, `timeOrigin` and `toJSON`.
 *
 * Deviation: `Performance` does not inherit from `EventTarget`; none of its events exist here.
 */
export function installPerformance({ global, host, options }: RuntimeScope): void {
  let isInstalling = true;

  class Performance {
    readonly #brand = true;

    constructor() {
      if (!isInstalling) throw new TypeErrorOf("Illegal constructor");
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
  }

  defineInterface(global, Performance, { name: "Performance" });
  defineValue(global, "performance", new Performance());
  isInstalling = false;
}
