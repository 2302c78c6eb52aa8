import { defineAttribute } from "./interface.ts";
import { defineProperty } from "./intrinsics.ts";
import { illegalInvocation } from "./webidl.ts";

/**
 * Defines a read-only attribute of the global that always has the same object. With `isReplaceable`, assigning to it makes it an
 * ordinary property.
 *
 * @see https://webidl.spec.whatwg.org/#Replaceable
 */
export function defineGlobalAttribute(
  global: object,
  name: string,
  value: object,
  isReplaceable: boolean,
): void {
  const check = (self: unknown): void => {
    if (self !== undefined && self !== null && self !== global) illegalInvocation();
  };
  const accessors = {
    get(this: unknown): object {
      check(this);
      return value;
    },
    set(this: unknown, replacement: unknown): void {
      check(this);
      defineProperty(global, name, {
        __proto__: null,
        value: replacement,
        writable: true,
        enumerable: true,
        configurable: true,
      } as PropertyDescriptor);
    },
  };
  defineAttribute(global, name, accessors.get, isReplaceable ? accessors.set : undefined);
}
