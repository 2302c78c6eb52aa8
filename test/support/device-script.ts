import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { SandboxEvent } from "../../src/events.ts";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { createSandbox, type SandboxOptions } from "../../src/sandbox.ts";
import {
  type ServeOptions,
  serveSimulator,
  type SimulatorServer,
} from "../../src/simulators/serve.ts";
import type { Simulator } from "../../src/simulators/simulator.ts";
import { projectFolder } from "./consumer.ts";

/** A script of `scripts/` that runs in a sandbox of its own until the test ends. */
export interface DeviceScript {
  /** Console lines so far. */
  readonly lines: readonly string[];
  /** Exceptions that nobody caught. */
  readonly errors: readonly string[];
  /** Waits until so many console lines have come. */
  printed(count: number): Promise<void>;
  /** Waits until a console line has a text. */
  says(text: string): Promise<void>;
  /** Waits until nothing is left to do. */
  ended(): Promise<void>;
}

/** Starts a script of `scripts/`, which may reach this machine only. */
export async function startScript(
  name: string,
  args: readonly string[],
  options: SandboxOptions = {},
): Promise<DeviceScript> {
  const lines: string[] = [];
  const errors: string[] = [];
  let wake: () => void = () => {
    // Replaced while somebody waits.
  };
  const sandbox = await createSandbox({
    policy: allowOrigins(allLoopback),
    args,
    observe(event: SandboxEvent) {
      if (event.type === "console") lines.push(event.message);
      if (event.type === "error") errors.push(event.exception.message);
      wake();
    },
    ...options,
  });
  onTestFinished(() => sandbox.close());
  const file = join(projectFolder, "scripts", name);
  await sandbox.run(await readFile(file, "utf8"), { name });

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  return {
    lines,
    errors,
    printed: (count) => until(() => lines.length >= count),
    says: (text) => until(() => lines.some((line) => line.includes(text))),
    ended: () => sandbox.idle(),
  };
}

/** Serves a simulator until the test ends. */
export async function serve(
  simulator: Simulator,
  options?: ServeOptions,
): Promise<SimulatorServer> {
  const server = await serveSimulator(simulator, options);
  onTestFinished(() => server.close());
  return server;
}
