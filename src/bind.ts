import type { QuickJSContext } from "quickjs-emscripten";
import { guestBundle } from "#guest-bundle";
import type { GuestGlobal } from "./boundary.ts";
import { type Clock, systemClock } from "./clock.ts";
import { isGuestFailure } from "./engine/guest.ts";
import { SandboxError } from "./errors.ts";
import type { Observer, SandboxEventDetail } from "./events.ts";
import { type GuestLimits, resolveGuestLimits } from "./limits.ts";
import { NetworkDevice } from "./network-device.ts";
import {
  checkBoolean,
  checkChoice,
  checkNames,
  guardObserver,
  resolveArgs,
  resolveBaseUrl,
  resolveGlobals,
  resolvePolicy,
  resolveTransport,
} from "./options.ts";
import type { NetworkPolicy } from "./policy/policy.ts";
import type { Transport } from "./transport/transport.ts";
import { wsTransport } from "./transport/ws.ts";

/** Options of {@link bindNetworkDevice}. Their defaults are those of `createSandbox`. */
export interface BindOptions {
  /** Decides which connections may be made. @defaultValue nothing is reachable */
  readonly policy?: NetworkPolicy;
  /**
   * Limits on connections, timers, listeners and output. Those on memory, stack, time, jobs, scripts and the backlog of events are
   * refused: they belong to the runtime, which is the caller's.
   */
  readonly limits?: Partial<GuestLimits>;
  /** When callbacks of sockets run. @defaultValue `"auto"` */
  readonly delivery?: "auto" | "update";
  /** Groups of globals to install beside `NetworkDevice` and the events. @defaultValue all but `"turbulenz"` */
  readonly globals?: readonly GuestGlobal[];
  /** Base of relative URLs in scripts. @defaultValue none */
  readonly baseUrl?: string | URL;
  /** Values of `NetworkDevice.args` in the script. @defaultValue none */
  readonly args?: readonly string[];
  /** Is told about everything that happens. */
  readonly observe?: Observer;
  /** Whether `observe` is also told of every message sent and received. @defaultValue false */
  readonly trace?: boolean;
  /** Opens connections. @defaultValue the `ws` package */
  readonly transport?: Transport;
  /** Source of time. @defaultValue {@link systemClock} */
  readonly clock?: Clock;
}

/** The link between one context and the network. */
export interface NetworkBinding extends Disposable {
  /** Connections that are not closed yet. */
  readonly connections: number;
  /**
   * Puts another policy in force, as `setPolicy` of a sandbox does.
   *
   * @throws {SandboxError} `ERR_OPTION` for a wrong policy; `ERR_CLOSED` once the binding has ended.
   */
  setPolicy(policy: NetworkPolicy): Promise<void>;
  /** Tells scripts whether the device is on a network, as `setOnline` of a sandbox does. */
  setOnline(online: boolean): Promise<void>;
  /** Settles when no socket, timer or job of the guest is left, or the binding is disposed of. */
  idle(): Promise<void>;
}

/**
 * Installs `NetworkDevice` and the chosen web globals into a context that the caller owns.
 *
 * The binding enters the context whenever an event arrives, and runs the runtime's pending jobs after each; after an
 * `evalCode` of their own, callers run the jobs themselves. The caller's interrupt handler bounds every entry. Call it once for a
 * context, before any script that is not trusted has run there, and dispose of the binding before the context: its sockets are
 * then closed, also for scripts that live on.
 *
 * A script in a context of yours shares your thread: nothing stops it inside one native call. Use `createSandbox` for scripts
 * that you do not trust.
 *
 * @throws {SandboxError} `ERR_OPTION` for a wrong option.
 *
 * @example
 * ```ts
 * const quickjs = await getQuickJS();
 * const context = quickjs.newContext();
 * using binding = bindNetworkDevice(context, { policy: allowOrigins(["wss://lamp.example"]) });
 * context.unwrapResult(context.evalCode(source)).dispose();
 * await binding.idle();
 * ```
 */
export function bindNetworkDevice(
  context: QuickJSContext,
  options: BindOptions = {},
): NetworkBinding {
  checkNames("options", options, optionNames);
  const { delivery = "auto", trace = false, clock = systemClock } = options;
  checkChoice("delivery", delivery, ["auto", "update"]);
  checkBoolean("trace", trace);
  const observe = guardObserver(options.observe);
  const start = clock.now();
  let isDisposed = false;

  const device = new NetworkDevice({
    context,
    guest: { runtime: guestBundle },
    policy: resolvePolicy(options.policy),
    limits: resolveGuestLimits(options.limits),
    delivery,
    globals: resolveGlobals(options.globals),
    baseUrl: resolveBaseUrl(options.baseUrl),
    args: resolveArgs(options.args),
    transport: resolveTransport(options.transport) ?? wsTransport(),
    clock,
    trace,
    maxTurnTime: Number.POSITIVE_INFINITY,
    maxMicrotasks: Number.POSITIVE_INFINITY,
    emit: (event: SandboxEventDetail) => observe({ time: clock.now() - start, ...event }),
    failed(error) {
      // The caller's interrupt handler, its memory limit or a broken engine: the binding ends, the context is the caller's.
      end(() => {
        if (isGuestFailure(error)) device.release();
      });
      const message = error instanceof Error ? error.message : String(error);
      observe({
        time: clock.now() - start,
        type: "error",
        exception: { name: "InternalError", message, stack: "", position: undefined },
      });
    },
  });

  function end(unwound: () => void): void {
    if (isDisposed) return;
    isDisposed = true;
    // Nobody waits for the peers: their sockets are freed within the grace time.
    void device.close(unwound);
  }

  return {
    get connections() {
      return device.connections;
    },
    async setPolicy(policy) {
      const resolved = resolvePolicy(policy);
      if (isDisposed) throw new SandboxError("ERR_CLOSED", "The binding is disposed of");
      await device.setPolicy(resolved);
    },
    async setOnline(online) {
      checkBoolean("online", online);
      if (isDisposed) throw new SandboxError("ERR_CLOSED", "The binding is disposed of");
      await device.setOnline(online);
    },
    idle: () => device.idle(),
    [Symbol.dispose]: () => end(() => device.release()),
  };
}

const optionNames: Readonly<Record<keyof BindOptions, true>> = {
  policy: true,
  limits: true,
  delivery: true,
  globals: true,
  baseUrl: true,
  args: true,
  observe: true,
  trace: true,
  transport: true,
  clock: true,
};
