import type { QuickJSContext } from "quickjs-emscripten";
import {
  EventKind,
  type GuestGlobal,
  logLevels,
  RuntimeLimit,
  type RuntimeOptions,
} from "./boundary.ts";
import type { Clock } from "./clock.ts";
import { Alarm } from "./engine/alarm.ts";
import { parseException } from "./engine/exception.ts";
import { type Evaluation, Guest, type GuestSource } from "./engine/guest.ts";
import type { HostActions } from "./engine/host-calls.ts";
import { TurnQueue, type TurnQueueOptions } from "./engine/turn-queue.ts";
import { type ScriptException, ScriptError } from "./errors.ts";
import type { SandboxEventDetail } from "./events.ts";
import { createGuestTasks } from "./guest-tasks.ts";
import { Inbox } from "./inbox.ts";
import { LimitNotices } from "./limit-notices.ts";
import type { GuestLimits } from "./limits.ts";
import { SourceError } from "./modules/source-error.ts";
import { Network } from "./network/network.ts";
import { OutputGate } from "./output-gate.ts";
import type { NetworkPolicy } from "./policy/policy.ts";
import { createServices } from "./services/services.ts";
import type { Tasks } from "./services/tasks.ts";
import type { LoadableTransport } from "./transport/transport.ts";

/** What {@link NetworkDevice} is made of. */
export interface NetworkDeviceOptions extends Pick<
  TurnQueueOptions,
  "maxTurnTime" | "maxMicrotasks" | "maxSlice" | "watch"
> {
  readonly context: QuickJSContext;
  readonly policy: NetworkPolicy;
  readonly limits: GuestLimits;
  readonly delivery: "auto" | "update";
  readonly globals: readonly GuestGlobal[];
  readonly baseUrl: string | undefined;
  readonly args: readonly string[];
  readonly transport: LoadableTransport;
  readonly clock: Clock;
  readonly trace: boolean;
  readonly guest: GuestSource;
  /** A number from 0 up to 1, for everything that is left to chance but `Math.random`. @defaultValue the platform's generators */
  readonly random?: (() => number) | undefined;
  /** Is told of work that the host does for a script outside of the clock's time, one thing after another. @defaultValue nobody is */
  readonly taskStarted?: ((work: Promise<void>) => void) | undefined;
  /** Must not throw. */
  emit(event: SandboxEventDetail): void;
  /** Is told that the guest cannot go on: an overrun, exhausted memory, or an engine that broke. */
  failed(error: unknown): void;
}

/** Bytes that the guest needs to take the answer of `connect`, beside what the URL takes in it. */
const roomForConnecting = 4_096;

/** How long a peer has to answer when everything is closed at once. */
const closeGrace = 100;

/** One guest with its network, its time and its console: everything that an embedder gives to a context. */
export class NetworkDevice {
  readonly #options: NetworkDeviceOptions;
  readonly #guest: Guest;
  readonly #network: Network;
  readonly #turns: TurnQueue;
  readonly #alarm: Alarm;
  readonly #start: number;
  readonly #evaluations = new Map<number, (exception: ScriptException | undefined) => void>();
  readonly #idleWaiters = new Set<() => void>();
  #nextEvaluation = 1;
  readonly #notices: LimitNotices;
  readonly #output: OutputGate;
  readonly #inbox: Inbox;
  readonly #tasks: Tasks;

  constructor(options: NetworkDeviceOptions) {
    const { context, clock, limits, maxTurnTime, maxMicrotasks } = options;
    this.#options = options;
    this.#start = clock.now();
    this.#alarm = new Alarm(clock, () => {
      this.#turns.post(() => this.#guest.deliver(EventKind.Alarm, 0, this.#now()));
    });
    this.#notices = new LimitNotices(clock, (limit) => options.emit({ type: "limit", limit }));
    this.#output = new OutputGate({
      limits,
      clock,
      exceeded: (limit) => options.emit({ type: "limit", limit }),
    });
    this.#inbox = new Inbox({
      delivery: options.delivery,
      limits,
      now: () => this.#now(),
      parts: () => ({ guest: this.#guest, network: this.#network, turns: this.#turns }),
    });
    this.#network = new Network({
      policy: options.policy,
      limits,
      transport: options.transport,
      clock,
      guest: this.#inbox,
      emit: (event) => options.emit(event),
      trace: options.trace,
      ...(options.baseUrl === undefined ? {} : { baseUrl: options.baseUrl }),
      utf8Length: (text) => Buffer.byteLength(text),
      ...(options.random === undefined ? {} : { random: options.random }),
      changed: () => this.#noticeIdle(),
    });
    this.#tasks = createGuestTasks({
      now: () => this.#now(),
      parts: () => ({ guest: this.#guest, turns: this.#turns }),
      started: options.taskStarted,
    });
    const runtimeOptions: RuntimeOptions = {
      globals: options.globals,
      delivery: options.delivery,
      maxTimers: limits.maxTimers,
      maxListeners: limits.maxListeners,
      args: options.args,
      baseUrl: options.baseUrl ?? "",
      timeOrigin: clock.wallNow?.() ?? Date.now(),
    };
    this.#guest = new Guest(context, this.#actions(), runtimeOptions, {
      ...options.guest,
      isOverdue: () => this.#turns.isOverdue(),
    });
    this.#turns = new TurnQueue({
      target: this.#guest,
      clock,
      maxTurnTime,
      maxMicrotasks,
      maxSlice: options.maxSlice,
      watch: options.watch,
      failed: (error) => options.failed(error),
      drained: () => this.#noticeIdle(),
    });
  }

  get connections(): number {
    return this.#network.connections;
  }

  get bufferedBytes(): number {
    return this.#network.bufferedBytes;
  }

  /** Puts another policy in force: see {@link Network.setPolicy}. */
  setPolicy(policy: NetworkPolicy): Promise<void> {
    return this.#network.setPolicy(policy);
  }

  /** Tells the guest whether the device is on a network. */
  setOnline(online: boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#turns.post(() => {
        resolve();
        return this.#guest.deliver(EventKind.Online, online ? 1 : 0, this.#now());
      });
    });
  }

  get queuedEvents(): number {
    return this.#inbox.length;
  }

  /** Looks at the guest in a turn of its own, after the turn that is running now. Never settles if that throws: the guest fails. */
  inspect<Value>(look: (guest: Guest) => Value): Promise<Value> {
    return new Promise((resolve) => {
      this.#turns.post(() => {
        resolve(look(this.#guest));
        return false;
      });
    });
  }

  /** For the engine's interrupt handler. */
  isOverdue(): boolean {
    return this.#turns.isOverdue();
  }

  /** See {@link TurnQueue.extend}. */
  extendTurn(ms: number): void {
    this.#turns.extend(ms);
  }

  /**
   * Evaluates a script in a turn of its own; settles when its top level has finished.
   *
   * `source` is a function where the source has yet to be made: it is called in the turn, whose time it takes.
   *
   * @throws {ScriptError} if it throws, rejects, does not parse, or waits for something that can no longer happen.
   */
  run(source: () => string, name: string, type: "script" | "module"): Promise<void> {
    const id = this.#nextEvaluation;
    this.#nextEvaluation += 1;
    return new Promise((resolve, reject) => {
      const finish = (exception: ScriptException | undefined): void => {
        // An interrupt, also one that the script made an exception of its own of: the turn's end tells what it was.
        if (this.#turns.isOverdue()) return;
        this.#evaluations.delete(id);
        if (exception === undefined) resolve();
        else reject(new ScriptError(exception));
      };
      this.#evaluations.set(id, finish);
      this.#turns.post(() => {
        let text: string;
        try {
          text = source();
        } catch (error) {
          if (!(error instanceof SourceError)) throw error;
          finish(error.toException());
          return false;
        }
        const { evaluation, more } = this.#guest.evaluate(text, { name, type, id });
        settleEvaluation(evaluation, finish);
        return more;
      });
    });
  }

  /** Resolves when no turn, socket, timer or job is left. */
  async idle(): Promise<void> {
    // Runs jobs that an owner of the context left behind.
    this.#turns.post(() => false);
    if (this.#isIdle) return;
    await new Promise<void>((resolve) => {
      this.#idleWaiters.add(resolve);
    });
  }

  /**
   * Ends everything: sockets are closed with 1001 or dropped, timers are cancelled, the guest hears nothing more.
   * Resolves when all sockets are free. `unwound` is called as soon as no call into the guest is on the stack.
   */
  async close(unwound: () => void): Promise<void> {
    this.#alarm[Symbol.dispose]();
    this.#tasks.stop();
    this.#turns.stop(unwound);
    await this.#network.closeAll(closeGrace);
    for (const resolve of this.#idleWaiters) resolve();
    this.#idleWaiters.clear();
  }

  /** Frees the handles of a guest that is still in working order; its sockets are CLOSED for scripts that live on. */
  release(): void {
    try {
      // It may run a script's `onunload`.
      this.#turns.runLast(() => this.#guest.shutDown(), closeGrace);
    } catch {
      // Interrupted or out of memory: the handles can be freed all the same.
    }
    this.#guest[Symbol.dispose]();
  }

  /** Milliseconds since the sandbox started. */
  #now(): number {
    return this.#options.clock.now() - this.#start;
  }

  #actions(): HostActions {
    const { emit, random } = this.#options;
    return {
      connect: (json) => {
        const [url, ...protocols] = parseTexts(json);
        if (url === undefined) throw new TypeError("expected a URL");
        // A connection whose answer the script cannot be given would be nobody's.
        this.#guest.checkRoom(roomForConnecting + json.length * 8);
        return JSON.stringify(this.#network.connect(url, protocols));
      },
      send: (id, data, isText) => this.#network.send(id, data, isText),
      close: (id, code, json) => {
        this.#network.close(id, code === 0 ? undefined : code, parseText(json));
      },
      abort: (id) => this.#network.abort(id),
      bufferedAmount: (id) => this.#network.bufferedAmount(id),
      fetch: (json, hasBody, body) => {
        const texts = parseTexts(json);
        this.#guest.checkRoom(roomForConnecting);
        return this.#network.fetch(texts, hasBody ? new Uint8Array(body) : undefined);
      },
      fetchRead: (id) => this.#network.fetchRead(id),
      fetchAbort: (id) => this.#network.fetchAbort(id),
      updated: () => this.#inbox.updated(),
      // Coarse, as in browsers: 100 microseconds.
      now: () => Math.floor(this.#now() * 10) / 10,
      setAlarm: (delay) => {
        this.#alarm.set(delay);
      },
      log: (level, json) => {
        const name = logLevels[level];
        if (name === undefined) throw new RangeError("unknown level");
        const message = parseText(json);
        if (this.#isHeard(message)) emit({ type: "console", level: name, message });
      },
      alert: (json) => {
        const message = parseText(json);
        if (this.#isHeard(message)) emit({ type: "alert", message });
      },
      report: (json) => {
        if (this.#isHeard(json)) emit({ type: "error", exception: parseException(json) });
      },
      exceeded: (limit) => {
        const name = limitNames[limit];
        if (name === undefined) throw new RangeError("unknown limit");
        if (!this.#turns.isOverdue()) this.#notices.exceeded(name);
      },
      settled: (id, json) => {
        this.#evaluations.get(id)?.(json === "" ? undefined : parseException(json));
      },
      startTask: (service, json, data) => this.#tasks.start(service, json, data),
      ...createServices(random === undefined ? {} : { random: (bytes) => fill(bytes, random) }),
    };
  }

  /** Whether a line of the script goes to the host: not beyond its limits, nor after its time, until the engine notices that. */
  #isHeard(line: string): boolean {
    return !this.#turns.isOverdue() && this.#output.admits(line);
  }

  get #isIdle(): boolean {
    return (
      this.#turns.isIdle && this.#network.isIdle && !this.#alarm.isSet && this.#tasks.count === 0
    );
  }

  #noticeIdle(): void {
    if (!this.#isIdle) return;
    // Nothing is left that could settle them.
    for (const finish of this.#evaluations.values()) finish(neverSettles);
    for (const resolve of this.#idleWaiters) resolve();
    this.#idleWaiters.clear();
  }
}

const limitNames: Readonly<Record<number, "maxTimers" | "maxListeners">> = {
  [RuntimeLimit.Timers]: "maxTimers",
  [RuntimeLimit.Listeners]: "maxListeners",
};

const neverSettles: ScriptException = {
  name: "Error",
  message:
    "The top-level await of the module never settles: no socket, timer or job is left to settle it",
  stack: "",
  position: undefined,
};

function fill(bytes: Uint8Array, random: () => number): void {
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = Math.floor(random() * 256);
}

function settleEvaluation(
  evaluation: Evaluation,
  finish: (exception: ScriptException | undefined) => void,
): void {
  switch (evaluation.type) {
    case "done":
      finish(undefined);
      break;
    case "thrown":
      finish(evaluation.exception);
      break;
    case "waiting":
      break;
  }
}

function parseText(json: string): string {
  const value: unknown = JSON.parse(json);
  if (typeof value !== "string") throw new TypeError("expected a text");
  return value;
}

function parseTexts(json: string): string[] {
  const value: unknown = JSON.parse(json);
  if (!Array.isArray(value)) throw new TypeError("expected texts");
  return value.map((item: unknown) => {
    if (typeof item !== "string") throw new TypeError("expected texts");
    return item;
  });
}
