import type { QuickJSContext } from "quickjs-emscripten";
import { guestBundle } from "#guest-bundle";
import {
  type EventKind,
  guestGlobals,
  type HostCalls,
  type RuntimeOptions,
} from "../../src/boundary.ts";
import { Guest } from "../../src/engine/guest.ts";
import type { HostActions } from "../../src/engine/host-calls.ts";
import { createServices } from "../../src/services/services.ts";
import type { BuildName } from "./builds.ts";
import { createTestEngine } from "./engine.ts";

/** Options of {@link createGuest}. */
export interface TestGuestOptions extends Partial<RuntimeOptions> {
  /** @defaultValue the first of the project's */
  readonly build?: BuildName;
  /** Whether to start from the engine image, as sandboxes do. @defaultValue true, for the build that has one */
  readonly image?: boolean;
  /** Host calls to answer in place of the recorded defaults. */
  readonly host?: Partial<HostActions>;
}

/** One recorded host call: its name, then its arguments. */
export type RecordedCall = readonly [name: keyof HostCalls, ...input: unknown[]];

/** The guest runtime in a real engine with a host that records its calls. */
export interface TestGuest extends Disposable {
  readonly context: QuickJSContext;
  /** Every host call so far but `now`. `connect` and `fetch` answer with ids from 1 on. */
  readonly calls: RecordedCall[];
  /** Milliseconds that `now` answers. */
  time: number;
  /** Evaluates a script, runs all jobs and steps, and returns its value as a copy. Throws what the script threw, as `Error`. */
  evaluate(source: string): unknown;
  /** Delivers one event, with all jobs and steps. */
  deliver(kind: EventKind, id: number, data?: string | Uint8Array): void;
  /** Ends the guest as its sandbox does; scripts can still be evaluated. */
  shutDown(): void;
  /** Recorded calls of one name, without the name. */
  callsOf(name: keyof HostCalls): readonly (readonly unknown[])[];
}

/** Creates a {@link TestGuest}. */
export async function createGuest(options: TestGuestOptions = {}): Promise<TestGuest> {
  const { build, image = true, host = {}, ...runtimeOptions } = options;
  const engine = await createTestEngine({ build, image });
  const { context } = engine;
  const calls: RecordedCall[] = [];
  const test = { time: 0 };
  const guestOptions: RuntimeOptions = {
    globals: guestGlobals.filter((name) => name !== "turbulenz"),
    delivery: "auto",
    maxTimers: 1_000,
    maxListeners: 100_000,
    args: [],
    baseUrl: "",
    timeOrigin: 0,
    ...runtimeOptions,
  };
  const recording = recordingHost(calls, host, test);
  const guest = new Guest(context, recording, guestOptions, {
    runtime: engine.entries ?? guestBundle,
    rejections: engine.rejections,
  });

  function settle(more: boolean): void {
    let waiting = more;
    for (;;) {
      while (guest.hasJobs) guest.runJobs(100);
      const reported = guest.reportRejection();
      if (reported !== undefined) {
        waiting ||= reported;
        continue;
      }
      if (!waiting) return;
      waiting = guest.step();
    }
  }

  return {
    context,
    calls,
    get time() {
      return test.time;
    },
    set time(value) {
      test.time = value;
    },
    evaluate(source) {
      const result = context.evalCode(source, "script.js", { type: "global" });
      if (result.error !== undefined) {
        const exception = guest.describe(result.error);
        result.error.dispose();
        settle(false);
        throw Object.assign(new Error(exception.message), {
          name: exception.name,
          guestStack: exception.stack,
        });
      }
      settle(false);
      return result.value.consume((handle) => context.dump(handle) as unknown);
    },
    deliver(kind, id, data) {
      settle(guest.deliver(kind, id, test.time, data));
    },
    shutDown() {
      guest.shutDown();
    },
    callsOf(name) {
      return calls.filter((call) => call[0] === name).map((call) => call.slice(1));
    },
    [Symbol.dispose]() {
      guest[Symbol.dispose]();
      engine[Symbol.dispose]();
    },
  };
}

function recordingHost(
  calls: RecordedCall[],
  overrides: Partial<HostActions>,
  test: { readonly time: number },
): HostActions {
  let connections = 0;
  const services = createServices();
  const defaults: HostActions = {
    connect(json) {
      connections += 1;
      const [url] = JSON.parse(json) as [string];
      const { href, origin } = new URL(url);
      return JSON.stringify([connections, href, origin === "null" ? "ws://origin.test" : origin]);
    },
    send() {},
    close() {},
    abort() {},
    bufferedAmount: () => 0,
    fetch() {
      connections += 1;
      return connections;
    },
    fetchRead() {},
    fetchAbort() {},
    updated() {},
    now: () => test.time,
    setAlarm() {},
    log() {},
    alert() {},
    report() {},
    exceeded() {},
    settled() {},
    startTask: () => 0,
    ...services,
  };
  const merged = { ...defaults, ...overrides };
  const recorded = Object.entries(merged).map(([name, call]) => [
    name,
    (...input: never[]) => {
      if (name === "send") calls.push(["send", ...readMessage(input)]);
      else if (name !== "now") calls.push([name as keyof HostCalls, ...input]);
      return Reflect.apply(call, undefined, input);
    },
  ]);
  return Object.fromEntries(recorded) as HostActions;
}

/** A message is only valid during the call: text becomes a string, everything else an `ArrayBuffer`. */
function readMessage(input: readonly unknown[]): unknown[] {
  const [id, data, isText] = input as Parameters<HostActions["send"]>;
  if (typeof data === "string") return [id, data];
  return [
    id,
    isText
      ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(data)
      : new Uint8Array(data).buffer,
  ];
}
