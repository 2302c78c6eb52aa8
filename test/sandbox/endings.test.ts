import { describe, expect, test } from "vitest";
import type { SandboxEvent } from "../../src/events.ts";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import { createSandbox, type Sandbox } from "../../src/sandbox.ts";
import { openRawServer } from "../support/raw-server.ts";
import { openSandbox } from "../support/sandbox.ts";

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
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

function withResolvers<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
} {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((resolvePromise) => (resolve = resolvePromise));
  return { promise, resolve: (value) => resolve(value) };
}
