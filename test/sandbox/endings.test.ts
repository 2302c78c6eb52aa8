import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import type { SandboxEvent } from "../../src/events.ts";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { createSandbox, type Sandbox } from "../../src/sandbox.ts";
import { openRawServer } from "../support/raw-server.ts";
import { openEchoServer, openSandbox } from "../support/sandbox.ts";

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
  test("a turn over its time ends the sandbox with its sockets", async () => {
    const server = await openEchoServer();
    const { sandbox, events } = await openSandbox({
      isolation,
      args: [server.url],
      limits: { maxTurnTime: 100 },
    });

    const run = sandbox.run(
      `
      new WebSocket(NetworkDevice.args[0]).onopen = () => { for (;;) {} };
      await new Promise(() => {});
    `,
      { type: "module" },
    );

    await expect(run).rejects.toMatchObject({ code: "ERR_LIMIT", message: /maxTurnTime/ });
    await expect(sandbox.closed).resolves.toMatchObject({ code: "ERR_LIMIT" });
    await expect(sandbox.run(`1`)).rejects.toMatchObject({ code: "ERR_LIMIT" });
    expect(events).toContainEqual(expect.objectContaining({ type: "limit", limit: "maxTurnTime" }));
    expect(events).toContainEqual(expect.objectContaining({ type: "closed", connection: 1 }));
  });

  test("an interrupt that the script catches or the engine swallows still ends the sandbox", async () => {
    const { sandbox } = await openSandbox({ isolation, limits: { maxTurnTime: 50 } });

    const run = sandbox.run(
      `(async () => { try { for (;;) await null } finally { for (;;); } })()`,
    );

    // Its top level ends before the flood of jobs does, or with it: both are right.
    await Promise.allSettled([run]);
    await expect(sandbox.closed).resolves.toMatchObject({ code: "ERR_LIMIT" });
  });

  test("close() ends open sockets with 1001 and the script hears nothing more", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    onTestFinished(() => server.close());
    await once(server, "listening");
    const closeCode = new Promise((resolve) => {
      server.on("connection", (socket) => socket.on("close", resolve));
    });
    const { port } = server.address() as AddressInfo;
    const { sandbox, lines } = await openSandbox({ isolation, args: [`ws://127.0.0.1:${port}`] });
    await sandbox.run(
      `const socket = new WebSocket(NetworkDevice.args[0]);
       socket.onclose = socket.onerror = () => console.log("heard");
       await new Promise((resolve) => (socket.onopen = resolve));`,
      { type: "module" },
    );

    await sandbox.close();
    await sandbox.close();

    expect(lines()).toEqual([]);
    await expect(closeCode).resolves.toBe(1001);
    await expect(sandbox.closed).resolves.toBeUndefined();
  });

  test.each(["limit", "killed"])(
    "an observer that closes at %s does not change how the sandbox ended",
    async (type) => {
      let sandbox: Sandbox | undefined;
      const events: SandboxEvent[] = [];
      sandbox = await createSandbox({
        isolation,
        limits: { maxTurnTime: 50 },
        globals: ["turbulenz", "console"],
        observe(event) {
          events.push(event);
          if (event.type === type) void sandbox?.close();
        },
      });

      const run = sandbox.run(`TurbulenzEngine.onunload = () => console.log("again"); for (;;);`);

      await expect(run).rejects.toMatchObject({ code: "ERR_LIMIT" });
      await expect(sandbox.closed).resolves.toMatchObject({ code: "ERR_LIMIT" });
      expect(events.map((event) => event.type)).toEqual(["limit", "killed"]);
    },
  );

  test("an aborted signal closes the sandbox", async () => {
    const controller = new AbortController();
    const { sandbox } = await openSandbox({ isolation, signal: controller.signal });
    const run = sandbox.run(`await new Promise((resolve) => setTimeout(resolve, 1e6))`, {
      type: "module",
    });

    controller.abort();

    await expect(run).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await expect(sandbox.closed).resolves.toBeUndefined();
  });

  test("an observer may close the sandbox while it closes", async () => {
    const lines: string[] = [];
    let again: Promise<void> | undefined;
    const sandbox = await createSandbox({
      isolation,
      globals: ["turbulenz", "console"],
      observe(event) {
        if (event.type !== "console") return;
        lines.push(event.message);
        again = sandbox.close();
      },
    });
    await sandbox.run(`TurbulenzEngine.onunload = () => console.log("unload");`);

    await sandbox.close();
    await again;

    await expect(sandbox.closed).resolves.toBeUndefined();
    expect(lines).toEqual(["unload"]);
  });

  test("an onunload that never returns does not keep close() waiting", async () => {
    const { sandbox, lines } = await openSandbox({ isolation, globals: ["turbulenz", "console"] });
    await sandbox.run(`TurbulenzEngine.onunload = () => { console.log("unload"); for (;;); }`);

    await sandbox.close();

    await expect(sandbox.closed).resolves.toBeUndefined();
    expect(lines()).toEqual(["unload"]);
  });

  test("an interrupted module is refused by the limit, and its connection's end is told", async () => {
    const server = await openRawServer();
    const { sandbox, events } = await openSandbox({
      isolation,
      args: [server.url],
      limits: { maxTurnTime: 100 },
    });

    const run = sandbox.run(
      `const socket = new WebSocket(NetworkDevice.args[0]);
       await new Promise((resolve) => (socket.onopen = resolve));
       for (;;);`,
      { type: "module" },
    );
    const accepted = server.accept();

    await expect(run).rejects.toMatchObject({ code: "ERR_LIMIT", message: /maxTurnTime/ });
    await accepted;
    await expect(sandbox.closed).resolves.toMatchObject({ code: "ERR_LIMIT" });
    expect(events.filter(({ type }) => type === "closed")).toMatchObject([
      { connection: 1, code: 1006, failure: { code: "ERR_ABORTED" } },
    ]);
    await server.empty();
  });

  test("close() in the middle of a busy turn tells the end of each connection once", async () => {
    const server = await openRawServer();
    const events: SandboxEvent[] = [];
    const busy = withResolvers<void>();
    const sandbox = await createSandbox({
      isolation,
      args: [server.url],
      policy: allowOrigins(allLoopback),
      observe(event) {
        events.push(event);
        if (event.type === "console") busy.resolve();
      },
    });
    await sandbox.run(`
      const socket = new WebSocket(NetworkDevice.args[0]);
      socket.onopen = () => {
        console.log("busy");
        for (const end = Date.now() + 600; Date.now() < end; );
      };
    `);
    await server.accept();
    await busy.promise;

    await sandbox.close();

    expect(events.filter(({ type }) => type === "closed")).toMatchObject([{ connection: 1 }]);
    await server.empty();
  });

  test("the observer may close the sandbox that it hears of", async () => {
    const server = await openRawServer();
    let sandbox: Sandbox | undefined;
    const events: SandboxEvent[] = [];
    sandbox = await createSandbox({
      isolation,
      args: [server.url],
      policy: allowOrigins(allLoopback),
      observe(event) {
        events.push(event);
        if (event.type === "console") void sandbox?.close();
      },
    });

    const run = sandbox.run(
      `new WebSocket(NetworkDevice.args[0]);
       console.log("close me");
       await new Promise(() => {});`,
      { type: "module" },
    );

    await expect(run).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await expect(sandbox.closed).resolves.toBeUndefined();
    expect(events.filter(({ type }) => type === "closed")).toHaveLength(1);
    await server.empty();
  });

  test("after close() everything is refused or idle", async () => {
    const { sandbox } = await openSandbox({ isolation });
    await Promise.all([sandbox.close(), sandbox.close()]);

    await expect(sandbox.run("1")).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await expect(sandbox.usage()).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await expect(sandbox.idle()).resolves.toBeUndefined();
  });

  test("scripts that run at once each settle with their own outcome", async () => {
    const { sandbox, lines } = await openSandbox({ isolation });
    const script = (name: string, delay: number): string =>
      `console.log("${name}");
       await new Promise((resolve) => setTimeout(resolve, ${delay}));
       if ("${name}" === "b") throw new Error("b failed");`;

    const outcomes = await Promise.allSettled([
      sandbox.run(script("a", 20), { type: "module" }),
      sandbox.run(script("b", 10), { type: "module" }),
      sandbox.run(script("c", 1), { type: "module" }),
    ]);

    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(lines()).toEqual(["a", "b", "c"]);
  });

  test("a policy that answers after close() opens nothing", async () => {
    const server = await openRawServer();
    const asked = withResolvers<() => void>();
    const { sandbox, events } = await openSandbox({
      isolation,
      args: [server.url],
      policy: ({ signal }) =>
        new Promise((resolve) => {
          asked.resolve(() => resolve({ allow: true, addresses: { loopback: true } }));
          signal.addEventListener("abort", () =>
            events.push({ time: 0, type: "alert", message: "aborted" }),
          );
        }),
    });
    await sandbox.run(`new WebSocket(NetworkDevice.args[0])`);
    const answer = await asked.promise;
    const idle = sandbox.idle();

    await sandbox.close();
    answer();

    await expect(idle).resolves.toBeUndefined();
    expect(events.map(({ type }) => type).toSorted()).toEqual(["alert", "closed", "connecting"]);
    expect(server.accepted).toBe(0);
  });
});

test("a native call that the engine never interrupts ends with its worker, and its sibling goes on", async () => {
  const server = await openEchoServer();
  const hung = await openSandbox({ args: [server.url], limits: { maxTurnTime: 200 } });
  const sibling = await openSandbox({ args: [server.url] });

  const run = hung.sandbox.run(`
    new WebSocket(NetworkDevice.args[0]).onopen = () => {
      Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);
    };
  `);
  await run;
  await sibling.runToIdle(`
    const socket = new WebSocket(NetworkDevice.args[0]);
    socket.onopen = () => socket.close();
    socket.onclose = ({ wasClean }) => console.log(wasClean);
  `);

  await expect(hung.sandbox.closed).resolves.toMatchObject({ code: "ERR_LIMIT" });
  expect(sibling.lines()).toEqual(["true"]);
  expect(hung.events.map(({ type }) => type)).toEqual([
    "connecting",
    "open",
    "limit",
    "killed",
    "closed",
  ]);
  expect(hung.events.at(-1)).toMatchObject({
    code: 1006,
    failure: { code: "ERR_ABORTED", stage: "open", host: new URL(server.url).host },
  });
});

test.each([
  ["127.0.0.1:80", "ws://127.1"],
  ["127.0.0.1:443", "wss://127.0.0.1:443/b:1/c"],
  ["127.0.0.1:8443", "wss://127.0.0.1:8443?e=//f/"],
  ["[::1]:443", "wss://[::1]?d=/"],
  ["[::1]:8443", `wss://[::1]:8443/${"x".repeat(50_000)}`],
])("a connection that ends with its thread names its host as %s", async (host, url) => {
  const { sandbox, events } = await openSandbox({ limits: { maxTurnTime: 100 } });

  const run = sandbox.run(
    `new WebSocket(${JSON.stringify(url)});
     Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);`,
  );

  await expect(run).rejects.toMatchObject({ code: "ERR_LIMIT" });
  expect(events.at(-1)).toMatchObject({ type: "closed", failure: { host } });
});

test("the times of events do not decrease when the thread ends in the middle of a turn", async () => {
  const { sandbox, events } = await openSandbox({ limits: { maxTurnTime: 100 } });
  const { performance } = globalThis;
  const now = performance.now.bind(performance);
  // Outside, a second less has passed than in the thread.
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now() - 1_000);
  onTestFinished(() => clock.mockRestore());

  const run = sandbox.run(
    `console.log(1); Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)`,
  );

  await expect(run).rejects.toMatchObject({ code: "ERR_LIMIT" });
  expect(events.map(({ type }) => type)).toEqual(["console", "limit", "killed"]);
  const times = events.map(({ time }) => time);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
});

function withResolvers<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
} {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((resolvePromise) => (resolve = resolvePromise));
  return { promise, resolve: (value) => resolve(value) };
}
