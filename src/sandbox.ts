import type { GuestGlobal } from "./boundary.ts";
import type { Clock } from "./clock.ts";
import type { SandboxError } from "./errors.ts";
import type { Observer } from "./events.ts";
import type { Limits } from "./limits.ts";
import type { NetworkPolicy } from "./policy/policy.ts";
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
  /** Source of time. Only with isolation `"none"`. @defaultValue {@link systemClock} */
  readonly clock?: Clock;
  /** Closes the sandbox when aborted, as {@link Sandbox.close} does. */
  readonly signal?: AbortSignal;
}

/** What `import` finds: the path or `file:` URL of a folder, or sources by name, for example `{ "lib/lamp.js": "export ..." }`. */
export type ModuleSource = string | URL | Readonly<Record<string, string>>;

/** Options of {@link Sandbox.run}. */
export interface RunOptions {
  /** Name shown in stack traces, and base of relative imports. TypeScript (`.ts`, `.mts`) is stripped of its types. @defaultValue `"script.js"` */
  readonly name?: string;
  /** How the source is parsed. @defaultValue `"script"`, or `"module"` when `name` ends in `.mjs` or `.mts` */
  readonly type?: "script" | "module";
  /** Closes the sandbox when aborted before the script has finished. */
  readonly signal?: AbortSignal;
}

/** What a sandbox consumes. */
export interface Usage {
  /** Bytes of the engine's memory in use. */
  readonly memory: number;
  /** Connections that are not closed yet. */
  readonly connections: number;
  /** Timers that wait. */
  readonly timers: number;
  /** Events that wait for the script. */
  readonly queuedEvents: number;
  /** Payload bytes that wait for the network. */
  readonly bufferedBytes: number;
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
  /** What the sandbox consumes, after the turn that is running now. */
  usage(): Promise<Usage>;
  /** Resolves once the sandbox is closed, with the error that closed it, if any. */
  readonly closed: Promise<SandboxError | undefined>;
  /** Closes open sockets with 1001, drops the others, cancels every timer and frees the engine. Safe to call twice. */
  close(): Promise<void>;
}
