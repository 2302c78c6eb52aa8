import { onTestFinished } from "vitest";
import type { SandboxEvent } from "../../src/events.ts";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { createSandbox, type Sandbox, type SandboxOptions } from "../../src/sandbox.ts";
import { type EchoServer, startEchoServer } from "./echo-server.ts";

/** A sandbox that records what it observes and is closed with the test. */
export interface TestSandbox {
  readonly sandbox: Sandbox;
  readonly events: SandboxEvent[];
  /** Console lines so far. */
  readonly lines: () => readonly string[];
  /** Runs a script and waits until nothing is left. */
  readonly runToIdle: (source: string, name?: string) => Promise<void>;
}

/** Creates a {@link TestSandbox} that may reach every loopback address unless `options` say otherwise. */
export async function openSandbox(options: SandboxOptions = {}): Promise<TestSandbox> {
  const events: SandboxEvent[] = [];
  const sandbox = await createSandbox({
    policy: allowOrigins(allLoopback),
    observe: (event) => events.push(event),
    ...options,
  });
  onTestFinished(() => sandbox.close());
  return {
    sandbox,
    events,
    lines: () => events.flatMap((event) => (event.type === "console" ? [event.message] : [])),
    async runToIdle(source, name = "test.js") {
      await sandbox.run(source, { name });
      await sandbox.idle();
    },
  };
}

/** An echo server that is closed with the test. */
export async function openEchoServer(): Promise<EchoServer> {
  const server = await startEchoServer();
  onTestFinished(() => server.close());
  return server;
}
