import { onTestFinished } from "vitest";
import { guestGlobals } from "../../src/boundary.ts";
import { systemClock } from "../../src/clock.ts";
import type { SandboxEvent } from "../../src/events.ts";
import { defaultLimits, type Limits } from "../../src/limits.ts";
import { createLocalSandbox, type LocalSandbox } from "../../src/local-sandbox.ts";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { type BuildName, builds } from "./builds.ts";

/** A sandbox on this thread in a build of choice, with real sockets on loopback. Is closed with the test. */
export async function openLocalSandbox(
  build: BuildName,
  emit: (event: SandboxEvent) => void,
  limits: Partial<Limits> = {},
): Promise<LocalSandbox> {
  const sandbox = await createLocalSandbox({
    policy: allowOrigins(allLoopback),
    limits: { ...defaultLimits, ...limits },
    delivery: "auto",
    globals: guestGlobals,
    baseUrl: undefined,
    modules: undefined,
    args: [],
    trace: false,
    clock: systemClock,
    transport: wsTransport(),
    build: builds[build],
    emit,
    closed() {},
  });
  onTestFinished(() => sandbox.close());
  return sandbox;
}
