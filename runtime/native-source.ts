import { createWeakMap, defineProperty, functionPrototype, uncurry } from "./intrinsics.ts";

const names = createWeakMap<object, string>();
/** `Function.prototype.toString` of the engine. */
export const sourceOf: (self: unknown) => string = uncurry(Function.prototype.toString);

/** Notes that a function stands for a built-in one, whose source a script does not see. */
export function hideSource(operation: object, name: string): void {
  names.set(operation, name);
}

/**
 * Makes `Function.prototype.toString` show the runtime's functions as native ones. Scripts of pages ask that to find out whether
 * `WebSocket` is the platform's own.
 *
 * @see https://tc39.es/ecma262/#sec-function.prototype.tostring
 */
export function installNativeSource(): void {
  const { toString } = {
    toString(this: unknown): string {
      const name = names.get(this as object);
      return name === undefined
        ? sourceOf(this)
        : "function " + name + "() {\n    [native code]\n}";
    },
  };
  hideSource(toString, "toString");
  defineProperty(functionPrototype, "toString", { value: toString });
}
