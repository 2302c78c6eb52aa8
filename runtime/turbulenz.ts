import { defineAttribute, defineClassString, defineFunction, defineValue } from "./interface.ts";
import { ErrorOf, invoke } from "./intrinsics.ts";
import type { NetworkDevice } from "./network-device.ts";
import { WebSocket } from "./web-socket.ts";
import { checkArguments, isCallable } from "./webidl.ts";

/** Handlers of `TurbulenzEngine` that the runtime calls. */
export interface TurbulenzHandlers {
  /** Calls `onunload`: the sandbox ends. */
  unload(): void;
  /** Calls `onerror` with the message of an exception that nobody caught. */
  error(message: string): void;
}

/** What {@link installTurbulenz} needs. */
export interface TurbulenzParts {
  readonly global: object;
  readonly device: NetworkDevice;
  /** Installs `setTimeout` and its family at an object. */
  readonly installTimers: (target: object) => void;
  /** Calls back in a step of its own, after the script that runs now. */
  readonly later: (callback: () => void) => void;
  readonly report: (exception: unknown) => void;
}

/** Installs `TurbulenzEngine` and the names that older scripts use. */
export function installTurbulenz(parts: TurbulenzParts): TurbulenzHandlers {
  const { global, device, installTimers, later, report } = parts;
  const engine = {};
  let isCreated = false;
  let onload: unknown = null;
  let onunload: unknown = null;
  let onerror: unknown = null;
  const call = (handler: unknown, ...args: readonly unknown[]): void => {
    if (isCallable(handler)) invoke(handler, engine, ...args);
  };

  defineFunction(engine, "createNetworkDevice", () => {
    if (isCreated)
      throw new ErrorOf("TurbulenzEngine: the network device has been created already");
    isCreated = true;
    return device;
  });
  defineFunction(engine, "getNetworkDevice", () => (isCreated ? device : null));
  defineFunction(engine, "flush", () => undefined);
  installTimers(engine);
  const loadHandler = {
    get: () => onload,
    set(value: unknown): void {
      onload = value;
      // The engine calls it once the script is loaded.
      if (isCallable(value)) later(() => call(onload === value ? value : undefined));
    },
  };
  defineAttribute(engine, "onload", loadHandler.get, loadHandler.set);
  defineAttribute(
    engine,
    "onunload",
    () => onunload,
    (value) => void (onunload = value),
  );
  defineAttribute(
    engine,
    "onerror",
    () => onerror,
    (value) => void (onerror = value),
  );
  defineClassString(engine, "TurbulenzEngine");
  defineValue(global, "TurbulenzEngine", engine);
  defineValue(global, "MozWebSocket", WebSocket);
  defineFunction(WebSocket, "connect", connectStatic.connect, 1);

  const guarded = (handler: unknown, ...args: readonly unknown[]): void => {
    try {
      call(handler, ...args);
    } catch (exception) {
      report(exception);
    }
  };
  return {
    unload: () => guarded(onunload),
    error(message) {
      const handler = onerror;
      // Its own exception is reported without it.
      onerror = null;
      guarded(handler, message);
      onerror ??= handler;
    },
  };
}

const connectStatic = {
  /** A connecting WebSocket. */
  connect(url: unknown, protocols?: unknown): WebSocket {
    checkArguments("WebSocket.connect", arguments.length, 1);
    return new WebSocket(url, protocols);
  },
};
