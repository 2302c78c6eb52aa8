import { defineInterface } from "../interface.ts";
import { freeze, TypeErrorOf } from "../intrinsics.ts";
import { illegalInvocation } from "../webidl.ts";
import { isOnline } from "../worker-scope.ts";

/** Tells a script which sandbox it is in, and a server nothing: no version, and nothing of the machine. */
const userAgent = "quickjs-network-device";

let isMaking = false;

/** The value, for an object of the interface. */
let constant: <T>(self: unknown, value: T) => T;

/** @see https://html.spec.whatwg.org/multipage/workers.html#workernavigator */
class WorkerNavigator {
  readonly #languages: readonly string[] = freeze(["en-US"]);

  constructor() {
    if (!isMaking) throw new TypeErrorOf("Illegal constructor");
  }

  get appCodeName(): string {
    return constant(this, "Mozilla");
  }

  get appName(): string {
    return constant(this, "Netscape");
  }

  get appVersion(): string {
    return constant(this, "");
  }

  get platform(): string {
    return constant(this, "");
  }

  get product(): string {
    return constant(this, "Gecko");
  }

  get userAgent(): string {
    return constant(this, userAgent);
  }

  get language(): string {
    return constant(this, "en-US");
  }

  get languages(): readonly string[] {
    if (!(#languages in this)) illegalInvocation();
    return this.#languages;
  }

  get onLine(): boolean {
    return constant(this, isOnline());
  }

  get hardwareConcurrency(): number {
    return constant(this, 1);
  }

  static {
    constant = (self, value) => {
      if (typeof self !== "object" || self === null || !(#languages in self)) illegalInvocation();
      return value;
    };
  }
}

/** Defines `WorkerNavigator`. */
export function defineNavigator(target: object): void {
  defineInterface(target, WorkerNavigator, { name: "WorkerNavigator" });
}

/** Makes the one `navigator`. */
export function createNavigator(): object {
  isMaking = true;
  const navigator = new WorkerNavigator();
  isMaking = false;
  return navigator;
}
