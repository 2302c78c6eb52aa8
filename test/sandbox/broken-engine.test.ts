import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { SandboxEvent } from "../../src/events.ts";
import { defaultLimits } from "../../src/limits.ts";
import { createLocalSandbox, type LocalSandbox } from "../../src/local-sandbox.ts";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { createTestEngine } from "../support/engine.ts";
import { openRawServer } from "../support/raw-server.ts";

// What QuickJS can do when it breaks: exceptions of the host come out of the WebAssembly. No script is known that makes it, so
// the engine's doors are replaced by some that throw.

interface Broken {
  readonly sandbox: LocalSandbox;
  readonly engine: Engine;
  readonly events: SandboxEvent[];
  readonly closed: Promise<unknown>;
}

async function openBreakable(args: readonly string[]): Promise<Broken> {
  const engine = await createTestEngine({ build: "bellard" });
  const events: SandboxEvent[] = [];
  let settle: (error: unknown) => void = () => {};
  const closed = new Promise<unknown>((resolve) => (settle = resolve));
  const sandbox = await createLocalSandbox({
    policy: allowOrigins(allLoopback),
    limits: defaultLimits,
    delivery: "auto",
    globals: ["WebSocket", "console", "timers"],
    baseUrl: undefined,
    modules: undefined,
    args,
    trace: false,
    clock: systemClock,
    transport: wsTransport(),
    engine,
    emit: (event) => events.push(event),
    closed: (error) => settle(error),
  });
  onTestFinished(() => sandbox.close());
  return { sandbox, engine, events, closed };
}

const { RuntimeError } = (globalThis as unknown as { WebAssembly: { RuntimeError: typeof Error } })
  .WebAssembly;

const failures: readonly [string, () => Error][] = [
  ["a RangeError", () => new RangeError("Maximum call stack size exceeded")],
  ["a trap", () => new RuntimeError("memory access out of bounds")],
  ["an abort", () => new RuntimeError("Aborted(Assertion failed)")],
];

const doors: readonly [string, (engine: Engine, fail: () => never) => void][] = [
  ["evaluating a script", ({ context }, fail) => (context.evalCode = fail)],
  ["an entry", ({ context }, fail) => (context.callFunction = fail)],
  ["promise jobs", ({ runtime }, fail) => (runtime.executePendingJobs = fail)],
];

describe.each(doors)("in %s", (_door, breakAt) => {
  test.each(failures)("%s ends the sandbox with its sockets, and says so", async (_what, make) => {
    const server = await openRawServer();
    const { sandbox, engine, events, closed } = await openBreakable([server.url]);
    await sandbox.run(`const socket = new WebSocket(NetworkDevice.args[0])`, "a.js", "script");
    await server.accept();
    await expect.poll(() => events.some(({ type }) => type === "open")).toBe(true);

    breakAt(engine, () => {
      throw make();
    });
    const run = sandbox.run(`Promise.resolve().then(() => {})`, "b.js", "script");

    await Promise.allSettled([run]);
    const error = { code: "ERR_ENGINE", message: /The engine broke while the script ran/ };
    await expect(closed).resolves.toMatchObject(error);
    await expect(sandbox.run(`1`, "c.js", "script")).rejects.toMatchObject({ code: "ERR_ENGINE" });
    expect(events.filter(({ type }) => type === "killed")).toMatchObject([{ cause: "engine" }]);
    expect(events.filter(({ type }) => type === "closed")).toHaveLength(1);
    await server.empty();
  });
});

test("a trap while usage() looks ends the sandbox, and says so", async () => {
  const { sandbox, engine, events, closed } = await openBreakable([]);
  engine.runtime.computeMemoryUsage = () => {
    throw new RuntimeError("memory access out of bounds");
  };

  await expect(sandbox.usage()).rejects.toMatchObject({ code: "ERR_ENGINE" });

  await expect(closed).resolves.toMatchObject({ code: "ERR_ENGINE" });
  await expect(sandbox.usage()).rejects.toMatchObject({ code: "ERR_ENGINE" });
  expect(events).toMatchObject([{ type: "killed", cause: "engine" }]);
});

test("a sibling in the same thread goes on", async () => {
  const one = await openBreakable([]);
  const other = await openBreakable([]);
  one.engine.context.evalCode = () => {
    throw new RuntimeError("unreachable");
  };

  await expect(one.sandbox.run(`1`, "a.js", "script")).rejects.toMatchObject({
    code: "ERR_ENGINE",
  });
  await other.sandbox.run(`console.log("alive")`, "a.js", "script");

  expect(
    other.events.flatMap((event) => (event.type === "console" ? [event.message] : [])),
  ).toEqual(["alive"]);
});

describe("a TypeScript source", () => {
  test("that keeps the compiler busy or breaks it is stripped in the sandbox's own turn", async () => {
    const { sandbox } = await openBreakable([]);
    const deep = `${"(".repeat(20_000)}1${")".repeat(20_000)}`;

    await expect(sandbox.run(deep, "a.ts", "script")).rejects.toMatchObject({
      code: "ERR_SCRIPT",
      guestName: expect.stringMatching(/SyntaxError|InternalError/) as string,
    });
    await sandbox.run(`const a = 1;`, "b.js", "script");
  });
});
