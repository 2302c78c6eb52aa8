import { describe, expect, test } from "vitest";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

describe.each(buildNames)("a part of the runtime on %s", (build) => {
  test("is not evaluated until a script touches one of its globals", async () => {
    using guest = await createGuest({ build });
    const describeGlobal = `JSON.stringify(Object.getOwnPropertyDescriptor(globalThis, "FileReader"))`;
    expect(guest.evaluate(describeGlobal)).toBe('{"enumerable":false,"configurable":true}');

    guest.evaluate(`FileReader`);

    expect(guest.evaluate(describeGlobal)).toBe(
      '{"writable":true,"enumerable":false,"configurable":true}',
    );
  });

  test("gives all its globals the same objects, also by getters that a script kept", async () => {
    using guest = await createGuest({ build });

    expect(
      guest.evaluate(`
        const { get } = Object.getOwnPropertyDescriptor(globalThis, "ProgressEvent");
        const first = get();
        [first === ProgressEvent, first === get(), new first("load") instanceof Event, first.name].join()`),
    ).toBe("true,true,true,ProgressEvent");
  });

  test("leaves alone what a script puts in the place of a global, and what it deletes", async () => {
    using guest = await createGuest({ build });

    expect(
      guest.evaluate(`
        const { get } = Object.getOwnPropertyDescriptor(globalThis, "FileReader");
        FileReader = 1;
        delete globalThis.ProgressEvent;
        get();
        [FileReader, typeof ProgressEvent].join()`),
    ).toBe("1,undefined");
  });

  test("works when a script has changed the built-ins before it is evaluated", async () => {
    using guest = await createGuest({ build });

    expect(
      guest.evaluate(`
        for (const name of ["defineProperty", "defineProperties", "getOwnPropertyDescriptor", "entries", "keys"]) {
          Object[name] = () => { throw new Error("changed") };
          Reflect[name] = Object[name];
        }
        Array.prototype[Symbol.iterator] = Array.prototype.includes = () => { throw new Error("changed") };
        new ProgressEvent("load", { loaded: 3 }).loaded`),
    ).toBe(3);
  });
});
