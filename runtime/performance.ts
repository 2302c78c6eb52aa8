import { EventTarget } from "./event-target.ts";
import { defineGlobalAttribute } from "./global-attribute.ts";
import { defineInterface } from "./interface.ts";
import { TypeErrorOf } from "./intrinsics.ts";
import type { RuntimeScope } from "./scope.ts";
import { illegalInvocation } from "./webidl.ts";

/** Installs `performance` with `now`, `timeOrigin` and `toJSON`. */
export function installPerformance({ global, host, options }: RuntimeScope): void {
  let isInstalling = true;

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
  }

  defineInterface(global, Performance, { name: "Performance" });
  defineGlobalAttribute(global, "performance", new Performance(), true);
  isInstalling = false;
}
