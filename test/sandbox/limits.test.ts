import { describe, expect, test } from "vitest";
import type { SandboxEvent } from "../../src/events.ts";
import { defaultLimits, type Limits, strictLimits } from "../../src/limits.ts";
import { frame, opcodes, openRawServer } from "../support/raw-server.ts";
import { openEchoServer, openSandbox, type TestSandbox } from "../support/sandbox.ts";

// Each limit below it, at it and above it, as script and host see it. What is only reached after minutes or with real floods is
// tested where it is kept: in test/network, test/transport and test/engine.

const limit = 10;

/** The limits that the host was told of. */
function reached(events: readonly SandboxEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === "limit" ? [event.limit] : []));
}

/** A loop that does something so many times and prints the name of what it throws, if it does. */
function attempts(count: number, work: string): string {
  return `
    try { for (let i = 0; i < ${count}; i++) { ${work} } console.log("ok") }
    catch (error) { console.log(error.name) }
  `;
}

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
  describe.each([
    ["below", limit - 1],
    ["at", limit],
    ["above", limit + 1],
  ])("%s the limit", (where, count) => {
    const isAbove = where === "above";

    async function open(
      limits: Partial<Limits>,
      args: readonly string[] = [],
    ): Promise<TestSandbox> {
      return openSandbox({ isolation, limits, args });
    }

    test("maxTimers: one more throws in the script, and the host learns of it", async () => {
      const { sandbox, lines, events } = await open({ maxTimers: limit });

      await sandbox.run(attempts(count, `setTimeout(() => {}, 1e9)`));

      expect(lines()).toEqual([isAbove ? "QuotaExceededError" : "ok"]);
      expect(await sandbox.usage()).toMatchObject({ timers: Math.min(count, limit) });
      expect(reached(events)).toEqual(isAbove ? ["maxTimers"] : []);
    });

    test.each([
      ["of one type", `target.addEventListener("a", () => {})`],
      ["of many types", `target.addEventListener("a" + i, () => {})`],
    ])(
      "maxListeners: one more %s throws in the script, and the host learns of it",
      async (_kind, add) => {
        const { sandbox, lines, events } = await open({ maxListeners: limit });

        await sandbox.run(`const target = new EventTarget(); ${attempts(count, add)}`);
        await sandbox.run(`new EventTarget().addEventListener("a", () => {})`);

        expect(lines()).toEqual([isAbove ? "QuotaExceededError" : "ok"]);
        expect(reached(events)).toEqual(isAbove ? ["maxListeners"] : []);
      },
    );

    test("maxConsoleLines: one more is dropped, and the host learns that it was", async () => {
      const { sandbox, lines, events } = await open({ maxConsoleLines: limit });

      await sandbox.run(`for (let i = 1; i <= ${count}; i++) console.log(i)`);
      await sandbox.usage();

      expect(lines()).toHaveLength(Math.min(count, limit));
      expect(reached(events)).toEqual(isAbove ? ["maxConsoleLines"] : []);
    });

    test.each([
      ["alerts", `alert("a")`, "alert"],
      ["uncaught exceptions", `reportError(1)`, "error"],
    ])("maxConsoleLines: counts %s", async (_kind, print, type) => {
      const { sandbox, events } = await open({ maxConsoleLines: limit });

      await sandbox.run(`for (let i = 1; i <= ${count}; i++) ${print}`);
      await sandbox.usage();

      expect(events.filter((event) => event.type === type)).toHaveLength(Math.min(count, limit));
    });

    test("maxConsoleBytes: a line that goes beyond is dropped", async () => {
      const { sandbox, lines, events } = await open({ maxConsoleBytes: limit });

      await sandbox.run(`console.log("x".repeat(${count}))`);
      await sandbox.usage();

      expect(lines()).toHaveLength(isAbove ? 0 : 1);
      expect(reached(events)).toEqual(isAbove ? ["maxConsoleBytes"] : []);
    });

    test("maxScriptBytes: a longer script is refused, and the sandbox lives", async () => {
      const { sandbox } = await open({ maxScriptBytes: limit });

      const run = sandbox.run(`"é"${";".repeat(count - 4)}`);

      if (isAbove) {
        await expect(run).rejects.toMatchObject({
          code: "ERR_LIMIT",
          message: "source must have at most limits.maxScriptBytes (10) bytes, got 11",
        });
        await sandbox.run(`1`);
      } else await expect(run).resolves.toBeUndefined();
    });

    test("maxScriptBytes: a longer module cannot be imported", async () => {
      const { sandbox, lines } = await openSandbox({
        isolation,
        limits: { maxScriptBytes: 100 },
        modules: { "a.js": ";".repeat(90 + count) },
      });

      await sandbox.run(
        `await import("a.js").then(() => console.log("ok"), ({ name }) => console.log(name))`,
        { type: "module" },
      );

      expect(lines()).toEqual([isAbove ? "TypeError" : "ok"]);
    });

    test("maxMicrotasks: one more in a turn ends the sandbox", async () => {
      const { sandbox, lines, events } = await open({ maxMicrotasks: limit });

      const run = sandbox.run(`
        let left = ${count};
        const job = () => { left--; if (left > 0) queueMicrotask(job); else console.log("done") };
        queueMicrotask(job);
      `);
      await Promise.allSettled([run]);
      if (isAbove) {
        await expect(sandbox.closed).resolves.toMatchObject({
          code: "ERR_LIMIT",
          message: "The script had more than limits.maxMicrotasks (10) promise jobs in one turn",
        });
      } else await sandbox.idle();

      expect(lines()).toEqual(isAbove ? [] : ["done"]);
      expect(reached(events)).toEqual(isAbove ? ["maxMicrotasks"] : []);
      expect(events.filter(({ type }) => type === "killed")).toMatchObject(
        isAbove ? [{ cause: "cpu", message: /maxMicrotasks/ }] : [],
      );
    });

    test("maxConnections: one more fails", async () => {
      const server = await openEchoServer();
      const { sandbox, lines } = await open({ maxConnections: limit }, [server.url]);

      await sandbox.run(
        `const ends = Array.from({ length: ${count} }, () => new Promise((resolve) => {
           const socket = new WebSocket(NetworkDevice.args[0]);
           socket.onopen = () => resolve("open");
           socket.onclose = () => resolve("closed");
         }));
         console.log((await Promise.all(ends)).filter((end) => end === "open").length);`,
        { type: "module" },
      );

      expect(lines()).toEqual([String(Math.min(count, limit))]);
    });

    test("maxConnecting: one more waits until a handshake has ended", async () => {
      const server = await openRawServer();
      const { sandbox, lines, runToIdle } = await open({ maxConnecting: limit }, [server.url]);
      await sandbox.run(`
        const sockets = Array.from({ length: ${count} }, () => new WebSocket(NetworkDevice.args[0]));
        sockets[0].onclose = () => sockets.slice(1).forEach((socket) => socket.close());
      `);

      for (let index = 0; index < Math.min(count, limit); index += 1) {
        await (await server.next()).readRequest();
      }

      expect(server.accepted).toBe(Math.min(count, limit));
      await runToIdle(`sockets[0].close()`);
      expect(lines()).toEqual([]);
      await server.empty();
    });

    test.each(["text", "binary"])(
      "maxMessageBytes: a larger %s message cannot be sent",
      async (kind) => {
        const server = await openEchoServer();
        const { runToIdle, lines } = await open({ maxMessageBytes: limit }, [server.url]);

        await runToIdle(`
        const socket = new WebSocket(NetworkDevice.args[0]);
        const data = ${kind === "text"} ? "x".repeat(${count}) : new Uint8Array(${count});
        socket.onopen = () => socket.send(data);
        socket.onmessage = () => { console.log("echo"); socket.close() };
        socket.onclose = ({ code }) => console.log(code);
      `);

        expect(lines()).toEqual(isAbove ? ["1006"] : ["echo", "1005"]);
      },
    );

    test.each(["text", "binary"] as const)(
      "maxMessageBytes: a larger %s message is not received",
      async (kind) => {
        const server = await openRawServer();
        const { runToIdle, lines, events } = await open({ maxMessageBytes: limit }, [server.url]);
        const run = runToIdle(receiver);
        const peer = await server.accept();

        peer.write(frame(opcodes[kind], "x".repeat(count)));

        await run;
        expect(lines()).toEqual(isAbove ? ["1006"] : ["message"]);
        if (isAbove) {
          expect(events.find(({ type }) => type === "closed")).toMatchObject({
            failure: { code: "ERR_MESSAGE_TOO_LARGE" },
          });
        }
      },
    );

    test("maxFragments: a message in more of them fails the connection", async () => {
      const server = await openRawServer();
      const { runToIdle, lines } = await open({ maxFragments: limit }, [server.url]);
      const run = runToIdle(receiver);
      const peer = await server.accept();

      const last = count - 1;
      for (let index = 0; index <= last; index += 1) {
        const opcode = index === 0 ? opcodes.text : opcodes.continuation;
        peer.write(frame(opcode, "x", { fin: index === last }));
      }

      await run;
      expect(lines()).toEqual(isAbove ? ["1006"] : ["message"]);
    });

    test("maxInboundBytes: the part of a message that goes beyond fails the connection", async () => {
      const server = await openRawServer();
      const { runToIdle, lines, events } = await open({ maxInboundBytes: limit }, [server.url]);
      const run = runToIdle(receiver);
      const peer = await server.accept();

      peer.write(frame(opcodes.text, "x".repeat(count - 1), { fin: false }));
      await expect.poll(() => peer.socket.writableLength).toBe(0);
      peer.write(frame(opcodes.continuation, "x"));

      await run;
      expect(lines()).toEqual(isAbove ? ["1006"] : ["message"]);
      expect(reached(events)).toEqual(isAbove ? ["maxInboundBytes"] : []);
    });
  });

  test("keepaliveTimeout: a peer that never answers a ping is found out", async () => {
    const server = await openRawServer();
    const { runToIdle, lines, events } = await openSandbox({
      isolation,
      args: [server.url],
      limits: { keepaliveInterval: 300, keepaliveTimeout: 300 },
    });
    const run = runToIdle(`
      const socket = new WebSocket(NetworkDevice.args[0]);
      for (const type of ["open", "error", "close"]) {
        socket.addEventListener(type, ({ code }) => console.log(type, socket.readyState, code));
      }
    `);
    const peer = await server.accept();

    await run;

    expect((await peer.readFrame()).opcode).toBe(opcodes.ping);
    expect(lines()).toEqual(["open 1 undefined", "error 3 undefined", "close 3 1006"]);
    expect(events.find(({ type }) => type === "closed")).toMatchObject({
      failure: { stage: "open", code: "ERR_KEEPALIVE_TIMEOUT" },
    });
    await server.empty();
  });

  test("keepaliveInterval: a peer that answers pings, or sends anything, stays connected", async () => {
    const server = await openRawServer();
    const { sandbox, lines } = await openSandbox({
      isolation,
      args: [server.url],
      // Time enough for a busy machine to answer.
      limits: { keepaliveInterval: 5, keepaliveTimeout: 20_000 },
    });
    await sandbox.run(`
      const socket = new WebSocket(NetworkDevice.args[0]);
      socket.onmessage = ({ data }) => console.log(data);
      socket.onclose = ({ code }) => console.log(code);
    `);
    const peer = await server.accept();

    for (let count = 0; count < 5; count += 1) {
      const { opcode, payload } = await peer.readFrame();
      expect(opcode).toBe(opcodes.ping);
      peer.write(count === 2 ? frame(opcodes.text, "a") : frame(opcodes.pong, payload));
    }

    await expect.poll(() => lines()).toEqual(["a"]);
    expect((await sandbox.usage()).connections).toBe(1);
  });

  test("maxTurnTime: a turn within it goes on, and one beyond it ends the sandbox", async () => {
    const busy = (ms: number): string =>
      `for (const end = Date.now() + ${ms}; Date.now() < end; );`;
    const { sandbox, events } = await openSandbox({ isolation, limits: { maxTurnTime: 1_000 } });

    await sandbox.run(busy(100));
    await expect(sandbox.run(busy(60_000))).rejects.toMatchObject({ code: "ERR_LIMIT" });

    await sandbox.closed;
    expect(reached(events)).toEqual(["maxTurnTime"]);
    expect(events.at(-1)).toMatchObject({ type: "killed", cause: "cpu", message: /maxTurnTime/ });
  });

  test("maxStack: more of it lets a recursion go deeper, and its end is an exception", async () => {
    const depthWith = async (maxStack: number): Promise<number> => {
      const { sandbox, lines } = await openSandbox({ isolation, limits: { maxStack } });
      await sandbox.run(`
        let depth = 0;
        const sink = () => { depth++; sink() };
        try { sink() } catch {}
        console.log(depth);
      `);
      return Number(lines()[0]);
    };

    const depths = [await depthWith(32_768), await depthWith(65_536), await depthWith(262_144)];

    expect(depths).toEqual(depths.toSorted((a, b) => a - b));
    expect(depths[2]).toBeGreaterThan(2 * (depths[0] ?? 0));
  });

  test("maxMemory: what does not fit is an exception, and more of it lets it fit", async () => {
    const fits = async (maxMemory: number): Promise<readonly string[]> => {
      const { sandbox, lines } = await openSandbox({ isolation, limits: { maxMemory } });
      await sandbox.run(attempts(1, `new ArrayBuffer(16 * 2 ** 20)`));
      return lines();
    };

    expect(await fits(16 * 2 ** 20)).toEqual(["InternalError"]);
    expect(await fits(32 * 2 ** 20)).toEqual(["ok"]);
  });

  test("maxMemory: a message that does not fit fails its connection, and the script lives", async () => {
    const server = await openRawServer();
    const { runToIdle, lines, events } = await openSandbox({
      isolation,
      args: [server.url],
      limits: { maxMemory: 16 * 2 ** 20 },
    });
    const run = runToIdle(receiver);
    const peer = await server.accept();

    peer.write(frame(opcodes.binary, Buffer.alloc(17 * 2 ** 20)));

    await run;
    await runToIdle(`console.log("alive")`);
    expect(lines()).toEqual(["1006", "alive"]);
    expect(reached(events)).toEqual(["maxMemory"]);
    expect(events.find(({ type }) => type === "closed")).toMatchObject({
      failure: { code: "ERR_MESSAGE_TOO_LARGE", message: /limits.maxMemory/ },
    });
  });
});

/** Prints what comes, and ends with the first message. */
const receiver = `
  const socket = new WebSocket(NetworkDevice.args[0]);
  socket.onmessage = () => { console.log("message"); socket.destroy() };
  socket.onclose = ({ code }) => console.log(code);
`;

test("the strict profile is nowhere more generous than the default one", () => {
  for (const [name, value] of Object.entries(strictLimits)) {
    expect([name, value <= defaultLimits[name as keyof Limits]]).toEqual([name, true]);
  }
  expect(Object.keys(strictLimits)).toEqual(Object.keys(defaultLimits));
});
