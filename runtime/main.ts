/** Entry of the guest bundle. */
import { EventKind, type GuestGlobal, type Install, type RuntimeOptions } from "../src/boundary.ts";
import { connectAbort, isAborted, whenAborted } from "./abort.ts";
import { installBase64 } from "./base64.ts";
import { installConsole } from "./console.ts";
import { installCrypto } from "./crypto.ts";
import { connectDispatch, finishDispatch, unfinished } from "./dispatch.ts";
import { installEncoding } from "./encoding.ts";
import { connectEventTarget, removeAllListeners } from "./event-target.ts";
import { deliverToFetch, installFetch } from "./fetch-global.ts";
import { installGlobal } from "./global.ts";
import { connectHost, withErrors } from "./host.ts";
import { captureShapes } from "./interface-shapes.ts";
import { defineValue } from "./interface.ts";
import { installInterfaces, installWebSocket } from "./interfaces.ts";
import { deleteProperty, jsonParse, jsonStringify, ownKeys } from "./intrinsics.ts";
import { createNetworkDevice, UpdateQueue } from "./network-device.ts";
import { connectParts, defineLazy } from "./parts.ts";
import { installPerformance } from "./performance.ts";
import { describe, Reporter } from "./report.ts";
import type { RuntimeScope } from "./scope.ts";
import { Steps } from "./steps.ts";
import { installStructuredClone } from "./structured-clone.ts";
import { settleTask } from "./tasks.ts";
import { installTimers, Timers } from "./timers.ts";
import { installTurbulenz, type TurbulenzHandlers } from "./turbulenz.ts";
import { connectUrlService } from "./url-service.ts";
import {
  connectWebSockets,
  handleMessage,
  handleSocketEvent,
  shutDownSockets,
} from "./web-socket.ts";
import { installWorkerScope, setOnline } from "./worker-scope.ts";

/** Builds the runtime in a fresh context; see `Install` in the boundary. */
export const install: Install = (global, hostCalls) => {
  const host = withErrors(hostCalls);
  const options: Mutable<RuntimeOptions> = {
    globals: [],
    delivery: "auto",
    maxTimers: 0,
    maxListeners: 0,
    args: [],
    baseUrl: "",
    timeOrigin: 0,
  };
  connectHost(host);
  connectUrlService(host.url);
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
    later: (callback) => timers.task(callback),
  };
  const timers = new Timers(scope);
  connectParts(scope);
  connectDispatch(scope);
  connectEventTarget(global, options, { isAborted, whenAborted });
  connectAbort(steps, (callback, delay) => void timers.schedule(callback, delay));
  connectWebSockets(steps);
  installInterfaces(global);
  installGlobal(scope);
  const groups = installGroups(scope, timers);
  captureShapes(global);
  let queue: UpdateQueue | undefined;
  let turbulenz: TurbulenzHandlers | undefined;

  function configure(json: string): void {
    const given = jsonParse(json) as RuntimeOptions;
    const { globals, delivery, maxTimers, maxListeners, args, baseUrl, timeOrigin } = given;
    options.globals = globals;
    options.delivery = delivery;
    options.maxTimers = maxTimers;
    options.maxListeners = maxListeners;
    options.args = args;
    options.baseUrl = baseUrl;
    options.timeOrigin = timeOrigin;
    for (let index = 0; index < groups.length; index++) {
      const { name, globals: names } = groups[index] as InstalledGroup;
      if (globals.includes(name)) continue;
      for (let each = 0; each < names.length; each++) {
        deleteProperty(global, names[each] as PropertyKey);
      }
    }
    if (delivery === "update") queue = new UpdateQueue();
    const device = createNetworkDevice(queue, args);
    defineValue(global, "NetworkDevice", device);
    if (globals.includes("turbulenz")) {
      turbulenz = installTurbulenz({
        global,
        device,
        installTimers: (engine) => installTimers(scope, timers, engine),
        later: scope.later,
        report: scope.report,
      });
      reporter.onMessage = turbulenz.error;
    }
  }

  return {
    configure,
    begin() {
      finishDispatch();
      reporter.beginTurn();
    },
    deliver(kind, id, tenths, data) {
      if (unfinished !== undefined) finishDispatch();
      if (reporter.hasReported) reporter.beginTurn();
      if (kind === EventKind.Online) {
        setOnline(global, id === 1);
      } else if (kind === EventKind.Result || kind === EventKind.Rejection) {
        settleTask(kind, id, data);
      } else if (kind >= EventKind.Head) {
        deliverToFetch(kind, id, data);
      } else if (queue !== undefined && kind !== EventKind.Alarm) {
        queue.add(kind, id, data);
      } else if (kind === EventKind.Text || kind === EventKind.Binary) {
        handleMessage(id, data, tenths);
      } else if (kind === EventKind.JsonText) {
        handleMessage(id, jsonParse(data as string), tenths);
      } else if (kind === EventKind.Alarm) {
        timers.alarm();
        return steps.run();
      } else {
        handleSocketEvent(kind, id, data, false);
      }
      return steps.first !== undefined;
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
};

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A group of globals with the names that it put on the global. */
interface InstalledGroup {
  readonly name: GuestGlobal;
  readonly globals: readonly PropertyKey[];
}

/** Installs the default groups. */
function installGroups(scope: RuntimeScope, timers: Timers): readonly InstalledGroup[] {
  const { global } = scope;
  const installers: readonly (readonly [GuestGlobal, () => void])[] = [
    ["WebSocket", () => installWebSocket(global)],
    ["timers", () => installTimers(scope, timers)],
    ["url", () => defineLazy(global, "url", ["URL", "URLSearchParams"])],
    ["encoding", () => (installEncoding(scope), installBase64(scope))],
    ["crypto", () => installCrypto(scope)],
    ["performance", () => installPerformance(scope)],
    ["worker", () => installWorkerScope(scope)],
    ["structuredClone", () => installStructuredClone(scope)],
    ["fetch", () => installFetch(scope)],
    ["console", () => installConsole(scope)],
  ];
  // No script has run yet: the built-ins are still what they were.
  return installers.map(([name, installGroup]) => {
    const before = new Set(ownKeys(global));
    installGroup();
    return { name, globals: ownKeys(global).filter((key) => !before.has(key)) };
  });
}
