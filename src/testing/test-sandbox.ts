import { SandboxError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { checkNames } from "../options.ts";
import { allowOrigins } from "../policy/allow-origins.ts";
import type { NetworkPolicy, PolicyRules } from "../policy/policy.ts";
import { createSandboxFrom, type SandboxOptions } from "../sandbox.ts";
import { determined } from "./determined.ts";
import { DrivenSandbox, type TestSandbox, Watch } from "./driven-sandbox.ts";
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
    determined(seed, clock),
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
  const grants = peerOrigins(peers).map((origin) => origin.replace(/^ws(s?):\/\//, "ws$1://*@"));
  return allowOrigins(grants);
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
