/**
 * Guest code that collects what a script gets hold of and looks for functions of the host in it; made of built-ins that are
 * captured before the attack.
 *
 * - `seize(thing)` collects a thing and returns it.
 * - `hostFunctions()` walks from everything collected and from the global over properties, accessors and prototypes, and returns the
 *   number of host functions that it meets. A host function refuses a call without arguments in words of its own.
 */
export const intruder = `
  const { seize, hostFunctions } = (() => {
    const { apply, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
    const { add, has } = Set.prototype;
    const seen = new Set();
    const globalObject = globalThis;
    // Known, and what they print would stand among the lines of the attack.
    for (const loud of [alert, console, ...Object.values(console)]) seen.add(loud);
    let waiting;

    const seize = (thing) => {
      const isThing = (typeof thing === "object" && thing !== null) || typeof thing === "function";
      if (isThing && !apply(has, seen, [thing])) {
        apply(add, seen, [thing]);
        waiting = { __proto__: null, thing, next: waiting };
      }
      return thing;
    };

    const { then } = Promise.prototype;
    const ignore = () => {};
    const isRefusal = (call) => {
      // Operations that are called on nothing answer with rejected promises.
      try { apply(then, call(), [ignore, ignore]) } catch (error) { return error === "Host call refused" }
      return false;
    };

    const walk = (thing) => {
      try {
        seize(getPrototypeOf(thing));
        const keys = ownKeys(thing);
        for (let i = 0; i < keys.length; i++) {
          const descriptor = getOwnPropertyDescriptor(thing, keys[i]);
          if (descriptor === undefined) continue;
          seize(descriptor.value); seize(descriptor.get); seize(descriptor.set);
        }
      } catch {
        // A Proxy that does not want to be walked over.
      }
      return typeof thing === "function" && isRefusal(thing) ? 1 : 0;
    };

    const hostFunctions = () => {
      let count = 0;
      seize(globalObject);
      for (let step = 0; waiting !== undefined && step < 20_000; step++) {
        const { thing } = waiting;
        waiting = waiting.next;
        count += walk(thing);
      }
      return count;
    };
    return { seize, hostFunctions };
  })();
`;
