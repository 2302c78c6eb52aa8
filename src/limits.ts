import { SandboxError } from "./errors.ts";

/** Limits on connections. Bytes, milliseconds and counts. */
export interface NetworkLimits {
  /**
   * Connections that are not closed yet, those of a `fetch` until its body has been read included. One more fails as a network failure does.
   * @defaultValue 256
   */
  readonly maxConnections: number;
  /**
   * Opening handshakes at a time. Further connections wait for their turn.
   * @defaultValue 64
   */
  readonly maxConnecting: number;
  /**
   * Connections that may be started in a minute on average, refused ones included; as many may start at once. Further ones wait.
   * @defaultValue 6_000
   */
  readonly maxConnectRate: number;
  /**
   * Longest wait of a connection after others have failed: grows with the failures of the last minutes, as browsers do. 0 for none.
   * @defaultValue 5_000
   */
  readonly maxConnectDelay: number;
  /**
   * Size of one incoming or outgoing message, and of the body that a `fetch` sends. A larger one fails the connection.
   * @defaultValue 67_108_864 (64 MiB)
   */
  readonly maxMessageBytes: number;
  /**
   * Fragments of one incoming message. More fail the connection.
   * @defaultValue 131_072
   */
  readonly maxFragments: number;
  /**
   * Payload bytes queued to send on all connections; also bounds how many messages wait, to one for each 256 bytes but at least
   * 1,024. More fails the connection that sends, as the standard says of a full buffer.
   * @defaultValue 134_217_728 (128 MiB)
   */
  readonly maxBufferedBytes: number;
  /**
   * Bytes of all connections that were received and not yet delivered, messages that are still incomplete included. Reading pauses
   * when half of it waits for the script; what goes beyond fails the connection that it came on.
   * @defaultValue 268_435_456 (256 MiB)
   */
  readonly maxInboundBytes: number;
  /**
   * Events waiting for the script before reading from its sockets pauses.
   * @defaultValue 256
   */
  readonly maxQueuedEvents: number;
  /**
   * Wall-clock time from the start of the handshake to the open connection, policy and name lookup included; for a `fetch` to the sending
   * of its request.
   * @defaultValue 30_000
   */
  readonly handshakeTimeout: number;
  /**
   * Time that the server of a `fetch` may take to answer with all headers, and then to go on with a body that the script waits for.
   * @defaultValue 300_000
   */
  readonly responseTimeout: number;
  /**
   * Wall-clock time for the peer to answer a close frame and end the connection.
   * @defaultValue 10_000
   */
  readonly closeTimeout: number;
  /**
   * Silence of the peer of an open connection after which it is sent a ping. 0 for never.
   * @defaultValue 30_000
   */
  readonly keepaliveInterval: number;
  /**
   * Time for the peer to show a sign of life after a ping before the connection fails.
   * @defaultValue 20_000
   */
  readonly keepaliveTimeout: number;
}

/** Limits on a guest in any context: its connections, its timers and listeners, and what it prints. */
export interface GuestLimits extends NetworkLimits {
  /**
   * Timers waiting at a time. One more throws a `QuotaExceededError` in the script.
   * @defaultValue 100_000
   */
  readonly maxTimers: number;
  /**
   * Listeners of one event target. One more throws a `QuotaExceededError` in the script.
   * @defaultValue 100_000
   */
  readonly maxListeners: number;
  /**
   * Lines that the script may print within a second; alerts and uncaught exceptions count. Further ones are dropped.
   * @defaultValue 10_000_000
   */
  readonly maxConsoleLines: number;
  /**
   * Bytes in UTF-8 that the script may print within a second. A line that goes beyond is dropped.
   * @defaultValue 1_073_741_824 (1 GiB)
   */
  readonly maxConsoleBytes: number;
}

/** Limits on a whole sandbox. Bytes, milliseconds and counts. */
export interface Limits extends GuestLimits {
  /**
   * The engine's whole memory. Reserved, not resident: only what a script touches takes memory from the machine.
   * @defaultValue 268_435_456 (256 MiB)
   */
  readonly maxMemory: number;
  /**
   * Stack of the script.
   * @defaultValue 262_144
   */
  readonly maxStack: number;
  /**
   * Longest turn: one script, event, timer or burst of jobs. A longer one ends the sandbox. Time in which the script waits
   * for a slow console does not count.
   * @defaultValue 30_000
   */
  readonly maxTurnTime: number;
  /**
   * Promise jobs of one turn. More end the sandbox.
   * @defaultValue 10_000_000
   */
  readonly maxMicrotasks: number;
  /**
   * Bytes in UTF-8 of one script or module. `run` rejects a larger one, `import` fails.
   * @defaultValue 33_554_432 (32 MiB)
   */
  readonly maxScriptBytes: number;
  /**
   * Bytes of observed events (console output, with `trace` also messages) on their way to a slow observer before the script
   * waits for it. Only with isolation `"worker"`:
   * with `"none"` an observer is called at once.
   * @defaultValue 1_048_576
   */
  readonly maxEventBacklog: number;
}

/** The limits under which ordinary web code runs. */
export const defaultLimits: Limits = {
  maxConnections: 256,
  maxConnecting: 64,
  maxConnectRate: 6_000,
  maxConnectDelay: 5_000,
  maxMessageBytes: 64 * 2 ** 20,
  maxFragments: 2 ** 17,
  maxBufferedBytes: 128 * 2 ** 20,
  maxInboundBytes: 256 * 2 ** 20,
  maxQueuedEvents: 256,
  handshakeTimeout: 30_000,
  responseTimeout: 300_000,
  closeTimeout: 10_000,
  keepaliveInterval: 30_000,
  keepaliveTimeout: 20_000,
  maxMemory: 256 * 2 ** 20,
  maxStack: 256 * 2 ** 10,
  maxTurnTime: 30_000,
  maxMicrotasks: 10_000_000,
  maxScriptBytes: 32 * 2 ** 20,
  maxTimers: 100_000,
  maxListeners: 100_000,
  maxConsoleLines: 10_000_000,
  maxConsoleBytes: 2 ** 30,
  maxEventBacklog: 2 ** 20,
};

/** Limits for scripts of unknown origin. Spread them to change one: `{ ...strictLimits, maxTimers: 8 }`. */
export const strictLimits: Limits = {
  maxConnections: 8,
  maxConnecting: 4,
  maxConnectRate: 60,
  maxConnectDelay: 5_000,
  maxMessageBytes: 2 ** 20,
  maxFragments: 1_024,
  maxBufferedBytes: 4 * 2 ** 20,
  maxInboundBytes: 16 * 2 ** 20,
  maxQueuedEvents: 64,
  handshakeTimeout: 10_000,
  responseTimeout: 30_000,
  closeTimeout: 3_000,
  keepaliveInterval: 30_000,
  keepaliveTimeout: 10_000,
  maxMemory: 32 * 2 ** 20,
  maxStack: 256 * 2 ** 10,
  maxTurnTime: 1_000,
  maxMicrotasks: 100_000,
  maxScriptBytes: 2 ** 20,
  maxTimers: 256,
  maxListeners: 1_000,
  maxConsoleLines: 1_000,
  maxConsoleBytes: 256 * 2 ** 10,
  maxEventBacklog: 64 * 2 ** 10,
};

/** The error that ends a sandbox whose turn had too many promise jobs. */
export function jobOverrun({ maxMicrotasks }: Limits, options?: ErrorOptions): SandboxError {
  const message = `The script had more than limits.maxMicrotasks (${maxMicrotasks}) promise jobs in one turn`;
  return new SandboxError("ERR_LIMIT", message, options);
}

/** The error that ends a sandbox whose turn overran, whether the engine noticed it or the watchdog outside. */
export function turnOverrun({ maxTurnTime }: Limits, options?: ErrorOptions): SandboxError {
  const message = `The script ran for more than limits.maxTurnTime (${maxTurnTime} ms) in one turn`;
  return new SandboxError("ERR_LIMIT", message, options);
}

/** Smallest and largest value of each limit. */
const ranges: Readonly<Record<keyof Limits, readonly [min: number, max: number]>> = {
  maxConnections: [0, 65_536],
  maxConnecting: [1, 65_536],
  maxConnectRate: [1, 2 ** 31 - 1],
  maxConnectDelay: [0, 2 ** 31 - 1],
  maxMessageBytes: [1, 2 ** 30],
  maxFragments: [1, 2 ** 20],
  maxBufferedBytes: [1, 2 ** 32],
  maxInboundBytes: [1, 2 ** 32],
  maxQueuedEvents: [1, 2 ** 20],
  handshakeTimeout: [1, 2 ** 31 - 1],
  responseTimeout: [1, 2 ** 31 - 1],
  closeTimeout: [1, 2 ** 31 - 1],
  keepaliveInterval: [0, 2 ** 31 - 1],
  keepaliveTimeout: [1, 2 ** 31 - 1],
  // What the published WebAssembly module accepts as its imported memory.
  maxMemory: [16 * 2 ** 20, 2 ** 31],
  maxStack: [16 * 2 ** 10, 256 * 2 ** 10],
  maxTurnTime: [1, 2 ** 31 - 1],
  maxMicrotasks: [1, 2 ** 31 - 1],
  maxScriptBytes: [1, 2 ** 30],
  maxTimers: [0, 2 ** 20],
  maxListeners: [0, 2 ** 20],
  maxConsoleLines: [0, 2 ** 31 - 1],
  maxConsoleBytes: [0, 2 ** 32],
  maxEventBacklog: [1_024, 2 ** 30],
};

/**
 * Completes limits with the defaults.
 *
 * @throws {SandboxError} `ERR_OPTION` for an unknown name or a value outside its range.
 */
export function resolveLimits(limits: Partial<Limits> = {}): Limits {
  // Callers without types pass anything.
  const given: unknown = limits;
  if (typeof given !== "object" || given === null) {
    throw new SandboxError("ERR_OPTION", `limits must be an object, got ${String(given)}`);
  }
  for (const [name, value] of Object.entries(limits)) checkLimit(name, value);
  const set = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
  return { ...defaultLimits, ...set };
}

/** Limits that only whoever makes the engine can keep. */
const engineLimits: Readonly<Record<Exclude<keyof Limits, keyof GuestLimits>, true>> = {
  maxMemory: true,
  maxStack: true,
  maxTurnTime: true,
  maxMicrotasks: true,
  maxScriptBytes: true,
  maxEventBacklog: true,
};

/**
 * Completes the limits of a guest in somebody else's engine.
 *
 * @throws {SandboxError} `ERR_OPTION`, also for a limit that would hold nothing there.
 */
export function resolveGuestLimits(limits?: Partial<GuestLimits>): GuestLimits {
  const resolved = resolveLimits(limits);
  for (const [name, value] of Object.entries(limits ?? {})) {
    if (value === undefined || !Object.hasOwn(engineLimits, name)) continue;
    throw new SandboxError(
      "ERR_OPTION",
      `limits.${name} cannot be kept in a context of yours; leave it out, and bound the runtime itself`,
    );
  }
  return resolved;
}

function checkLimit(name: string, value: unknown): void {
  if (value === undefined) return;
  if (!isLimit(name)) {
    throw new SandboxError(
      "ERR_OPTION",
      `limits.${name} is not a limit; expected one of ${Object.keys(ranges).join(", ")}`,
    );
  }
  const [min, max] = ranges[name];
  if (!Number.isInteger(value) || Number(value) < min || Number(value) > max) {
    throw new SandboxError(
      "ERR_OPTION",
      `limits.${name} must be an integer from ${min} to ${max}, got ${String(value)}`,
    );
  }
}

function isLimit(name: string): name is keyof Limits {
  return Object.hasOwn(ranges, name);
}
