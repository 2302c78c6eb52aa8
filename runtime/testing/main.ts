import type { TestCall, TestEvent, TestFailure } from "../../src/script-test/protocol.ts";
import { type Channel, openChannel } from "./channel.ts";
import { type DeviceHandlers, Devices } from "./devices.ts";
import { expect } from "./expect.ts";
import { show } from "./show.ts";
import { Suite } from "./suite.ts";

// Captured: the script under test may change it. Absent with `--globals` that leave it out.
const { performance }: { readonly performance?: { now(): number } } = globalThis as object;

install();

/** Gives the global object of a test file its functions. */
function install(): void {
  const suite = new Suite();
  const failures: TestFailure[] = [];
  const failed = (error: unknown): void => void failures.push(toFailure(error));
  const devices = new Devices(() => channel, failed);
  const channel: Channel = openChannel(hear);
  let now = 0;

  function hear(event: TestEvent, bytes: Uint8Array): void {
    if (event.op === "list") channel.say({ op: "tests", tests: suite.list() });
    else if (event.op === "run") {
      void suite.run(event.test, failed).then(() => channel.say({ op: "done", failures }));
    } else devices.hear(event, bytes);
  }

  /** Rejections get the place of the call: the runner's answer has none in the test. */
  async function ask(call: (id: number) => TestCall): Promise<void> {
    const { stack } = new Error();
    try {
      now = await channel.ask(call);
    } catch (error) {
      if (error instanceof Error && (error.stack ?? "").trim() === "") {
        Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
      }
      throw error;
    }
  }

  const clock = {
    // Behind events it is later than the last answer told.
    now: () => performance?.now() ?? now,
    advance(ms: number): Promise<void> {
      if (typeof ms !== "number" || !(ms >= 0 && ms <= maxAdvance)) {
        throw new RangeError(
          `clock.advance() takes milliseconds from 0 to ${maxAdvance}, got ${show(ms)}`,
        );
      }
      return ask((call) => ({ op: "advance", call, ms }));
    },
    runAll: () => ask((call) => ({ op: "runAll", call })),
  };

  function load(path: string, options: { readonly type?: string } = {}): Promise<void> {
    if (typeof path !== "string") {
      throw new TypeError(
        `load() takes the path of a script, for example "./lamp.js", got ${show(path)}`,
      );
    }
    const { type } = options;
    return ask((call) => ({ op: "load", call, path, ...(type === undefined ? {} : { type }) }));
  }

  const device = (origin: string, handlers?: DeviceHandlers): object =>
    devices.create(origin, handlers);
  const { test, describe, beforeEach, afterEach } = suite;
  const names = { test, it: test, describe, beforeEach, afterEach, expect, device, load, clock };
  for (const [name, value] of Object.entries(names)) {
    // As functions of a script are: the script under test may have its own.
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

/** A day. */
const maxAdvance = 86_400_000;

function toFailure(error: unknown): TestFailure {
  if (error instanceof Error) {
    // A script may put anything there; the runner checks.
    const { name, message, stack = "" } = error;
    return { name, message, stack };
  }
  return {
    name: "",
    message: `${show(error)} was thrown, which is no Error and has no place`,
    stack: "",
  };
}
