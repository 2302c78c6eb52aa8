import { SandboxError, type ScriptException } from "../errors.ts";
import type { Observer, SandboxEvent } from "../events.ts";
import type { Limits } from "../limits.ts";
import { checkNames } from "../options.ts";
import { allowOrigins } from "../policy/allow-origins.ts";
import type { NetworkPolicy, PolicyRules } from "../policy/policy.ts";
import {
  createSandboxFrom,
  type RunOptions,
  type Sandbox,
  type SandboxOptions,
} from "../sandbox.ts";
import {
  ConnectionLog,
  type ConversationOptions,
  formatConversation,
  type TestConnection,
} from "./conversation.ts";
import { drive, type DriveOptions } from "./drive.ts";
import { seededRandom } from "./seeded-random.ts";
import { peerOrigins, type Peers, simulatedTransport } from "./simulated-transport.ts";
import { readTestScript, type TestScript } from "./test-script.ts";
import { type VirtualClock, virtualClock } from "./virtual-clock.ts";

/** Options of {@link createTestSandbox}: those of a sandbox on this thread, and what is around it. */
export interface TestSandboxOptions extends Omit<
  SandboxOptions,
  "isolation" | "transport" | "clock" | "trace"
> {
  /** The network: simulated devices and servers by origin, with faults where wanted: see {@link faulty}. @defaultValue none */
  readonly peers?: Peers;
  /** A script to run at once: the `file:` URL or path of a file, or a source. @defaultValue none */
  readonly script?: string | URL;
  /** @defaultValue exactly the origins of `peers` may be reached */
  readonly policy?: NetworkPolicy;
  /** As those of any sandbox, but for `maxTurnTime` (4,000) and `maxMemory` (16 MiB). */
  readonly limits?: Partial<Limits>;
  /** A clock to share with others. @defaultValue one of its own */
  readonly clock?: VirtualClock;
  /** Seed of everything that is left to chance, in the script and around it. @defaultValue 1 */
  readonly seed?: number;
  /** Milliseconds of virtual time that one call waits at most. @defaultValue 86_400_000, a day */
  readonly maxTime?: number;
}

/** A sandbox in virtual time, on a simulated network, with everything that happens written down. */
export interface TestSandbox extends AsyncDisposable {
  readonly clock: VirtualClock;
  /** Everything observed so far, messages included. */
  readonly events: readonly SandboxEvent[];
  /** Connections that the script asked for, in that order. */
  readonly connections: readonly TestConnection[];
  /** Lines that the script has printed. */
  readonly lines: readonly string[];
  /** Exceptions that the script has not caught. */
  readonly exceptions: readonly ScriptException[];
  /**
   * Runs a script as {@link Sandbox.run} does, given as in {@link TestSandboxOptions.script}; then everything that happens at once. A module that
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
  /** The connections as a text for people, and for snapshots. */
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

/**
 * Creates a sandbox for a test: on this thread, in virtual time, with a network of simulated peers.
 *
 * Every call that lets time pass rejects with what a peer throws, as it was thrown; and with a {@link TestError} when what it waits for
 * cannot happen (`ERR_STALLED`) or does not (`ERR_ENDLESS`).
 *
 * @throws {SandboxError} as `createSandbox`, and `ERR_OPTION` for a script that cannot be read.
 * @throws {ScriptError} if the script throws, rejects or does not parse.
 *
 * @example
 * ```ts
 * await using sandbox = await createTestSandbox({
 *   peers: { "ws://echo.test": { connect(peer) { peer.accept(); peer.onmessage = (data) => peer.send(data); } } },
 *   script: new URL("./lamp.js", import.meta.url),
 * });
 * await sandbox.idle();
 * console.log(sandbox.conversation());
 * ```
 */
export async function createTestSandbox(options: TestSandboxOptions = {}): Promise<TestSandbox> {
  checkOptions(options);
  const { peers = {}, script, clock = virtualClock(), seed = 1, maxTime = day } = options;
  const first = script === undefined ? undefined : await readTestScript(script);
  const watch = new Watch(options.observe);
  const random = seededRandom(seed);
  const sandbox = await createSandboxFrom(
    {
      ...sandboxOptions(options, first),
      isolation: "none",
      policy: options.policy ?? policyFor(peers),
      limits: { ...usualLimits, ...options.limits },
      trace: true,
      clock,
      transport: simulatedTransport(peers, { clock, seed }),
      observe: watch.observe,
    },
    {
      random,
      seed: Uint8Array.from({ length: 8 }, () => Math.floor(random() * 256)),
      maxSlice: Number.POSITIVE_INFINITY,
    },
  );
  const test = new DrivenSandbox(sandbox, watch, { clock, maxTime });
  if (first === undefined) return test;
  try {
    await test.runSource(first, {});
  } catch (error) {
    await sandboxGone(test);
    throw error;
  }
  return test;
}

const day = 86_400_000;

/** Limits that differ from those of other sandboxes. */
const usualLimits: Partial<Limits> = {
  // Less than test runners give to a test, so that an endless loop is told of by its name. The one time here that is real.
  maxTurnTime: 4_000,
  // What counts for the collector of the host's garbage is what is reserved: with 256 MiB it runs for every other sandbox.
  maxMemory: 16 * 2 ** 20,
};

/** What a sandbox tells, kept. */
class Watch {
  readonly events: SandboxEvent[] = [];
  readonly log: ConnectionLog = new ConnectionLog();
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

class DrivenSandbox implements TestSandbox {
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
    return formatConversation(this.connections, options);
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
    const timers = await this.#countTimers();
    const parts = living.map(({ url, state }) => `the connection to ${url} is ${state}`);
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

async function sandboxGone(test: TestSandbox): Promise<void> {
  try {
    await test.close();
  } catch {
    // What went wrong first is what the test is told.
  }
}

/** Without what only the harness knows. */
function sandboxOptions(
  options: TestSandboxOptions,
  script: TestScript | undefined,
): SandboxOptions {
  const { peers: _, script: __, clock: ___, seed: ____, maxTime: _____, ...rest } = options;
  const folder = script?.folder;
  return rest.modules === undefined && folder !== undefined ? { ...rest, modules: folder } : rest;
}

/** Allows what there is; and credentials in URLs, which are a matter between script and peer. */
function policyFor(peers: Peers): PolicyRules {
  const origins = peerOrigins(peers).filter((origin) => origin.startsWith("ws"));
  return allowOrigins(origins.map((origin) => origin.replace("://", "://*@")));
}

const optionNames: Readonly<Record<keyof TestSandboxOptions, true>> = {
  peers: true,
  script: true,
  seed: true,
  clock: true,
  maxTime: true,
  policy: true,
  limits: true,
  delivery: true,
  globals: true,
  baseUrl: true,
  modules: true,
  args: true,
  observe: true,
  signal: true,
};

function checkOptions(options: TestSandboxOptions): void {
  checkNames("options", options, optionNames);
  const { seed, maxTime } = options;
  if (seed !== undefined && !Number.isInteger(seed)) {
    throw new SandboxError("ERR_OPTION", `seed must be an integer, got ${String(seed)}`);
  }
  if (maxTime !== undefined && !(maxTime > 0)) {
    throw new SandboxError(
      "ERR_OPTION",
      `maxTime must be a positive number of milliseconds, got ${String(maxTime)}`,
    );
  }
}
