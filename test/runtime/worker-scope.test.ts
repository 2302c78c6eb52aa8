import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

/** How libraries find out where they run, as they write it. */
const detections: readonly (readonly [what: string, source: string, outcome: unknown])[] = [
  ["a page", "typeof window !== 'undefined' && typeof window.document !== 'undefined'", false],
  [
    "a worker by the global's name",
    "typeof self === 'object' && self.constructor && self.constructor.name === 'DedicatedWorkerGlobalScope'",
    true,
  ],
  [
    "a worker by its interface",
    "typeof WorkerGlobalScope !== 'undefined' && self instanceof WorkerGlobalScope && typeof self.importScripts === 'function'",
    true,
  ],
  ["a worker by importScripts", "typeof importScripts === 'function'", true],
  [
    "Node",
    "typeof process !== 'undefined' && process.versions != null && process.versions.node != null",
    false,
  ],
  [
    "Deno",
    "typeof Deno !== 'undefined' && typeof Deno.version !== 'undefined' && typeof Deno.version.core !== 'undefined'",
    false,
  ],
  [
    "jsdom",
    "(typeof window !== 'undefined' && window.name === 'nodejs') || (typeof navigator !== 'undefined' && 'userAgent' in navigator && (navigator.userAgent.includes('Node.js') || navigator.userAgent.includes('jsdom')))",
    false,
  ],
  [
    "React Native",
    "typeof navigator !== 'undefined' && ['ReactNative', 'NativeScript', 'NS'].includes(navigator.product)",
    false,
  ],
  ["a secure context", "isSecureContext", true],
];

describe.each(buildNames)("the worker's scope on %s", (build) => {
  test.each(detections)("a script that looks for %s", async (_what, source, outcome) => {
    using guest = await createGuest({ build });

    expect(guest.evaluate(source)).toBe(outcome);
  });

  test("the global is a DedicatedWorkerGlobalScope that nobody can make another of", async () => {
    using guest = await createGuest({ build });

    expect(
      guest.evaluate(`
        const outcome = (make) => { try { make(); return "made" } catch (error) { return error.name } };
        [Object.prototype.toString.call(globalThis), self instanceof EventTarget, outcome(() => new WorkerGlobalScope()),
          outcome(() => new DedicatedWorkerGlobalScope()), outcome(() => new WorkerNavigator()), outcome(() => new WorkerLocation()),
          Object.getPrototypeOf(DedicatedWorkerGlobalScope) === WorkerGlobalScope].join()`),
    ).toBe("[object DedicatedWorkerGlobalScope],true,TypeError,TypeError,TypeError,TypeError,true");
  });

  test("location shows the base URL", async () => {
    using guest = await createGuest({
      build,
      baseUrl: "https://hub.test:8443/app/main.js?a=1#top",
    });

    expect(
      guest.evaluate(
        `[location.href, location.origin, origin, location.protocol, location.host, location.hostname, location.port, location.pathname, location.search, location.hash, "" + location].join(" ")`,
      ),
    ).toBe(
      "https://hub.test:8443/app/main.js?a=1#top https://hub.test:8443 https://hub.test:8443 https: hub.test:8443 hub.test 8443 /app/main.js ?a=1 #top https://hub.test:8443/app/main.js?a=1#top",
    );
  });

  test("location is nowhere without a base URL", async () => {
    using guest = await createGuest({ build });

    expect(guest.evaluate(`[location.href, location.host, origin].join()`)).toBe(
      "about:blank,,null",
    );
  });

  test("navigator and location are the same objects each time, and cannot be replaced", async () => {
    using guest = await createGuest({ build });

    expect(
      guest.evaluate(`
        const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(globalThis, "navigator");
        navigator = 1; location = 2;
        [navigator === navigator, location === location, typeof set, enumerable, configurable,
          navigator instanceof WorkerNavigator, location instanceof WorkerLocation, Object.isFrozen(navigator.languages),
          (() => { try { get.call({}) } catch (error) { return error.name } })()].join()`),
    ).toBe("true,true,undefined,true,true,true,true,true,TypeError");
  });

  test("importScripts has nothing to load from", async () => {
    using guest = await createGuest({ build });

    expect(
      guest.evaluate(
        `importScripts(); try { importScripts("a.js") } catch (error) { error.name + ": " + error.message }`,
      ),
    ).toBe("TypeError: importScripts: there is nothing to load from, use import instead");
  });

  test("online and offline fire when the device's connection changes, and not when it stays", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`
      var heard = [];
      ononline = (event) => heard.push("on " + event.type + event.isTrusted + navigator.onLine);
      addEventListener("offline", (event) => heard.push("listener " + event.type + navigator.onLine));
      navigator.onLine`);

    for (const id of [1, 0, 0, 1]) guest.deliver(EventKind.Online, id, undefined);

    expect(guest.evaluate("heard.join()")).toBe("listener offlinefalse,on onlinetruetrue");
  });

  test("scripts without the group have a global of the same kind and nothing else", async () => {
    using guest = await createGuest({ build, globals: [] });

    expect(
      guest.evaluate(
        `[typeof navigator, typeof location, typeof importScripts, typeof WorkerNavigator, typeof onoffline, globalThis.constructor.name].join()`,
      ),
    ).toBe("undefined,undefined,undefined,undefined,undefined,DedicatedWorkerGlobalScope");
  });
});
