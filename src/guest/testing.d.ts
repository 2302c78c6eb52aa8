/// <reference path="../guest.d.ts" />

/*
 * Types for the authors of script tests: what `netdevice test` gives to a test file, beside the globals of a sandbox.
 *
 *   { "compilerOptions": { "lib": ["es2023"], "types": ["quickjs-network-device/guest/testing"] } }
 */

/** Declares a test. */
declare const test: TestFunction & { todo(name: string): void };
declare const it: typeof test;

/** Declares a group of tests, at once: `fn` must not be async. */
declare const describe: TestFunction;

/** Runs before each test of the group. */
declare function beforeEach(fn: () => unknown): void;
/** Runs after each test of the group, also when it has failed. */
declare function afterEach(fn: () => unknown): void;

interface TestFunction {
  (name: string, fn: () => unknown): void;
  skip(name: string, fn?: () => unknown): void;
  only(name: string, fn: () => unknown): void;
}

/** Runs a script in the sandbox. The path is relative to the test file. Rejects with what its top level throws. */
declare function load(path: string, options?: { type?: "script" | "module" }): Promise<void>;

/** Virtual time, in milliseconds. */
declare const clock: {
  /** Since the sandbox started. */
  now(): number;
  advance(ms: number): Promise<void>;
  /** Until nothing waits any more. */
  runAll(): Promise<void>;
};

/** Declares a simulated device at an origin such as `"ws://lamp.test"`. */
declare function device(origin: string, handlers?: DeviceHandlers): Device;

/** Text or a `Uint8Array`: the test knows which, as with the `data` of a `MessageEvent`. */
// oxlint-disable-next-line typescript/no-explicit-any
type DeviceMessage = any;

interface DeviceHandlers {
  /** A handshake: accepted with the first subprotocol offered, unless this accepts or refuses it. */
  onconnect?(socket: DeviceSocket): void;
  onmessage?(socket: DeviceSocket, data: DeviceMessage): void;
  /** 1006 without a close frame. */
  onclose?(socket: DeviceSocket, code: number, reason: string): void;
  onpong?(socket: DeviceSocket): void;
  onrequest?(request: DeviceRequest): DeviceResponse | Promise<DeviceResponse>;
}

interface DeviceRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

type DeviceResponse =
  | string
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    };

interface DeviceChannel {
  /** Sends text, bytes, or anything else as JSON. */
  send(data: unknown): void;
  close(code?: number, reason?: string): void;
  /** Ends the connection without a close frame, as a process that dies. */
  drop(): void;
  /** Says and hears nothing any more, as when a cable is pulled. */
  silence(): void;
}

/** A simulated device. Its own `send`, `close`, `drop` and `silence` are those of the latest connection. */
interface Device extends DeviceChannel {
  /** Everything that scripts have sent to it, in order. */
  readonly received: readonly DeviceMessage[];
  /** All its connections, the closed ones too. */
  readonly sockets: readonly DeviceSocket[];
  /** The latest connection. */
  readonly socket: DeviceSocket;
  /** The next message that was not waited for yet. */
  message(): Promise<DeviceMessage>;
  /** The next connection. */
  connection(): Promise<DeviceSocket>;
}

/** One connection of a device. */
interface DeviceSocket extends DeviceChannel {
  readonly url: string;
  readonly protocols: readonly string[];
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  accept(options?: { protocol?: string }): void;
  refuse(options?: { status?: number }): void;
  ping(): void;
}

/** Looks at a value. */
declare function expect(value: unknown): Expectation<void> & {
  readonly not: Expectation<void>;
  /** Looks at what a promise is fulfilled with. */
  readonly resolves: Expectation<Promise<void>> & { readonly not: Expectation<Promise<void>> };
  /** Looks at what a promise is rejected with. */
  readonly rejects: Expectation<Promise<void>> & { readonly not: Expectation<Promise<void>> };
};

interface Expectation<Result> {
  /** The same value or object. */
  toBe(value: unknown): Result;
  /** The same in everything that is in it. */
  toEqual(value: unknown): Result;
  /** At least these properties. */
  toMatchObject(value: object): Result;
  toBeTruthy(): Result;
  toBeFalsy(): Result;
  toBeNull(): Result;
  toBeUndefined(): Result;
  toBeDefined(): Result;
  toBeNaN(): Result;
  toBeGreaterThan(value: number | bigint): Result;
  toBeGreaterThanOrEqual(value: number | bigint): Result;
  toBeLessThan(value: number | bigint): Result;
  toBeLessThanOrEqual(value: number | bigint): Result;
  /** @param digits after the decimal point, 2 unless given */
  toBeCloseTo(value: number, digits?: number): Result;
  toBeInstanceOf(type: abstract new (...args: never) => unknown): Result;
  toMatch(pattern: RegExp | string): Result;
  /** A part of a text, or an item that equals `item`. */
  toContain(item: unknown): Result;
  toHaveLength(length: number): Result;
  toHaveProperty(path: string, value?: unknown): Result;
  /** Of a function: that it throws; an error with the text, that matches the pattern, of the class, or with the properties. */
  toThrow(expected?: string | RegExp | (abstract new (...args: never) => unknown) | object): Result;
}
