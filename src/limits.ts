import { SandboxError } from "./errors.ts";

/** Limits on connections. Bytes, milliseconds and counts. */
export interface NetworkLimits {
  /**
   * Connections that are not closed yet. One more fails as a network failure does.
   * @defaultValue 256
   */
  readonly maxConnections: number;
  /**
   * Size of one incoming or outgoing message. A larger one fails the connection.
   * @defaultValue 67_108_864 (64 MiB)
   */
  readonly maxMessageBytes: number;
  /**
   * Payload bytes queued to send on one connection; also bounds how many messages wait, to one for each 256 bytes but at least
   * 1,024. More fails the connection, as the standard says of a full buffer.
   * @defaultValue 134_217_728 (128 MiB)
   */
  readonly maxBufferedBytes: number;
  /**
   * Events waiting for the script before reading from its sockets pauses.
   * @defaultValue 256
   */
  readonly maxQueuedEvents: number;
  /**
   * Wall-clock time from the request to the open connection, name lookup included.
   * @defaultValue 30_000
   */
  readonly handshakeTimeout: number;
  /**
   * Wall-clock time for the peer to answer a close frame and end the connection.
   * @defaultValue 10_000
   */
  readonly closeTimeout: number;
}

/** Limits on a whole sandbox. Bytes, milliseconds and counts. */
export interface Limits extends NetworkLimits {
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
   * Timers waiting at a time. One more throws a `QuotaExceededError` in the script.
   * @defaultValue 100_000
   */
  readonly maxTimers: number;
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
  maxMessageBytes: 64 * 2 ** 20,
  maxBufferedBytes: 128 * 2 ** 20,
  maxQueuedEvents: 256,
  handshakeTimeout: 30_000,
  closeTimeout: 10_000,
  maxMemory: 256 * 2 ** 20,
  maxStack: 256 * 2 ** 10,
  maxTurnTime: 30_000,
  maxTimers: 100_000,
  maxEventBacklog: 2 ** 20,
};

/** Limits for scripts of unknown origin. Spread them to change one: `{ ...strictLimits, maxTimers: 8 }`. */
export const strictLimits: Limits = {
  maxConnections: 8,
  maxMessageBytes: 2 ** 20,
  maxBufferedBytes: 4 * 2 ** 20,
  maxQueuedEvents: 64,
  handshakeTimeout: 10_000,
  closeTimeout: 3_000,
  maxMemory: 32 * 2 ** 20,
  maxStack: 256 * 2 ** 10,
  maxTurnTime: 1_000,
  maxTimers: 256,
  maxEventBacklog: 64 * 2 ** 10,
};

/** The error that ends a sandbox whose turn overran, whether the engine noticed it or the watchdog outside. */
export function turnOverrun({ maxTurnTime }: Limits, options?: ErrorOptions): SandboxError {
  const message = `The script ran for more than limits.maxTurnTime (${maxTurnTime} ms) in one turn`;
  return new SandboxError("ERR_LIMIT", message, options);
}

/** Smallest and largest value of each limit. */
const ranges: Readonly<Record<keyof Limits, readonly [min: number, max: number]>> = {
  maxConnections: [0, 65_536],
  maxMessageBytes: [1, 2 ** 30],
  maxBufferedBytes: [1, 2 ** 32],
  maxQueuedEvents: [1, 2 ** 20],
  handshakeTimeout: [1, 2 ** 31 - 1],
  closeTimeout: [1, 2 ** 31 - 1],
  // What the published WebAssembly module accepts as its imported memory.
  maxMemory: [16 * 2 ** 20, 2 ** 31],
  maxStack: [16 * 2 ** 10, 256 * 2 ** 10],
  maxTurnTime: [1, 2 ** 31 - 1],
  maxTimers: [0, 2 ** 20],
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
