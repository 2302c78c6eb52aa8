import { SandboxError, type ScriptException } from "../errors.ts";
import type { Observer, SandboxEvent } from "../events.ts";
import type { NetworkPolicy } from "../policy/policy.ts";
import type { RunOptions, Sandbox } from "../sandbox.ts";
import {
  ConversationLog,
  type ConversationOptions,
  formatConversation,
  type TestConnection,
} from "./conversation.ts";
import { drive, type DriveOptions } from "./drive.ts";
import type { TestRequest } from "./test-request.ts";
import { readTestScript, type TestScript } from "./test-script.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** A sandbox in virtual time, on a simulated network, with everything that happens written down. */
export interface TestSandbox extends AsyncDisposable {
  readonly clock: VirtualClock;
  /** Everything observed so far, messages included. */
  readonly events: readonly SandboxEvent[];
  /** Connections that the script asked for, in that order. */
  readonly connections: readonly TestConnection[];
  /** HTTP requests that the script made by `fetch`, in that order. */
  readonly requests: readonly TestRequest[];
  /** Lines that the script has printed. */
  readonly lines: readonly string[];
  /** Exceptions that the script has not caught. */
  readonly exceptions: readonly ScriptException[];
  /**
   * Runs a script as {@link Sandbox.run} does, given as in `TestSandboxOptions.script`; then everything that happens at once. A module that
   * awaits at its top level gets the virtual time that it needs.
   */
  run(script: string | URL, options?: RunOptions): Promise<void>;
  /** Lets virtual time pass: see {@link VirtualClock.advance}. */
  advance(ms: number): Promise<void>;
  /** Lets virtual time pass until no script, socket, timer or job is left. */
  idle(): Promise<void>;
  /**
   * Lets virtual time pass until `condition` answers something else than `undefined`, `null` or `false`, and resolves to that. It is asked
   * at once, and after each event.
   */
  until<Value>(condition: () => Value): Promise<NonNullable<Value>>;
  /** Connections and requests as a text for people, and for snapshots. */
  conversation(options?: ConversationOptions): string;
  /** Puts another policy in force: see {@link Sandbox.setPolicy}. */
  setPolicy(policy: NetworkPolicy): Promise<void>;
  /** See {@link Sandbox.setOnline}. */
  setOnline(online: boolean): Promise<void>;
  /** See {@link Sandbox.usage}. */
  usage: Sandbox["usage"];
  /** See {@link Sandbox.closed}. */
  readonly closed: Sandbox["closed"];
  /** Closes the sandbox as {@link Sandbox.close} does, in virtual time. */
  close(): Promise<void>;
}

/** What a sandbox tells, kept. */
export class Watch {
  readonly events: SandboxEvent[] = [];
  readonly log: ConversationLog = new ConversationLog();
  readonly observe: Observer;
  /** Are asked after each event. */
  readonly conditions: Set<() => void> = new Set();

  constructor(observe: Observer = () => {}) {
    this.observe = (event) => {
      this.events.push(event);
      this.log.add(event);
      for (const ask of this.conditions) ask();
      observe(event);
    };
  }
}

/** A {@link TestSandbox} around a sandbox whose clock it drives. */
export class DrivenSandbox implements TestSandbox {
  readonly clock: VirtualClock;
  readonly events: readonly SandboxEvent[];
  readonly usage: Sandbox["usage"];
  readonly closed: Sandbox["closed"];
  readonly #sandbox: Sandbox;
  readonly #watch: Watch;
  readonly #drive: DriveOptions;

  constructor(
    sandbox: Sandbox,
    watch: Watch,
    { clock, maxTime }: { readonly clock: VirtualClock; readonly maxTime: number },
  ) {
    this.clock = clock;
    this.events = watch.events;
    this.usage = () => sandbox.usage();
    this.closed = sandbox.closed;
    this.#sandbox = sandbox;
    this.#watch = watch;
    this.#drive = {
      clock,
      maxTime,
      activity: () => watch.events.length,
      explain: () => this.#explain(),
    };
  }

  get connections(): readonly TestConnection[] {
    return this.#watch.log.connections;
  }

  get requests(): readonly TestRequest[] {
    return this.#watch.log.requests;
  }

  get lines(): readonly string[] {
    return this.events.flatMap((event) => (event.type === "console" ? [event.message] : []));
  }

  get exceptions(): readonly ScriptException[] {
    return this.events.flatMap((event) => (event.type === "error" ? [event.exception] : []));
  }

  async run(script: string | URL, options: RunOptions = {}): Promise<void> {
    await this.runSource(await readTestScript(script), options);
  }

  async runSource({ source, name }: TestScript, options: RunOptions): Promise<void> {
    const named = name === undefined ? options : { name, ...options };
    await drive(this.#sandbox.run(source, named), this.#drive);
    await this.clock.advance(0);
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  async idle(): Promise<void> {
    await drive(this.#sandbox.idle(), this.#drive);
  }

  async until<Value>(condition: () => Value): Promise<NonNullable<Value>> {
    const { conditions } = this.#watch;
    let ask = (): void => {};
    const met = new Promise<NonNullable<Value>>((resolve, reject) => {
      ask = () => {
        try {
          const value = condition();
          if (value !== undefined && value !== null && value !== false) resolve(value);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
    });
    conditions.add(ask);
    try {
      ask();
      return await drive(met, this.#drive);
    } finally {
      conditions.delete(ask);
    }
  }

  conversation(options: ConversationOptions = {}): string {
    return formatConversation(this.#watch.log.entries, options);
  }

  async setPolicy(policy: NetworkPolicy): Promise<void> {
    await drive(this.#sandbox.setPolicy(policy), this.#drive);
  }

  async setOnline(online: boolean): Promise<void> {
    await drive(this.#sandbox.setOnline(online), this.#drive);
  }

  async close(): Promise<void> {
    const closing = this.#sandbox.close();
    const errors: unknown[] = [];
    // A peer that throws while it hears of the end does not keep the sandbox open.
    for (let isClosed = false; !isClosed;) {
      try {
        await drive(closing, this.#drive);
        isClosed = true;
      } catch (error) {
        errors.push(error);
        isClosed = errors.length > maxErrors;
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #explain(): Promise<string> {
    const living = this.connections.filter(({ state }) => state !== "closed");
    const waiting = this.requests.filter(({ isFinished }) => !isFinished);
    const timers = await this.#countTimers();
    const parts = [
      ...living.map(({ url, state }) => `the connection to ${url} is ${state}`),
      ...waiting.map(({ method, url }) => `the request ${method} ${url} waits`),
    ];
    if (timers > 0)
      parts.push(
        `${timers} timer${timers === 1 ? " of the script waits" : "s of the script wait"}`,
      );
    if (parts.length === 0) parts.push("what was waited for has not come");
    return `${parts.join(", ")}. Use advance(ms) or until(condition) to go on from here`;
  }

  async #countTimers(): Promise<number> {
    try {
      return (await this.#sandbox.usage()).timers;
    } catch (error) {
      // A closed sandbox has none.
      if (error instanceof SandboxError) return 0;
      throw error;
    }
  }
}

/** Peers that may throw while a sandbox closes before it is given up. */
const maxErrors = 1_000;
