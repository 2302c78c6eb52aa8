/**
 * The contract between the host (`src/`) and the guest runtime (`runtime/`): types and constants only, imported by both.
 *
 * Only numbers, booleans, strings and `ArrayBuffer`s cross, as positional arguments and always as copies. Text that must
 * be exact for every string and is not hot crosses as JSON: `JSON.stringify` escapes U+0000 and lone surrogates, the only
 * characters that the engine's own conversion loses. Hot text ({@link HostCalls.send}, {@link EventKind.Text}) crosses as
 * it is, in UTF-8 from the frame and to it, and falls back to JSON only when it has to.
 */

/** What {@link GuestRuntime.deliver} is told about. */
export const EventKind = {
  /** The handshake ended well. `data`: JSON of {@link OpenEvent}. */
  Open: 0,
  /** A text message. `data`: the text. Without U+0000 and well-formed. */
  Text: 1,
  /** A text message that cannot cross as it is. `data`: the text as JSON. */
  JsonText: 2,
  /** A binary message. `data`: an `ArrayBuffer` that belongs to the guest. */
  Binary: 3,
  /** The connection is gone; last event of its `id`. `data`: JSON of {@link CloseEventData}. */
  Close: 4,
  /** The alarm set by {@link HostCalls.setAlarm} went off. `id` is 0. */
  Alarm: 5,
  /** The device is on a network, or no longer is: `id` is 1 or 0. */
  Online: 6,
  /** A fetch has an answer. `data`: JSON of {@link HeadEvent}. This and the following are never held back for `update()`. */
  Head: 7,
  /** Part of the body of the answer. `data`: an `ArrayBuffer` that belongs to the guest. */
  Data: 8,
  /** The body has ended; last event of its `id`. */
  End: 9,
  /** The fetch failed; last event of its `id`. */
  Failure: 10,
  /** A task of {@link HostCalls.startTask} is done; last event of its `id`. `data`: an `ArrayBuffer` that belongs to the guest. */
  Result: 11,
  /** A task failed; last event of its `id`. `data`: JSON of {@link TaskFailure}. */
  Rejection: 12,
} as const;

/** One of {@link EventKind}. */
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** Data of {@link EventKind.Open}. */
export type OpenEvent = readonly [protocol: string, extensions: string];

/** Data of {@link EventKind.Close}: `failed` fires `error` first; `unsent` is the final `bufferedAmount`. */
export type CloseEventData = readonly [
  code: number,
  reason: string,
  wasClean: boolean,
  failed: boolean,
  unsent: number,
];

/** Data of {@link EventKind.Head}: `headers` are names and values in turn, without those that scripts may not see. */
export type HeadEvent = readonly [
  status: number,
  statusText: string,
  url: string,
  redirected: boolean,
  ...headers: readonly string[],
];

/** Bytes of a body that the host sends before the guest asks for more with {@link HostCalls.fetchRead}. */
export const fetchWindow = 65_536;

/** Data of {@link EventKind.Rejection}: the name of a `DOMException`, and what it says. */
export type TaskFailure = readonly [name: string, message: string];

/** An exception described in plain data. Positions are 1-based; 0 is unknown. */
export type ExceptionData = readonly [
  name: string,
  message: string,
  stack: string,
  file: string,
  line: number,
  column: number,
];

/**
 * Answer of {@link HostCalls.connect}: a connection; or 0 and why the URL is a `SyntaxError`; or -1 and why there can be no further
 * connection now, a `QuotaExceededError`.
 */
export type ConnectAnswer =
  | readonly [id: number, url: string, origin: string]
  | readonly [id: 0 | -1, message: string];

/** A limit that the guest runtime keeps: what {@link HostCalls.exceeded} tells of. */
export const RuntimeLimit = {
  Timers: 0,
  Listeners: 1,
} as const;

/** One of {@link RuntimeLimit}. */
export type RuntimeLimit = (typeof RuntimeLimit)[keyof typeof RuntimeLimit];

/** Levels of {@link HostCalls.log}. */
export const logLevels = ["debug", "log", "info", "warn", "error"] as const;

/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/**
 * What the guest may ask of the host. Every argument is checked by the host: a script may have got hold of these functions.
 * None of them calls back into the guest before it returns. A parameter called `json` is a JSON text.
 */
export interface HostCalls {
  /**
   * Starts a connection. `json` is `[url, ...protocols]`; the URL is parsed and the subprotocols have been checked.
   * Returns JSON of {@link ConnectAnswer}. A refusal by policy or limit is a later {@link EventKind.Close}.
   */
  connect(json: string): string;
  /**
   * Sends a message on an open connection. For text, `length` is its number of code units and the text is well-formed;
   * the answer `true` asks for the same call again with the text as JSON and -1. For an `ArrayBuffer` `length` is 0.
   */
  send(id: number, data: string | ArrayBuffer, length: number): boolean;
  /** Starts the closing handshake, or fails a connection that is not open yet. `code` 0 stands for none; `json` is the reason. */
  close(id: number, code: number, json: string): void;
  /** Drops the connection now. No event for `id` follows. */
  abort(id: number): void;
  /** Payload bytes handed to {@link HostCalls.send} that have not left yet. Changes only between turns. */
  bufferedAmount(id: number): number;
  /**
   * Starts a fetch. `json` is `[url, method, redirect, ...headers]` with the names and values of headers in turn; an empty `body` stands
   * for none when `hasBody` is false. Returns its id; 0 for what is no request; -1 when there can be no further one now. A refusal by
   * policy or limit is a later {@link EventKind.Failure}.
   */
  fetch(json: string, hasBody: boolean, body: ArrayBuffer): number;
  /** Has taken what came of the body so far: there is room for {@link fetchWindow} bytes again. */
  fetchRead(id: number): void;
  /** Drops a fetch now. No event for `id` follows. */
  fetchAbort(id: number): void;
  /** Tells that the guest took all queued events (delivery `"update"`), so that paused connections may go on. */
  updated(): void;
  /** Milliseconds since the sandbox started; monotonic, coarse. */
  now(): number;
  /** Asks for one {@link EventKind.Alarm} after `delay` ms in place of any asked for before; -1 for none. */
  setAlarm(delay: number): void;
  /** One line of the console. `level` indexes {@link logLevels}. */
  log(level: number, json: string): void;
  /** `alert(message)`. */
  alert(json: string): void;
  /** An exception that nobody caught. `json` is {@link ExceptionData}. */
  report(json: string): void;
  /** The script wanted more than one of {@link RuntimeLimit} allows. */
  exceeded(limit: number): void;
  /** A promise given to {@link GuestRuntime.watch} settled. `json` is {@link ExceptionData} when it was rejected, else `""`. */
  settled(id: number, json: string): void;
  /** Random bytes from the host's secure generator; `length` is at most 65,536. */
  randomBytes(length: number): ArrayBuffer;
  /** UTF-8 of a text given as JSON. */
  encode(json: string): ArrayBuffer;
  /** Decodes bytes. `label` is a canonical encoding name. Returns JSON of the text, or `""` when `fatal` and malformed. */
  decode(label: string, fatal: boolean, data: ArrayBuffer): string;
  /** Canonical, lower-case name of an encoding by any label of the Encoding standard, or `""` when there is none. */
  encodingName(json: string): string;
  /**
   * URL work, done by the host's own implementation. `json` is `["parse", url, base?]`, `["set", href, attribute, value]`,
   * `["params", query]` or `["query", [name, value][]]`. Returns JSON: the URL's parts `[href, origin, protocol, username,
   * password, host, hostname, port, pathname, search, hash]`, a list of pairs, a string, or `null` for failure.
   */
  url(json: string): string;
  /**
   * Starts what a service of the host does meanwhile: `"subtle"` is one operation of `crypto.subtle`. Returns the id of the task, whose
   * outcome is an {@link EventKind.Result} or an {@link EventKind.Rejection}; 0 when too much is under way.
   */
  startTask(service: string, json: string, data: ArrayBuffer): number;
  /**
   * Evaluates one of {@link guestParts}, by its index, and returns the function that it is: the one call that runs code in the guest, and
   * the one answer that is no plain data.
   */
  part(index: number): unknown;
}

/** Parts of the runtime that are evaluated when a script first touches one of their globals; entries in `runtime/parts/`. */
export const guestParts = [
  "compression",
  "fetch",
  "files",
  "inspect",
  "messaging",
  "multibyte",
  "streams",
  "subtle",
  "timeline",
  "url",
  "worker",
] as const;

/** One of {@link guestParts}. */
export type GuestPart = (typeof guestParts)[number];

/** Options of the guest runtime, decided by the embedder. */
export interface RuntimeOptions {
  /** Globals to install. `NetworkDevice` and the events family always are. */
  readonly globals: readonly GuestGlobal[];
  readonly delivery: "auto" | "update";
  /** More timers than this throw a `QuotaExceededError`. */
  readonly maxTimers: number;
  /** More listeners of one target than this throw a `QuotaExceededError`. */
  readonly maxListeners: number;
  /** Values of `NetworkDevice.args`. */
  readonly args: readonly string[];
  /** Base of relative URLs, which `location` shows; `""` for none. */
  readonly baseUrl: string;
  /** `Date.now()` of the host when the sandbox started: `performance.timeOrigin`. */
  readonly timeOrigin: number;
}

/** A group of globals that can be installed in the guest. */
export type GuestGlobal = (typeof guestGlobals)[number];

/** Every {@link GuestGlobal}. All but `"turbulenz"` are installed by default. */
export const guestGlobals = [
  "WebSocket",
  "timers",
  "console",
  "url",
  "encoding",
  "crypto",
  "performance",
  "structuredClone",
  "worker",
  "fetch",
  "turbulenz",
] as const;

/**
 * What the host may ask of the guest. Handed out by `install`, held by the host, unreachable for scripts.
 *
 * Each of `deliver`, `step` and `caught` runs at most one callback of the script and returns whether more wait: the host
 * runs the jobs (the microtask checkpoint) and calls `step` until it returns `false`. So promise jobs run between two
 * listeners of one event, as HTML's "clean up after running script" asks for.
 */
export interface GuestRuntime {
  /** Takes JSON of {@link RuntimeOptions}: the first call, once, before any script runs. */
  configure(options: string): void;
  /** Begins the turn of a script that the host evaluates itself. */
  begin(): void;
  /**
   * Delivers one event to the object with that `id`. `tenths` is the time of it, in tenths of a millisecond since the sandbox
   * started; -1 stands for {@link HostCalls.now}.
   */
  deliver(
    kind: EventKind,
    id: number,
    tenths: number,
    data: string | ArrayBuffer | undefined,
  ): boolean;
  /** Runs the next waiting callback. */
  step(): boolean;
  /** Describes an exception that left a script as JSON of {@link ExceptionData}; never throws. */
  describe(exception: unknown): string;
  /** Reports an exception as HTML does: a global `error` event, then {@link HostCalls.report}. */
  caught(exception: unknown): boolean;
  /** Reports a promise that was rejected and that nobody handles: an `unhandledrejection` event, then {@link HostCalls.report}. */
  rejected(promise: unknown, reason: unknown): boolean;
  /**
   * Looks at the value of a script or callback. A promise leads to one {@link HostCalls.settled} with `id`, and when `id` is 0
   * only a rejection is reported, as {@link GuestRuntime.caught} does. Returns whether it was a promise.
   */
  watch(value: unknown, id: number): boolean;
  /** How many timers wait. */
  timers(): number;
  /** Makes every socket CLOSED and drops all callbacks: the sandbox ends. */
  shutDown(): void;
}

/** The guest bundle evaluates to this function. It installs all default globals; {@link GuestRuntime.configure} does the rest. */
export type Install = (global: typeof globalThis, host: HostCalls) => GuestRuntime;

/**
 * Request headers that scripts may not set, beside those that begin with `proxy-` or `sec-`: checked in the guest, and again on the host.
 *
 * @see https://fetch.spec.whatwg.org/#forbidden-request-header
 */
export const forbiddenRequestHeaders = [
  "accept-charset",
  "accept-encoding",
  "access-control-request-headers",
  "access-control-request-method",
  "connection",
  "content-length",
  "cookie",
  "cookie2",
  "date",
  "dnt",
  "expect",
  "host",
  "keep-alive",
  "origin",
  "referer",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
] as const;
