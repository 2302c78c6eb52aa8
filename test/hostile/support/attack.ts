import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { SandboxError } from "../../../src/errors.ts";
import type { ConnectionFailure, SandboxEvent } from "../../../src/events.ts";
import { type Limits, strictLimits } from "../../../src/limits.ts";
import { allowOrigins } from "../../../src/policy/allow-origins.ts";
import type { Grant, NetworkPolicy } from "../../../src/policy/policy.ts";
import { createSandbox, type Sandbox, type SandboxOptions } from "../../../src/sandbox.ts";
import type { Transport } from "../../../src/transport/transport.ts";
import { startEchoServer } from "../../support/echo-server.ts";
import { openRawServer, type RawPeer, type RawServer } from "../../support/raw-server.ts";
import { guestHelpers } from "./guest-helpers.ts";
import { countResources, type Escapes, whenFreed } from "./resources.ts";
import type { Sibling } from "./sibling.ts";

/** A hostile script or server, and where it is let loose. */
export interface Attack {
  /** Runs after {@link guestHelpers}, which it may use. @defaultValue nothing */
  readonly script?: string;
  /** @defaultValue `"script"` */
  readonly type?: "script" | "module";
  /** @defaultValue `"worker"` */
  readonly isolation?: "worker" | "none";
  /** Changes of the limits that {@link runAttack} sets. */
  readonly limits?: Partial<Limits>;
  /** Grants beside those of the two servers, or a policy in their place. */
  readonly policy?: readonly (string | Grant)[] | NetworkPolicy;
  /** Makes the transport, which is the embedder's own then. */
  readonly transport?: () => Transport;
  readonly options?: Pick<SandboxOptions, "delivery" | "modules" | "signal">;
  /** What the hostile server does with each connection. @defaultValue it is a trap, which only counts */
  readonly serve?: (peer: RawPeer) => unknown;
  /** What the host does once the script runs. */
  readonly meanwhile?: (scene: Scene) => Promise<unknown>;
}

/** Where an attack happens. */
export interface Scene {
  readonly sandbox: Sandbox;
  readonly server: RawServer;
  readonly events: readonly SandboxEvent[];
  /** Settles once the script has printed a line. */
  printed(line: string): Promise<void>;
}

/** What came of an attack, from the four sides that matter. */
export interface AttackReport {
  /** What the script printed, with what it printed after the attack. */
  readonly guest: readonly string[];
  readonly host: HostView;
  /** What the sibling answered, see {@link Sibling.ask}. */
  readonly sibling: string;
  /** Whatever is not freed, and whatever became an unhandled error of the process. */
  readonly left: readonly string[];
}

/** What the embedder is told. */
export interface HostView {
  readonly events: readonly SandboxEvent[];
  /** How `run` ended: `"finished"`, or the error: a `ScriptError` when the script threw. */
  readonly run: "finished" | SandboxError;
  /** Messages of exceptions that nobody caught. */
  readonly uncaught: readonly string[];
  /** Names of the limits that were reported. */
  readonly limits: readonly string[];
  /** Failures of connections and requests, in the order of their ends. */
  readonly failures: readonly ConnectionFailure[];
  /** Connections and requests without exactly one end. */
  readonly openEnds: number;
  /** What ended the sandbox, unless it lived to be closed by its embedder. */
  readonly ended: SandboxError | undefined;
  /** Connections that the hostile server saw. */
  readonly accepted: number;
  /** TCP clients that were made on the embedder's thread. */
  readonly dialled: number;
  /** MiB by which the process outgrew the most that it ever took before. */
  readonly growth: number;
}

/** What a sandbox prints after the attack when its sockets still work. */
export const stillHere = "still here";

const mebibyte = 2 ** 20;

/** Limits for scripts of unknown origin, with time enough that only a script without end meets them on a busy machine. */
const attackLimits: Limits = {
  ...strictLimits,
  maxMemory: 32 * mebibyte,
  maxTurnTime: 20_000,
  closeTimeout: 100,
};

/**
 * Lets an attack loose in a sandbox of its own, which has an echo server (`echoUrl`) and a hostile server at `port`; then makes it
 * use its sockets once more, asks the sibling, and closes everything.
 */
export async function runAttack(
  attack: Attack,
  { sibling, escapes }: { readonly sibling: Sibling; readonly escapes: Escapes },
): Promise<AttackReport> {
  const { script = "", type = "script", isolation = "worker", limits, options } = attack;
  const echo = await startEchoServer();
  const server = await openRawServer();
  const before = countResources();
  const peak = process.resourceUsage().maxRSS;
  const dialled = countDialled();
  const events: SandboxEvent[] = [];
  const printed = createLineWaiter();
  const sandbox = await createSandbox({
    ...options,
    isolation,
    limits: { ...attackLimits, ...limits },
    ...(attack.transport === undefined ? {} : { transport: attack.transport() }),
    policy: resolvePolicy(attack.policy, [echo.url, new URL(server.url).origin]),
    args: [echo.url, String(server.port)],
    observe(event) {
      events.push(event);
      if (event.type === "console") printed.note(event.message);
    },
  });
  if (attack.serve !== undefined) void serveAll(server, attack.serve);
  // On a machine that stalls, a short limit may end the sandbox here: the outcome then says so.
  await outcomeOf(sandbox.run(guestHelpers, { name: "helpers.js" }));

  const running = outcomeOf(sandbox.run(script, { name: "attack.js", type }));
  await attack.meanwhile?.({ sandbox, server, events, printed: (line) => printed.wait(line) });
  const run = await running;
  await sandbox.idle();
  const dialledByAttack = dialled.stop();
  const ended = await endOf(sandbox);
  if (ended === undefined) {
    const isHeld = options?.delivery === "update";
    await outcomeOf(sandbox.run(`exchange(${JSON.stringify(stillHere)}, ${isHeld})`));
    await sandbox.idle();
  }
  const answer = await sibling.ask();
  await sandbox.close();
  const closed = await sandbox.closed;
  await server.empty();
  const left = await whenFreed(before, () => echo.connections, escapes);
  await echo.close();

  const ends = events.filter((event) => event.type === "closed" || event.type === "finished");
  return {
    guest: events.flatMap((event) => (event.type === "console" ? [event.message] : [])),
    host: {
      events,
      run,
      uncaught: events.flatMap((event) =>
        event.type === "error" ? [`${event.exception.name}: ${event.exception.message}`] : [],
      ),
      limits: events.flatMap((event) => (event.type === "limit" ? [event.limit] : [])),
      failures: ends.flatMap(({ failure }) => (failure === undefined ? [] : [failure])),
      openEnds: countOpenEnds(events),
      ended: closed,
      accepted: server.accepted,
      dialled: dialledByAttack,
      growth: Math.round((process.resourceUsage().maxRSS - peak) / 1_024),
    },
    sibling: answer,
    left,
  };
}

function resolvePolicy(given: Attack["policy"], urls: readonly string[]): NetworkPolicy {
  if (given !== undefined && !Array.isArray(given)) return given as NetworkPolicy;
  // The trap stands for a service of this machine that no grant names.
  const [echo = "", server = ""] = urls;
  return allowOrigins(given === undefined ? [echo, server] : [echo, ...given]);
}

async function serveAll(server: RawServer, serve: (peer: RawPeer) => unknown): Promise<never> {
  for (;;) {
    const peer = await server.next();
    void (async () => serve(peer))().catch(() => {
      // The client has gone while the server was still at it.
    });
  }
}

async function outcomeOf(run: Promise<void>): Promise<HostView["run"]> {
  try {
    await run;
    return "finished";
  } catch (error) {
    // Anything else is an exception of the host, which no script may cause.
    if (error instanceof SandboxError) return error;
    throw error;
  }
}

/** The error that ended a sandbox, or nothing when it still answers. */
async function endOf(sandbox: Sandbox): Promise<unknown> {
  return sandbox.usage().then(
    () => undefined,
    (error: unknown) => error,
  );
}

function countOpenEnds(events: readonly SandboxEvent[]): number {
  const open = new Map<number, number>();
  for (const event of events) {
    if (event.type === "connecting") open.set(event.connection, 1);
    if (event.type === "request") open.set(event.request, 1);
    if (event.type === "closed" || event.type === "finished") {
      const id = event.type === "closed" ? event.connection : event.request;
      open.set(id, (open.get(id) ?? 0) - 1);
    }
  }
  return [...open.values()].filter((count) => count !== 0).length;
}

/** Counts the TCP clients of this thread. */
function countDialled(): { stop(): number } {
  let count = 0;
  const note = (): void => {
    count += 1;
  };
  subscribe("net.client.socket", note);
  return {
    stop() {
      unsubscribe("net.client.socket", note);
      return count;
    },
  };
}

function createLineWaiter(): { note(line: string): void; wait(line: string): Promise<void> } {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  return {
    note(line) {
      lines.push(line);
      for (const wake of waiting) wake();
    },
    async wait(line) {
      while (!lines.includes(line)) {
        await new Promise<void>((resolve) => {
          waiting.add(resolve);
        });
      }
    },
  };
}
