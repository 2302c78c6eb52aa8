import { describe, expect, onTestFinished, test } from "vitest";
import { bindNetworkDevice, type BindOptions, type NetworkBinding } from "../../src/bind.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { SandboxEvent } from "../../src/events.ts";
import { strictLimits } from "../../src/limits.ts";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { type BuildName, buildNames } from "../support/builds.ts";
import { createTestEngine, evaluate, openEngine } from "../support/engine.ts";
import { openEchoServer } from "../support/sandbox.ts";

interface Bound {
  readonly engine: Engine;
  readonly binding: NetworkBinding;
  readonly events: SandboxEvent[];
  readonly lines: () => readonly string[];
  readonly evaluate: (source: string) => unknown;
}

async function bind(build: BuildName, options: BindOptions = {}): Promise<Bound> {
  // A context as a caller has it.
  const engine = await createTestEngine({ build, image: false });
  const { context } = engine;
  const events: SandboxEvent[] = [];
  const binding = bindNetworkDevice(context, {
    policy: allowOrigins(allLoopback),
    observe: (event) => events.push(event),
    ...options,
  });
  onTestFinished(() => {
    binding[Symbol.dispose]();
    engine[Symbol.dispose]();
  });
  return {
    engine,
    binding,
    events,
    lines: () => events.flatMap((event) => (event.type === "console" ? [event.message] : [])),
    evaluate: (source) => evaluate(context, source),
  };
}

describe.each(buildNames)("in a context of the caller, build %s", (build) => {
  test("idle() waits for what the host does for the script, and the end of the binding drops it", async () => {
    const { binding, evaluate, lines } = await bind(build);
    const digest = (name: string): unknown =>
      evaluate(
        `crypto.subtle.digest("SHA-1", new Uint8Array(3)).then(({ byteLength }) => console.log("${name}", byteLength)); 0`,
      );
    digest("first");
    await binding.idle();

    digest("second");
    binding[Symbol.dispose]();
    // Its own would have come before one that was asked for later.
    await crypto.subtle.digest("SHA-1", new Uint8Array(3));

    expect(lines()).toEqual(["first 20"]);
  });

  test("a script talks to a real server and idle() waits for it", async () => {
    const server = await openEchoServer();
    const { binding, evaluate, lines } = await bind(build, { args: [server.url] });

    evaluate(`
      const socket = NetworkDevice.createWebSocket(NetworkDevice.args[0], "chat");
      socket.onopen = () => socket.send("hello");
      socket.onmessage = ({ data }) => { console.log(data, socket.protocol); socket.close(3000) };
      socket.onclose = ({ code }) => console.log("close", code);
    `);
    const connections = binding.connections;
    await binding.idle();

    expect(connections).toBe(1);
    expect(lines()).toEqual(["hello chat", "close 3000"]);
    expect(binding.connections).toBe(0);
  });

  test("jobs that the caller left behind run before the binding is idle", async () => {
    const { binding, evaluate, lines } = await bind(build);

    evaluate(`Promise.resolve().then(() => console.log("job")); 0`);
    await binding.idle();

    expect(lines()).toEqual(["job"]);
  });

  test("disposal closes the sockets of a script that lives on", async () => {
    const server = await openEchoServer();
    const { binding, evaluate } = await bind(build, { args: [server.url] });
    evaluate(`globalThis.socket = new WebSocket(NetworkDevice.args[0]); 0`);

    binding[Symbol.dispose]();
    binding[Symbol.dispose]();

    expect(evaluate(`socket.readyState`)).toBe(3);
    await expect(binding.idle()).resolves.toBeUndefined();
  });

  test("only the chosen groups of globals are installed", async () => {
    const { evaluate } = await bind(build, { globals: ["timers"] });

    const types = evaluate(`[typeof setTimeout, typeof TextEncoder, typeof NetworkDevice].join()`);

    expect(types).toBe("function,undefined,object");
  });

  test("setPolicy() after the end of the binding is rejected", async () => {
    const { binding } = await bind(build);
    await binding.setPolicy(allowOrigins([]));

    binding[Symbol.dispose]();

    await expect(binding.setPolicy(allowOrigins([]))).rejects.toMatchObject({
      code: "ERR_CLOSED",
      message: "The binding is disposed of",
    });
    await expect(binding.setPolicy(1 as never)).rejects.toMatchObject({ code: "ERR_OPTION" });
  });

  test("an interrupt by the caller's own handler ends the binding, not the context", async () => {
    const { engine, binding, evaluate, events } = await bind(build);
    evaluate(`setTimeout(() => { for (;;); }, 0)`);
    let isInterrupting = true;
    engine.shouldInterrupt = () => isInterrupting;

    await binding.idle();
    isInterrupting = false;

    expect(events.filter(({ type }) => type === "error").length).toBe(1);
    expect(evaluate(`1 + 1`)).toBe(2);
  });
});

test("a wrong option is refused before anything is installed", async () => {
  const engine = await openEngine({ image: false });

  expect(() => bindNetworkDevice(engine.context, { delivery: "push" as never })).toThrow(
    /delivery must be one of "auto", "update", got "push"/,
  );
  expect(() => bindNetworkDevice(engine.context, { isolation: "none" } as never)).toThrow(
    "isolation is not an option; expected one of policy, limits, ",
  );
});

test.each([
  "maxMemory",
  "maxStack",
  "maxTurnTime",
  "maxMicrotasks",
  "maxScriptBytes",
  "maxEventBacklog",
] as const)("limits.%s is refused: it belongs to the runtime", async (name) => {
  const engine = await openEngine({ image: false });
  const limits = { maxTimers: 1, [name]: strictLimits[name] };

  expect(() => bindNetworkDevice(engine.context, { limits })).toThrow(
    `limits.${name} cannot be kept in a context of yours; leave it out, and bound the runtime itself`,
  );
});
