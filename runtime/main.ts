/** Entry of the guest bundle. */
import {
  EventKind,
  type GuestGlobal,
  type GuestRuntime,
  type HostCalls,
  type RuntimeOptions,
} from "../src/boundary.ts";
import { connectAbort, isAborted, whenAborted } from "./abort.ts";
import { installBase64 } from "./base64.ts";
import { installConsole } from "./console.ts";
import { installCrypto } from "./crypto.ts";
import { connectDispatch, finishDispatch } from "./dispatch.ts";
import { installEncoding } from "./encoding.ts";
import { connectEventTarget, removeAllListeners } from "./event-target.ts";
import { installGlobal } from "./global.ts";
import { connectHost } from "./host.ts";
import { defineValue } from "./interface.ts";
import { installInterfaces } from "./interfaces.ts";
import { jsonParse, jsonStringify } from "./intrinsics.ts";
import { createNetworkDevice, UpdateQueue } from "./network-device.ts";
import { installPerformance } from "./performance.ts";
import { describe, Reporter } from "./report.ts";
import type { RuntimeScope } from "./scope.ts";
import { Steps } from "./steps.ts";
import { installStructuredClone } from "./structured-clone.ts";
import { installTimers, Timers } from "./timers.ts";
import { installTurbulenz, type TurbulenzHandlers } from "./turbulenz.ts";
import { installUrl } from "./url.ts";
import { connectWebSockets, handleSocketEvent, shutDownSockets } from "./web-socket.ts";

/** Builds the runtime in a fresh context; see `Install` in the boundary. */
export function install(
  global: typeof globalThis,
  host: HostCalls,
  optionsJson: string,
): GuestRuntime {
  const options = jsonParse(optionsJson) as RuntimeOptions;
  connectHost(host);
  const reporter = new Reporter(() => scope);
  const reportNext = (exception: unknown): void => reporter.reportNext(exception);
  const steps = new Steps(reportNext);
  const scope: RuntimeScope = {
    global,
    host,
    options,
    steps,
    report: (exception) => reporter.report(exception),
    reportNext,
  };
  const timers = new Timers(scope);
  connectDispatch(scope);
  connectEventTarget(global, { isAborted, whenAborted });
  connectAbort(steps, (callback, delay) => void timers.schedule(callback, delay));
  connectWebSockets(steps);
  const has = (group: GuestGlobal): boolean => options.globals.includes(group);
  installInterfaces(global, has("WebSocket"));
  installGlobal(scope);
  installGroups(scope, timers, has);
  const queue = options.delivery === "update" ? new UpdateQueue() : undefined;
  const device = createNetworkDevice(queue, options.args);
  defineValue(global, "NetworkDevice", device);
  let turbulenz: TurbulenzHandlers | undefined;
  if (has("turbulenz")) {
    turbulenz = installTurbulenz({
      global,
      device,
      installTimers: (engine) => installTimers(scope, timers, engine),
      later: (callback) => void timers.schedule(callback, 0),
      report: scope.report,
    });
    reporter.onMessage = turbulenz.error;
  }

  return {
    deliver(kind, id, data) {
      finishDispatch();
      if (kind === EventKind.Alarm) {
        timers.alarm();
        return steps.run();
      }
      if (queue === undefined) handleSocketEvent(kind, id, data, false);
      else queue.add(kind, id, data);
      return steps.isWaiting;
    },
    step() {
      finishDispatch();
      return steps.run();
    },
    describe: (exception) => jsonStringify(describe(exception)),
    caught(exception) {
      finishDispatch();
      reporter.reportNext(exception);
      return steps.run();
    },
    watch(value, id) {
      finishDispatch();
      return reporter.watch(value, id);
    },
    rejected(promise, reason) {
      finishDispatch();
      reporter.rejected(promise, reason);
      return steps.run();
    },
    timers: () => timers.count,
    shutDown() {
      finishDispatch();
      turbulenz?.unload();
      shutDownSockets();
      removeAllListeners(global);
      timers.clear();
      queue?.clear();
      steps.clear();
    },
  };
}

function installGroups(
  scope: RuntimeScope,
  timers: Timers,
  has: (group: GuestGlobal) => boolean,
): void {
  if (has("timers")) installTimers(scope, timers);
  if (has("url")) installUrl(scope);
  if (has("encoding")) {
    installEncoding(scope);
    installBase64(scope);
  }
  if (has("crypto")) installCrypto(scope);
  if (has("performance")) installPerformance(scope);
  // These know the interfaces that are installed by then.
  if (has("structuredClone")) installStructuredClone(scope);
  if (has("console")) installConsole(scope);
}
