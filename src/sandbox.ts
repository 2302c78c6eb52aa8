import type { GuestGlobal } from "./boundary.ts";
import { systemClock, type Clock } from "./clock.ts";
import { SandboxError } from "./errors.ts";
import type { Observer } from "./events.ts";
import { type Limits, resolveLimits } from "./limits.ts";
import type { LocalSandbox, LocalSandboxOptions, Usage } from "./local-sandbox.ts";
import type { ModuleSource } from "./modules/module-source.ts";
import {
  checkBoolean,
  checkChoice,
  checkNames,
  guardObserver,
  resolveArgs,
  resolveBaseUrl,
  resolveGlobals,
  resolveModules,
  resolvePolicy,
  resolveTransport,
} from "./options.ts";
import type { NetworkPolicy } from "./policy/policy.ts";
import { lazyTransport } from "./transport/lazy.ts";
import type { Transport } from "./transport/transport.ts";

/** Options of {@link createSandbox}. */
export interface SandboxOptions {
  /**
   * Where the sandbox runs. `"worker"`: a thread of its own, with its sockets, ended by a watchdog when it stops answering; the
   * only choice for scripts you do not trust. `"none"`: the caller's thread; a script can then block the caller for as
   * long as it likes inside one native call.
   * @defaultValue `"worker"`
   */
  readonly isolation?: "worker" | "none";
  /** Decides which connections may be made. @defaultValue nothing is reachable */
  readonly policy?: NetworkPolicy;
  /** What the sandbox may consume. Missing fields take their documented defaults. */
  readonly limits?: Partial<Limits>;
  /** When callbacks of sockets run: `"auto"` as events arrive, `"update"` only inside the script's `NetworkDevice.update()`. @defaultValue `"auto"` */
  readonly delivery?: "auto" | "update";
  /** Groups of globals to install beside `NetworkDevice` and the events. @defaultValue all but `"turbulenz"` */
  readonly globals?: readonly GuestGlobal[];
  /** Base of relative URLs in scripts. @defaultValue none: relative URLs throw `SyntaxError` */
  readonly baseUrl?: string | URL;
  /** What `import` finds: a folder (path or `file:` URL), or sources by name. Names in scripts are relative to it. @defaultValue nothing */
  readonly modules?: ModuleSource;
  /** Values of `NetworkDevice.args` in the script. @defaultValue none */
  readonly args?: readonly string[];
  /** Is told about everything that happens. */
  readonly observe?: Observer;
  /** Whether `observe` is also told of every message sent and received. @defaultValue false */
  readonly trace?: boolean;
  /** Opens connections. A transport of your own runs on the caller's thread. @defaultValue the `ws` package, in the sandbox's thread */
  readonly transport?: Transport;
  /** Source of time, also for the script's `Date` if it has a wall clock. Only with isolation `"none"`. @defaultValue {@link systemClock} */
  readonly clock?: Clock;
  /** Closes the sandbox when aborted, as {@link Sandbox.close} does. */
  readonly signal?: AbortSignal;
}

/** Options of {@link Sandbox.run}. */
export interface RunOptions {
  /** Name shown in stack traces, and base of relative imports. TypeScript (`.ts`, `.mts`) is stripped of its types. @defaultValue `"script.js"` */
  readonly name?: string;
  /** How the source is parsed. @defaultValue `"script"`, or `"module"` when `name` ends in `.mjs` or `.mts` */
  readonly type?: "script" | "module";
  /** Closes the sandbox when aborted before the script has finished. */
  readonly signal?: AbortSignal;
}

/** A sandbox and everything that belongs to it. */
export interface Sandbox extends AsyncDisposable {
  /**
   * Evaluates a script; settles when its top level, including top-level `await` of a module, has finished. May be called again:
   * all scripts of a sandbox share one global.
   *
   * @throws {ScriptError} if the script throws, rejects or does not parse.
   * @throws {SandboxError} `ERR_LIMIT` if a limit ended the sandbox, `ERR_CLOSED` if it is closed, `ERR_OPTION` for a wrong option.
   */
  run(source: string, options?: RunOptions): Promise<void>;
  /** Settles when no script, socket, timer or job is left, or the sandbox is closed; rejects with the reason of `signal`. */
  idle(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Puts another policy in force. Connections that it does not allow as they are (host, address, connect options) fail at once,
   * with `ERR_POLICY_REVOKED`; a policy function is asked about each again. Settles when that is known of all.
   *
   * @throws {SandboxError} `ERR_OPTION` for a wrong policy, `ERR_CLOSED` if the sandbox is closed.
   */
  setPolicy(policy: NetworkPolicy): Promise<void>;
  /**
   * Tells scripts whether the device is on a network: `navigator.onLine`, and the events `online` and `offline` of the global, which
   * libraries reconnect by. It changes nothing else. True at first.
   *
   * @throws {SandboxError} `ERR_OPTION` for what is no boolean, `ERR_CLOSED` if the sandbox is closed.
   */
  setOnline(online: boolean): Promise<void>;
  /** What the sandbox consumes, after the turn that is running now. */
  usage(): Promise<Usage>;
  /** Resolves once the sandbox is closed, with the error that closed it, if any. */
  readonly closed: Promise<SandboxError | undefined>;
  /** Closes open sockets with 1001, drops the others, cancels every timer and frees the engine. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Creates a sandbox: a QuickJS whose scripts may open WebSockets.
 *
 * Nothing is reachable unless {@link SandboxOptions.policy} allows it. A sandbox in a worker keeps the process alive until it
 * is closed.
 *
 * @throws {SandboxError} `ERR_OPTION` for a wrong option, `ERR_ENGINE` if the engine cannot be started, `ERR_CLOSED` if `signal` is
 * aborted already.
 *
 * @example
 * ```ts
 * await using sandbox = await createSandbox({ policy: allowOrigins(["wss://lamp.example"]) });
 * await sandbox.run(source, { name: "lamp.js" });
 * await sandbox.idle();
 * ```
 */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  return createSandboxFrom(options, {});
}

/** What else makes a sandbox on this thread do the same every time. For the harness of tests. */
export type Determinism = Pick<LocalSandboxOptions, "random" | "seed" | "maxSlice" | "taskStarted">;

/** As {@link createSandbox}. */
export async function createSandboxFrom(
  options: SandboxOptions,
  determinism: Determinism,
): Promise<Sandbox> {
  const resolved = resolveOptions(options);
  const { signal } = options;
  if (signal !== undefined && isAborted(signal)) throw closedError(signal);
  const closed = createClosed();
  const common = { ...resolved, closed: closed.resolve };
  const inner =
    options.isolation === "none"
      ? await createHere({ ...common, ...determinism }, options)
      : await createInWorker(common, options);
  const close = (): void => void inner.close();
  signal?.addEventListener("abort", close, { once: true });
  void closed.promise.then(() => signal?.removeEventListener("abort", close));
  // It may have been aborted while the sandbox started.
  if (signal !== undefined && isAborted(signal)) close();

  return {
    async run(source, runOptions = {}) {
      const { text, name, type } = checkScript(source, runOptions, resolved.limits);
      runOptions.signal?.throwIfAborted();
      runOptions.signal?.addEventListener("abort", close, { once: true });
      try {
        await inner.run(text, name, type);
      } finally {
        runOptions.signal?.removeEventListener("abort", close);
      }
    },
    idle: (idleOptions = {}) => untilAborted(inner.idle(), idleOptions.signal),
    setPolicy: async (policy) => inner.setPolicy(resolvePolicy(policy)),
    setOnline: async (online) => {
      checkBoolean("online", online);
      await inner.setOnline(online);
    },
    usage: () => inner.usage(),
    closed: closed.promise,
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  };
}

type ResolvedOptions = Omit<LocalSandboxOptions, "transport" | "closed" | "watch" | "modules"> & {
  readonly modules: Exclude<ModuleSource, URL> | undefined;
};

type CommonOptions = ResolvedOptions & Pick<LocalSandboxOptions, "closed">;

/** What a sandbox on this thread and one in a worker have in common. */
type InnerSandbox = Pick<
  LocalSandbox,
  "run" | "idle" | "setPolicy" | "setOnline" | "usage" | "close"
>;

const optionNames: Readonly<Record<keyof SandboxOptions, true>> = {
  isolation: true,
  policy: true,
  limits: true,
  delivery: true,
  globals: true,
  baseUrl: true,
  modules: true,
  args: true,
  observe: true,
  trace: true,
  transport: true,
  clock: true,
  signal: true,
};

const runOptionNames: Readonly<Record<keyof RunOptions, true>> = {
  name: true,
  type: true,
  signal: true,
};

function resolveOptions(options: SandboxOptions): ResolvedOptions {
  checkNames("options", options, optionNames);
  const { isolation = "worker", delivery = "auto", trace = false, clock } = options;
  checkChoice("isolation", isolation, ["worker", "none"]);
  checkChoice("delivery", delivery, ["auto", "update"]);
  checkBoolean("trace", trace);
  if (clock !== undefined && isolation === "worker") {
    throw new SandboxError(
      "ERR_OPTION",
      'clock needs isolation: "none": a sandbox in a worker has the time of its own thread',
    );
  }
  return {
    policy: resolvePolicy(options.policy),
    limits: resolveLimits(options.limits),
    delivery,
    globals: resolveGlobals(options.globals),
    baseUrl: resolveBaseUrl(options.baseUrl),
    modules: resolveModules(options.modules),
    args: resolveArgs(options.args),
    trace,
    clock: clock ?? systemClock,
    emit: guardObserver(options.observe),
  };
}

// Each way is loaded when it is wanted: a process whose sandboxes have threads of their own needs neither engine nor sockets.

async function createHere(
  common: CommonOptions & Determinism,
  options: SandboxOptions,
): Promise<InnerSandbox> {
  const { createLocalSandbox } = await import("./local-sandbox.ts");
  const transport = resolveTransport(options.transport) ?? lazyTransport(loadWs);
  return createLocalSandbox({ ...common, transport });
}

async function loadWs(): Promise<Transport> {
  const { wsTransport } = await import("./transport/ws.ts");
  return wsTransport();
}

async function createInWorker(
  common: CommonOptions,
  options: SandboxOptions,
): Promise<InnerSandbox> {
  const { createWorkerSandbox } = await import("./worker/worker-sandbox.ts");
  const transport = resolveTransport(options.transport);
  return createWorkerSandbox({ ...common, isObserved: options.observe !== undefined, transport });
}

/** Refuses what the engine would silently cut, and what is too large. */
function checkScript(
  source: string,
  options: RunOptions,
  { maxScriptBytes }: Limits,
): { readonly text: string; readonly name: string; readonly type: "script" | "module" } {
  checkNames("options", options, runOptionNames);
  const { name = "script.js" } = options;
  const type = options.type ?? (/\.m[jt]s$/i.test(name) ? "module" : "script");
  checkChoice("type", type, ["script", "module"]);
  if (typeof source !== "string") {
    throw new SandboxError("ERR_OPTION", `source must be a string, got ${typeof source}`);
  }
  if (typeof name !== "string") {
    throw new SandboxError("ERR_OPTION", `name must be a string, got ${typeof name}`);
  }
  if (`${source}${name}`.includes("\0")) {
    throw new SandboxError(
      "ERR_OPTION",
      "source and name must not contain U+0000: write \\0 in a string literal instead",
    );
  }
  const bytes = Buffer.byteLength(source);
  if (bytes > maxScriptBytes) {
    throw new SandboxError(
      "ERR_LIMIT",
      `source must have at most limits.maxScriptBytes (${maxScriptBytes}) bytes, got ${bytes}`,
    );
  }
  return { text: source.startsWith("\uFEFF") ? source.slice(1) : source, name, type };
}

function createClosed(): {
  readonly promise: Promise<SandboxError | undefined>;
  readonly resolve: (error: SandboxError | undefined) => void;
} {
  let resolve: (error: SandboxError | undefined) => void = () => {};
  const promise = new Promise<SandboxError | undefined>((resolvePromise) => {
    resolve = resolvePromise;
  });
  return { promise, resolve: (error) => resolve(error) };
}

/** A function, because the compiler believes that `aborted` cannot change. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function closedError(signal: AbortSignal): SandboxError {
  return new SandboxError("ERR_CLOSED", "The sandbox is closed: its signal is aborted", {
    cause: signal.reason,
  });
}

async function untilAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  let abort: () => void = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
