import type { Worker } from "node:worker_threads";
import { type CompiledEngine, compileFile, defaultWasmFile } from "../engine/compiled-engine.ts";
import { randomSeed } from "../engine/image.ts";
import { describeError, SandboxError } from "../errors.ts";
import type { ConnectionFailure, KillCause, SandboxEvent, SandboxEventDetail } from "../events.ts";
import { turnOverrun } from "../limits.ts";
import type { Usage } from "../local-sandbox.ts";
import type { NetworkPolicy } from "../policy/policy.ts";
import { returnTaskSlots, taskSlotMemory } from "../services/task-slots.ts";
import type { Transport } from "../transport/transport.ts";
import { unpackError } from "./error-data.ts";
import type { FromWorker, ToWorker, WorkerOptions } from "./messages.ts";
import { acknowledge } from "./outbox.ts";
import { processorTime, yieldProcessor } from "./priority.ts";
import { TransportHost } from "./remote-transport.ts";
import { Cell, createSharedState } from "./shared-state.ts";
import { takeThread } from "./thread.ts";
import { Watchdog } from "./watchdog.ts";

/** Options of {@link createWorkerSandbox}; all defaults are filled in. */
export interface WorkerSandboxOptions extends Omit<
  WorkerOptions,
  "shared" | "taskSlots" | "policy" | "isTransportOutside"
> {
  readonly policy: NetworkPolicy;
  /** The embedder's own transport, if any: its connections are made on this thread. */
  readonly transport: Transport | undefined;
  /** Must not throw. */
  emit(event: SandboxEvent): void;
  /** Is called once, when the sandbox is closed and its thread has ended. */
  closed(error: SandboxError | undefined): void;
}

/** A sandbox in a thread of its own, seen from outside. Has the methods of a `LocalSandbox`. */
export interface WorkerSandbox {
  run(source: string, name: string, type: "script" | "module"): Promise<void>;
  idle(): Promise<void>;
  setPolicy(policy: NetworkPolicy): Promise<void>;
  setOnline(online: boolean): Promise<void>;
  usage(): Promise<Usage>;
  close(): Promise<void>;
}

/** How long a thread may take to close its sockets before it is ended. */
const closeGrace = 250;

/**
 * Starts a thread with a sandbox.
 *
 * @throws {SandboxError} `ERR_ENGINE` if the thread or the engine cannot be started.
 */
export async function createWorkerSandbox(options: WorkerSandboxOptions): Promise<WorkerSandbox> {
  const compiling = compileFile(defaultWasmFile());
  const thread = new Thread(options);
  const [compiled, seed] = await Promise.all([compiling, randomSeed()]);
  await thread.start(compiled, new Uint8Array(seed));
  return thread;
}

/** Threads that have not ended. */
const living = new Set<Thread>();

type Call = { resolve(value: Usage | undefined): void; reject(error: SandboxError): void };

class Thread implements WorkerSandbox {
  readonly #started: Promise<void>;
  readonly #options: WorkerSandboxOptions;
  readonly #worker: Worker;
  #policy: NetworkPolicy;
  readonly #state = createSharedState();
  readonly #watchdog: Watchdog;
  readonly #transport: TransportHost | undefined;
  readonly #calls = new Map<number, Call>();
  readonly #decisions = new Map<number, AbortController>();
  readonly #exited: Promise<void>;
  #start: Call = { resolve() {}, reject() {} };
  #nextCall = 1;
  #startTime = performance.now();
  /** Time of the latest event of the thread. */
  #lastTime = 0;
  /** Connections whose end has not been observed, with what is known of them. */
  readonly #connections = new Map<number, Pick<ConnectionFailure, "host" | "stage">>();
  /** The same for requests. */
  readonly #requests = new Map<number, Pick<ConnectionFailure, "host" | "stage">>();
  #end: { readonly error: SandboxError | undefined } | undefined;

  constructor(options: WorkerSandboxOptions) {
    const { transport } = options;
    this.#options = options;
    this.#policy = options.policy;
    this.#started = new Promise((resolve, reject) => {
      this.#start = { resolve: () => resolve(), reject };
    });
    // It may fail before anybody waits for it.
    this.#started.catch(() => {});
    this.#worker = takeThread();
    this.#watchdog = new Watchdog(this.#state, options.limits.maxTurnTime, {
      overrun: () => this.#overrun(),
      busy: () => yieldProcessor(this.#threadId),
      // A thread alone has nobody to let go first.
      processorTime: () => (living.size > 1 ? processorTime(this.#threadId) : undefined),
    });
    living.add(this);
    this.#transport =
      transport === undefined
        ? undefined
        : new TransportHost(transport, options.limits, (event) => this.post(event));
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("error", (error) => this.#kill(...explainThread(error)));
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        returnTaskSlots(Atomics.load(this.#state, Cell.TaskSlots));
        this.#kill(...explainThread(undefined));
        resolve();
        options.closed(this.#end?.error);
      });
    });
  }

  /** Starts the sandbox in the thread. */
  async start(compiled: CompiledEngine, seed: Uint8Array): Promise<void> {
    const { policy, transport, ...options } = this.#options;
    // One by one: the caller's object holds functions too, which cannot be posted.
    const data: WorkerOptions = {
      limits: options.limits,
      delivery: options.delivery,
      globals: options.globals,
      baseUrl: options.baseUrl,
      modules: options.modules,
      args: options.args,
      trace: options.trace,
      isObserved: options.isObserved,
      policy: typeof policy === "function" ? undefined : policy,
      isTransportOutside: transport !== undefined,
      shared: this.#state.buffer,
      taskSlots: taskSlotMemory(),
    };
    this.post({ type: "start", options: data, compiled, seed });
    await this.#started;
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  async run(source: string, name: string, kind: "script" | "module"): Promise<void> {
    await this.#call((call) => ({ type: "run", call, source, name, kind }));
  }

  async idle(): Promise<void> {
    if (this.#end !== undefined) return;
    try {
      await this.#call((call) => ({ type: "idle", call }));
    } catch (error) {
      // A sandbox that ends meanwhile is idle; `closed` tells why.
      if (this.#end === undefined) throw error;
    }
  }

  async setPolicy(policy: NetworkPolicy): Promise<void> {
    this.#policy = policy;
    const rules = typeof policy === "function" ? undefined : policy;
    await this.#call((call) => ({ type: "policy", call, policy: rules }));
  }

  async setOnline(online: boolean): Promise<void> {
    await this.#call((call) => ({ type: "online", call, online }));
  }

  async usage(): Promise<Usage> {
    const usage = await this.#call((call) => ({ type: "usage", call }));
    if (usage === undefined) throw new SandboxError("ERR_CLOSED", "The sandbox is closed");
    return usage;
  }

  async close(): Promise<void> {
    if (this.#end === undefined) {
      this.post({ type: "close" });
      const timeout = setTimeout(() => this.#terminate(undefined), closeGrace);
      await this.#exited;
      clearTimeout(timeout);
    }
    await this.#exited;
  }

  get #threadId(): number {
    return Atomics.load(this.#state, Cell.ThreadId);
  }

  #call(message: (call: number) => ToWorker): Promise<Usage | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#end.error ?? closedError());
        return;
      }
      const call = this.#nextCall;
      this.#nextCall += 1;
      // First: what cannot be posted throws, and nobody waits for its answer.
      this.post(message(call));
      this.#calls.set(call, { resolve, reject });
    });
  }

  #receive(message: FromWorker): void {
    // What was under way when the sandbox was ended.
    if (this.#end !== undefined) return;
    switch (message.type) {
      case "started":
        this.#startTime = performance.now();
        this.#start.resolve(undefined);
        break;
      case "answer":
        this.#takeCall(message.call)?.resolve(message.value);
        break;
      case "failure":
        this.#takeCall(message.call)?.reject(unpackError(message.error));
        break;
      case "closed":
        this.#terminate(message.error === undefined ? undefined : unpackError(message.error));
        break;
      case "events":
        for (const event of message.events) this.#observe(event);
        acknowledge(this.#state, message.bytes);
        break;
      case "busy":
        this.#watchdog.wake();
        break;
      case "decide":
        void this.#decide(message);
        break;
      case "undecide":
        this.#decisions.get(message.request)?.abort();
        break;
      default:
        this.#transport?.receive(message);
    }
  }

  #takeCall(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }

  async #decide(message: FromWorker & { readonly type: "decide" }): Promise<void> {
    const { request, url, protocols, hasUrlCredentials } = message;
    const policy = this.#policy;
    const controller = new AbortController();
    this.#decisions.set(request, controller);
    try {
      if (typeof policy !== "function") throw new TypeError("the policy is not a function");
      const { signal } = controller;
      const verdict = await policy({ url: new URL(url), protocols, hasUrlCredentials, signal });
      this.post({ type: "verdict", request, verdict });
    } catch (error) {
      // It threw, or its answer cannot be posted: the connection is refused, and the host learns why.
      this.post({ type: "undecided", request, message: describeError(error) });
    }
    this.#decisions.delete(request);
  }

  #overrun(): void {
    if (this.#end === undefined) this.#emit({ type: "limit", limit: "maxTurnTime" });
    this.#kill(turnOverrun(this.#options.limits), "cpu");
    void this.#worker.terminate();
  }

  /** Ends the sandbox for a reason that its thread can no longer tell. */
  #kill(error: SandboxError, cause: KillCause): void {
    if (this.#end !== undefined) return;
    this.#emit({ type: "killed", cause, message: error.message });
    this.#finish(error);
  }

  #terminate(error: SandboxError | undefined): void {
    if (this.#end !== undefined) return;
    this.#finish(error);
    void this.#worker.terminate();
  }

  #observe(event: SandboxEvent): void {
    if (event.type === "connecting") {
      this.#connections.set(event.connection, { host: hostOf(event.url), stage: "connect" });
    } else if (event.type === "open") {
      const known = this.#connections.get(event.connection);
      if (known !== undefined) this.#connections.set(event.connection, { ...known, stage: "open" });
    } else if (event.type === "closed") {
      this.#connections.delete(event.connection);
    } else if (event.type === "request" || event.type === "redirect") {
      this.#requests.set(event.request, { host: hostOf(event.url), stage: "connect" });
    } else if (event.type === "response") {
      const known = this.#requests.get(event.request);
      if (known !== undefined) this.#requests.set(event.request, { ...known, stage: "open" });
    } else if (event.type === "finished") {
      this.#requests.delete(event.request);
    }
    this.#lastTime = event.time;
    this.#options.emit(event);
  }

  /** Observes something that the thread can no longer tell. */
  #emit(event: SandboxEventDetail): void {
    // The clock outside starts a little later than the one in the thread.
    const time = Math.max(this.#lastTime, performance.now() - this.#startTime);
    this.#options.emit({ time, ...event });
  }

  /** Tells of connections and requests that ended with their thread. */
  #loseConnections(): void {
    const close = { code: 1006, reason: "", wasClean: false };
    for (const [connection, known] of this.#connections) {
      const message = "the connection ended with its sandbox";
      const failure = { ...known, code: "ERR_ABORTED", message } as const;
      this.#emit({ type: "closed", connection, ...close, failure });
    }
    this.#connections.clear();
    for (const [request, known] of this.#requests) {
      const message = "the request ended with its sandbox";
      this.#emit({
        type: "finished",
        request,
        failure: { ...known, code: "ERR_ABORTED", message },
      });
    }
    this.#requests.clear();
  }

  /** Settles everything that waits. The thread may still be ending. */
  #finish(error: SandboxError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    living.delete(this);
    this.#loseConnections();
    this.#watchdog[Symbol.dispose]();
    this.#transport?.abortAll();
    for (const decision of this.#decisions.values()) decision.abort();
    for (const call of this.#calls.values()) call.reject(error ?? closedError());
    this.#calls.clear();
    this.#start.reject(error ?? closedError());
  }
}

/**
 * Host and port of a URL that the thread has parsed and written, without credentials. Not parsed again: the text is as long as the
 * script likes, and this thread is the embedder's.
 */
function hostOf(url: string): string {
  const start = url.indexOf("//") + 2;
  const slice = url.slice(start, url.indexOf("/", start));
  // A copy: a slice keeps all of the text.
  const host = Buffer.from(slice).toString();
  return /:\d+$/.test(host) ? host : `${host}:${/^(?:wss|https):/.test(url) ? 443 : 80}`;
}

function closedError(): SandboxError {
  return new SandboxError("ERR_CLOSED", "The sandbox is closed");
}

/** Why a thread ended by itself: `error` is what it threw, if it did. */
function explainThread(error: unknown): [error: SandboxError, cause: KillCause] {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (code === "ERR_WORKER_OUT_OF_MEMORY") {
    const message = "The host's side of the sandbox ran out of the memory that its thread may have";
    return [new SandboxError("ERR_LIMIT", message, { cause: error }), "memory"];
  }
  const message = "The thread of the sandbox ended unexpectedly";
  return [new SandboxError("ERR_ENGINE", message, { cause: error }), "thread"];
}
