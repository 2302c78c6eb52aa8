import { onTestFinished } from "vitest";
import { guestGlobals } from "../../src/boundary.ts";
import { systemClock } from "../../src/clock.ts";
import type { SandboxEvent } from "../../src/events.ts";
import { defaultLimits, type Limits } from "../../src/limits.ts";
import { createLocalSandbox, type LocalSandbox } from "../../src/local-sandbox.ts";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import type { BuildName } from "./builds.ts";
import { createTestEngine } from "./engine.ts";

/**
 * A sandbox on this thread in a build of choice, with real sockets on loopback. Is closed with the test, and its engine
 * disposed of.
 */
export async function openLocalSandbox(
  build: BuildName,
  emit: (event: SandboxEvent) => void,
  limits: Partial<Limits> = {},
): Promise<LocalSandbox> {
  const allLimits = { ...defaultLimits, ...limits };
  const { maxMemory, maxStack } = allLimits;
  const engine = await createTestEngine({ build, maxMemory, maxStack });
  const sandbox = await createLocalSandbox({
    policy: allowOrigins(allLoopback),
    limits: allLimits,
    delivery: "auto",
    globals: guestGlobals,
    baseUrl: undefined,
    modules: undefined,
    args: [],
    trace: false,
    clock: systemClock,
    transport: wsTransport(),
    engine,
    emit,
    closed() {},
  });
  onTestFinished(async () => {
    await sandbox.close();
    engine[Symbol.dispose]();
  });
  return sandbox;
}
