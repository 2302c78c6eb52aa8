import { defineHandlers } from "./event-handler.ts";
import { hostAlert } from "./host.ts";
import { defineFunction } from "./interface.ts";
import {
  defineProperty,
  deleteProperty,
  ErrorOf,
  jsonStringify,
  PromiseOf,
  promiseThen,
  TypeErrorOf,
} from "./intrinsics.ts";
import { installNativeSource } from "./native-source.ts";
import type { RuntimeScope } from "./scope.ts";
import { checkArguments, isCallable, toDOMString } from "./webidl.ts";
import { installScopeInterfaces } from "./worker-scope.ts";

/** Makes the global an `EventTarget` with the handlers, names and functions that every scope of a browser has. */
export function installGlobal({ global, report }: RuntimeScope): void {
  installNativeSource();
  installScopeInterfaces(global);
  // The ng build's hook would hand scripts the functions on the stack, those of the runtime among them.
  deleteProperty(ErrorOf, "prepareStackTrace");
  for (const name of ["window", "self"]) {
    defineProperty(global, name, {
      value: global,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  defineHandlers(
    global,
    ["error", "unhandledrejection"],
    (value) => (value === undefined || value === null || value === global ? global : undefined),
    true,
  );
  const resolved = PromiseOf.resolve();
  // Without it `then` asks the script's Promise.prototype.constructor.
  defineProperty(resolved, "constructor", { value: undefined });
  const operations = {
    alert(message: unknown): void {
      const text = arguments.length === 0 ? "" : toDOMString(message);
      hostAlert(jsonStringify(text));
    },
    reportError(exception: unknown): void {
      checkArguments("reportError", arguments.length, 1);
      report(exception);
    },
    queueMicrotask(callback: unknown): void {
      checkArguments("queueMicrotask", arguments.length, 1);
      if (!isCallable(callback)) throw new TypeErrorOf("queueMicrotask: not a function");
      promiseThen(resolved, () => {
        try {
          callback();
        } catch (exception) {
          report(exception);
        }
      });
    },
  };
  defineFunction(global, "alert", operations.alert, 0);
  defineFunction(global, "reportError", operations.reportError);
  defineFunction(global, "queueMicrotask", operations.queueMicrotask);
}
