import { dispatchStep } from "./dispatch.ts";
/**
 * What tells a script that it runs as in a worker: the global's place among the interfaces, and what a worker knows of its surroundings.
 *
 * @see https://html.spec.whatwg.org/multipage/workers.html
 */
import { defineHandlers } from "./event-handler.ts";
import { EventTarget, existingListeners } from "./event-target.ts";
import { createEvent } from "./event.ts";
import { defineAttribute, defineFunction, defineInterface } from "./interface.ts";
import {
  defineProperty,
  deleteProperty,
  setPrototypeOf,
  symbolToStringTag,
  TypeErrorOf,
} from "./intrinsics.ts";
import { defineLazy, loadPart } from "./parts.ts";
import type { RuntimeScope } from "./scope.ts";
import type { Steps } from "./steps.ts";
import { illegalInvocation } from "./webidl.ts";

/** What the part `worker` makes. */
export interface WorkerObjects {
  readonly navigator: object;
  readonly location: object;
  readonly origin: string;
}

class WorkerGlobalScope extends EventTarget {
  constructor() {
    super();
    throw new TypeErrorOf("Illegal constructor");
  }
}

class DedicatedWorkerGlobalScope extends WorkerGlobalScope {}

let online = true;

/** Whether the device is taken to be on a network. */
export function isOnline(): boolean {
  return online;
}

let steps: Steps;

/** Takes what the host knows of the device's connection; fires the event that tells of a change. */
export function setOnline(global: object, given: boolean): void {
  if (given === online) return;
  online = given;
  const type = online ? "online" : "offline";
  const list = existingListeners(global, type);
  if (list !== undefined) steps.push(dispatchStep(() => createEvent(type), global, list));
}

/** Makes the global a `DedicatedWorkerGlobalScope`. */
export function installScopeInterfaces(global: object): void {
  defineInterface(global, WorkerGlobalScope, { name: "WorkerGlobalScope" });
  defineInterface(global, DedicatedWorkerGlobalScope, { name: "DedicatedWorkerGlobalScope" });
  setPrototypeOf(global, DedicatedWorkerGlobalScope.prototype);
  // The engine's own, which says "global".
  deleteProperty(global, symbolToStringTag);
}

/** Installs `navigator`, `location` and what else a worker has. */
export function installWorkerScope(scope: RuntimeScope): void {
  const { global } = scope;
  steps = scope.steps;
  defineLazy(global, "worker", ["WorkerLocation", "WorkerNavigator"]);
  const define = (name: string, read: () => unknown, isReplaceable: boolean): void => {
    const check = (self: unknown): void => {
      if (self !== undefined && self !== null && self !== global) illegalInvocation();
    };
    const accessors = {
      get(this: unknown): unknown {
        check(this);
        return read();
      },
      set(this: unknown, value: unknown): void {
        check(this);
        defineProperty(global, name, {
          __proto__: null,
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        } as PropertyDescriptor);
      },
    };
    defineAttribute(global, name, accessors.get, isReplaceable ? accessors.set : undefined);
  };
  define("navigator", () => loadPart("worker").navigator, false);
  define("location", () => loadPart("worker").location, false);
  define("origin", () => loadPart("worker").origin, true);
  define("name", () => "", true);
  define("isSecureContext", () => true, false);
  define("crossOriginIsolated", () => false, false);
  const operations = {
    importScripts(...urls: readonly unknown[]): void {
      if (urls.length === 0) return;
      throw new TypeErrorOf("importScripts: there is nothing to load from, use import instead");
    },
  };
  defineFunction(global, "importScripts", operations.importScripts, 0);
  defineHandlers(global, ["online", "offline"], (value) =>
    value === undefined || value === null || value === global ? global : undefined,
  );
}
