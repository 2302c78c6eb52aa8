import { EventEmitter, once } from "node:events";
import { onTestFailed, onTestFinished } from "vitest";
import type { SandboxEvent } from "../../../src/events.ts";
import { allLoopback, allowOrigins } from "../../../src/policy/allow-origins.ts";
import { createSandbox, type Sandbox } from "../../../src/sandbox.ts";
import { bundleScript } from "./bundle.ts";

/** Where a sandbox can run: every library is tested in both. */
export const isolations = ["worker", "none"] as const;

/** One of {@link isolations}. */
export type Isolation = (typeof isolations)[number];

/** A script with its library in a sandbox, as the test sees it. */
export interface Client {
  readonly sandbox: Sandbox;
  readonly events: readonly SandboxEvent[];
  /** Console lines so far. */
  readonly lines: readonly string[];
  /** Settles when the script has printed a line; rejects when it cannot any more. */
  printed(line: string): Promise<void>;
  /** Settles when nothing is left to do. @throws if an exception was caught by nobody, or the sandbox was ended. */
  finished(): Promise<void>;
}

/** Starts a script of `scripts/`, bundled; `NetworkDevice.args` of it are `args`. The sandbox is closed with the test. */
export async function startScript(
  name: string,
  isolation: Isolation,
  ...args: readonly string[]
): Promise<Client> {
  const source = await bundleScript(name);
  const events: SandboxEvent[] = [];
  const lines: string[] = [];
  const signal = new EventEmitter();
  const sandbox = await createSandbox({
    isolation,
    args,
    policy: allowOrigins(allLoopback),
    observe: (event) => {
      events.push(event);
      if (event.type === "console") lines.push(event.message);
      signal.emit("event");
    },
  });
  onTestFinished(() => sandbox.close());

  function check(): void {
    const fault = events.find(({ type }) => type === "error" || type === "killed");
    if (fault !== undefined) throw new Error(`${name} failed: ${JSON.stringify(fault, null, 2)}`);
  }

  onTestFailed(() => console.error(`${name} printed:\n${lines.join("\n")}`));
  await sandbox.run(source, { name });
  return {
    sandbox,
    events,
    lines,
    async printed(line) {
      const idle = sandbox.idle();
      while (!lines.includes(line)) {
        check();
        const ended = await Promise.race([once(signal, "event"), idle.then(() => true)]);
        if (ended === true && !lines.includes(line)) {
          throw new Error(`${name} ended without printing "${line}", after ${lines.join("\n")}`);
        }
      }
    },
    async finished() {
      await sandbox.idle();
      check();
    },
  };
}

/** Why connections were closed without a closing handshake, but for those that found no server. */
export function uncleanCloses({ events }: Client): readonly string[] {
  return events.flatMap((event) => {
    if (event.type !== "closed" || event.wasClean) return [];
    const code = event.failure?.code ?? "none";
    return code === "ERR_CONNECT" ? [] : [code];
  });
}
