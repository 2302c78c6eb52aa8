import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { ScriptError } from "../../src/errors.ts";
import { denyAll } from "../../src/options.ts";
import { allowOrigins } from "../../src/policy/allow-origins.ts";
import { createSandbox } from "../../src/sandbox.ts";
import { openEchoServer, openSandbox } from "../support/sandbox.ts";

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
  test("a script runs and its console output is observed in order", async () => {
    const { sandbox, events } = await openSandbox({ isolation });

    await sandbox.run(`console.log("one"); console.warn("two", { a: 1 })`);
    await sandbox.idle();

    expect(events).toEqual([
      { type: "console", level: "log", message: "one", time: expect.any(Number) },
      { type: "console", level: "warn", message: "two { a: 1 }", time: expect.any(Number) },
    ]);
  });

  test("scripts of one sandbox share their global", async () => {
    const { sandbox, lines } = await openSandbox({ isolation });

    await sandbox.run(`globalThis.shared = 1; let lexical = 2`);
    await sandbox.run(`console.log(shared + lexical)`);
    await sandbox.idle();

    expect(lines()).toEqual(["3"]);
  });

  test("an exception of the top level rejects run() with its name and place", async () => {
    const { sandbox } = await openSandbox({ isolation });

    const run = sandbox.run(`\n  missing()`, { name: "lamp.js" });

    await expect(run).rejects.toBeInstanceOf(ScriptError);
    await expect(run).rejects.toMatchObject({
      code: "ERR_SCRIPT",
      guestName: "ReferenceError",
      position: { file: "lamp.js", line: 2 },
    });
  });

  test("a syntax error rejects run() with its place", async () => {
    const { sandbox } = await openSandbox({ isolation });

    const run = sandbox.run(`let a = 1;\nlet = ;`, { name: "lamp.js" });

    await expect(run).rejects.toMatchObject({
      guestName: "SyntaxError",
      position: { file: "lamp.js", line: 2 },
    });
  });

  test("a sandbox goes on after an exception", async () => {
    const { sandbox, lines } = await openSandbox({ isolation });

    await expect(sandbox.run(`throw new Error("first")`)).rejects.toThrow("first");
    await sandbox.run(`console.log("second")`);
    await sandbox.idle();

    expect(lines()).toEqual(["second"]);
  });

  test("an exception in a timer is observed once, and other timers still run", async () => {
    const { runToIdle, events, lines } = await openSandbox({ isolation });

    await runToIdle(
      `setTimeout(() => { throw new TypeError("late") }, 0); setTimeout(console.log, 1, "next")`,
    );

    expect(events.filter(({ type }) => type === "error")).toEqual([
      expect.objectContaining({
        exception: expect.objectContaining({
          name: "TypeError",
          message: "late",
          position: expect.objectContaining({ file: "test.js", line: 1 }),
        }),
      }),
    ]);
    expect(lines()).toEqual(["next"]);
  });

  test("a rejection that nobody handles is observed once", async () => {
    const { runToIdle, events } = await openSandbox({ isolation });

    await runToIdle(`
      async function main() { await null; throw new Error("lost") }
      main();
      Promise.reject(new Error("handled")).catch(() => {});
      setTimeout(() => {}, 0);
    `);

    const messages = events.flatMap((event) =>
      event.type === "error" ? [event.exception.message] : [],
    );
    expect(messages).toEqual(["lost"]);
  });

  test.each([
    ["a classic script", "script", `missing()`],
    ["a module", "module", `missing()`],
    ["a module after an await", "module", `await null; missing()`],
    ["an imported module", "module", `import "./bad.js"`],
    ["a module that it imports later", "module", `await import("./bad.js")`],
    ["an imported module that waits", "module", `import "./late.js"`],
  ] as const)(
    "an exception of %s rejects run() and is observed once",
    async (_where, type, source) => {
      const { sandbox, events } = await openSandbox({
        isolation,
        modules: { "bad.js": `missing()`, "late.js": `await null; missing()` },
      });

      await expect(sandbox.run(source, { type })).rejects.toMatchObject({
        guestName: "ReferenceError",
      });
      await sandbox.idle();

      expect(events.map((event) => event.type)).toEqual(["error"]);
    },
  );

  test("a dynamic import that fails and that nobody handles is observed once", async () => {
    const { runToIdle, events } = await openSandbox({
      isolation,
      modules: { "bad.js": `missing()` },
    });

    await runToIdle(`import("./bad.js")`);

    expect(events.map((event) => event.type)).toEqual(["error"]);
  });

  test("a module imports its neighbours and waits at its top level", async () => {
    const { sandbox, lines } = await openSandbox({
      isolation,
      modules: {
        "lib/lamp.js": `import { name } from "./name.js"; export const lamp = "lamp " + name`,
        "lib/name.js": `export const name = "seven"`,
      },
    });

    await sandbox.run(
      `import { lamp } from "./lib/lamp.js";
       await new Promise((resolve) => setTimeout(resolve, 1));
       console.log(lamp, (await import("./lib/name.js")).name)`,
      { name: "main.mjs" },
    );

    expect(lines()).toEqual(["lamp seven seven"]);
  });

  test("a top-level await that can never settle rejects run()", async () => {
    const { sandbox } = await openSandbox({ isolation });

    const run = sandbox.run(`await new Promise(() => {})`, { type: "module" });

    await expect(run).rejects.toThrow(/never settles/);
  });

  test("a rejected top-level await rejects run() with the reason", async () => {
    const { sandbox } = await openSandbox({ isolation });

    const run = sandbox.run(`await null; throw new RangeError("far")`, { type: "module" });

    await expect(run).rejects.toMatchObject({ guestName: "RangeError", message: /far/ });
  });

  test("a script talks to a real server", async () => {
    const server = await openEchoServer();
    const { runToIdle, lines, events } = await openSandbox({
      isolation,
      args: [server.url],
      trace: true,
    });

    await runToIdle(`
      const socket = NetworkDevice.createWebSocket(NetworkDevice.args[0]);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => { socket.send("hello"); socket.send(new Uint8Array([1, 2, 3])) };
      socket.onmessage = ({ data }) => {
        if (typeof data === "string") console.log("text", data);
        else { console.log("bytes", [...new Uint8Array(data)].join()); socket.close(1000, "done") }
      };
      socket.onclose = ({ code, reason, wasClean }) => console.log("close", code, reason, wasClean);
    `);

    expect(lines()).toEqual(["text hello", "bytes 1,2,3", "close 1000 done true"]);
    expect(events.filter(({ type }) => type !== "console").map(({ type }) => type)).toEqual([
      "connecting",
      "open",
      "sent",
      "sent",
      "received",
      "received",
      "closed",
    ]);
  });

  test("nothing is reachable without a policy, and only the host learns why", async () => {
    const server = await openEchoServer();
    const { runToIdle, lines, events } = await openSandbox({
      isolation,
      policy: denyAll,
      args: [server.url],
    });

    await runToIdle(`
      const socket = new WebSocket(NetworkDevice.args[0]);
      socket.onerror = () => console.log("error", socket.readyState);
      socket.onclose = ({ code, reason, wasClean }) => console.log("close", code, reason, wasClean);
    `);

    expect(lines()).toEqual(["error 3", "close 1006  false"]);
    expect(events.find(({ type }) => type === "closed")).toMatchObject({
      failure: { stage: "policy", code: "ERR_POLICY_REFUSED" },
    });
    expect(server.connections).toBe(0);
  });

  test("a policy function decides once per connection", async () => {
    const server = await openEchoServer();
    const asked: string[] = [];
    const { runToIdle, lines } = await openSandbox({
      isolation,
      args: [server.url],
      policy: async ({ url }) => {
        asked.push(url.pathname);
        return url.pathname === "/yes"
          ? { allow: true, addresses: { loopback: true } }
          : { allow: false, reason: "not yes" };
      },
    });

    await runToIdle(`
      for (const path of ["yes", "no"]) {
        const socket = new WebSocket(NetworkDevice.args[0] + "/" + path);
        socket.onopen = () => socket.close();
        socket.onclose = ({ code }) => console.log(path, code);
      }
    `);

    expect(asked.toSorted()).toEqual(["/no", "/yes"]);
    expect([...lines()].toSorted()).toEqual(["no 1006", "yes 1005"]);
  });

  test("a policy function that throws refuses", async () => {
    const { runToIdle, events } = await openSandbox({
      isolation,
      policy: () => {
        throw new Error("no idea");
      },
    });

    await runToIdle(`new WebSocket("ws://127.0.0.1:1/")`);

    expect(events.at(-1)).toMatchObject({
      type: "closed",
      failure: { code: "ERR_POLICY_FAILED", message: expect.stringContaining("no idea") },
    });
  });

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

  test("memory cannot grow past its limit, and the script may catch that", async () => {
    const { sandbox, lines } = await openSandbox({
      isolation,
      limits: { maxMemory: 32 * 2 ** 20 },
    });

    await sandbox.run(`
      const kept = [];
      try { for (;;) kept.push(new Uint8Array(2 ** 20)) } catch { console.log(kept.length < 32) }
    `);

    expect(lines()).toEqual(["true"]);
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

  test("idle() can be given up without closing the sandbox", async () => {
    const { sandbox, lines } = await openSandbox({ isolation });
    await sandbox.run(`setTimeout(() => {}, 1e6)`);

    await expect(sandbox.idle({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
    await sandbox.run(`console.log("alive")`);

    expect(lines()).toEqual(["alive"]);
  });

  test("usage() counts what a script holds", async () => {
    const { sandbox } = await openSandbox({ isolation });

    await sandbox.run(`setTimeout(() => {}, 1e6); setTimeout(() => {}, 1e7)`);
    const usage = await sandbox.usage();

    expect(usage).toMatchObject({ connections: 0, timers: 2, queuedEvents: 0, bufferedBytes: 0 });
    expect(usage.memory).toBeGreaterThan(100_000);
  });

  test("callbacks run only inside update() when asked for", async () => {
    const server = await openEchoServer();
    const { runToIdle, lines } = await openSandbox({
      isolation,
      delivery: "update",
      args: [server.url],
    });

    await runToIdle(`
      let inUpdate = false;
      const socket = NetworkDevice.createWebSocket(NetworkDevice.args[0]);
      socket.onopen = () => { console.log("open", inUpdate); socket.send("a") };
      socket.onmessage = () => { console.log("message", inUpdate); socket.close() };
      socket.onclose = () => { console.log("close", inUpdate); clearInterval(interval) };
      const interval = setInterval(() => {
        inUpdate = true;
        NetworkDevice.update();
        inUpdate = false;
      }, 1);
    `);

    expect(lines()).toEqual(["open true", "message true", "close true"]);
  });

  test("TypeScript is stripped by the name of the script", async () => {
    const { sandbox, lines } = await openSandbox({ isolation });

    await sandbox.run(`const greeting: string = "typed"; console.log(greeting)`, { name: "a.ts" });

    expect(lines()).toEqual(["typed"]);
  });
});

test.each([
  [{ isolation: "process" }, /isolation must be one of "worker", "none", got "process"/],
  [{ delivery: "push" }, /delivery must be one of/],
  [{ globals: ["WebSocket", "document"] }, /globals must be one of .* got "document"/],
  [{ policy: "all" }, /policy must be a function or the result of allowOrigins\(\), got "all"/],
  [{ baseUrl: "lamp" }, /baseUrl must be an absolute/],
  [{ args: [1] }, /args must be an array of strings/],
  [{ modules: { a: 1 } }, /modules\["a"\] must be a string, got 1/],
  [{ limits: { maxTimers: -1 } }, /limits.maxTimers must be an integer from 0/],
  [{ limits: { maxSockets: 1 } }, /limits.maxSockets is not a limit/],
  [{ transport: {} }, /transport must be an object with a method connect\(\), got an object/],
  [{ trace: 1 }, /trace must be a boolean, got 1/],
  [{ globals: 5 }, /globals must be an array of names, got 5/],
  [{ modules: null }, /modules must be a path, a file: URL or sources by name, got null/],
  [{ observe: 5 }, /observe must be a function, got 5/],
  [{ limits: null }, /limits must be an object, got null/],
  [{ limit: {} }, /limit is not an option; expected one of isolation, policy, limits, /],
  [null, /options must be an object, got null/],
])("a wrong option is refused with what was expected: %j", async (options, message) => {
  const creation = createSandbox(options as never);

  await expect(creation).rejects.toMatchObject({ code: "ERR_OPTION", message });
});

test.each([
  [{ name: 5 }, "name must be a string, got number"],
  [{ nam: "lamp.js" }, "nam is not an option; expected one of name, type, signal"],
  [null, "options must be an object, got null"],
])("a wrong option of run() is refused with what was expected: %j", async (options, message) => {
  const { sandbox } = await openSandbox({ isolation: "none" });

  const run = sandbox.run("1", options as never);

  await expect(run).rejects.toMatchObject({ code: "ERR_OPTION", message });
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
  expect(hung.events.map(({ type }) => type)).toEqual(["connecting", "open", "limit", "closed"]);
  expect(hung.events.at(-1)).toMatchObject({
    code: 1006,
    failure: { code: "ERR_ABORTED", stage: "open" },
  });
});

test("an embedder's own transport runs on the caller's thread, whatever the isolation", async () => {
  const sent: unknown[] = [];
  const { runToIdle, lines } = await openSandbox({
    policy: allowOrigins(["ws://lamp.test"]),
    transport: {
      connect({ url, protocols }, sink) {
        queueMicrotask(() => {
          sink.opened({ protocol: protocols[0] ?? "", extensions: "" });
          sink.text(`hello from ${url}`);
          sink.binary(new Uint8Array([1, 2]));
        });
        return {
          send: (data) => void sent.push(data),
          close: (code = 1005, reason = "") => sink.closed({ code, reason, wasClean: true }),
          abort() {},
          pause() {},
          resume() {},
        };
      },
    },
  });

  await runToIdle(`
    const socket = new WebSocket("ws://lamp.test/", "p");
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send("on");
    socket.onmessage = ({ data }) => {
      console.log(typeof data === "string" ? data : data.byteLength);
      if (typeof data !== "string") socket.close(3000, "bye");
    };
    socket.onclose = ({ code, reason }) => console.log(code, reason, socket.protocol);
  `);

  expect(lines()).toEqual(["hello from ws://lamp.test/", "2", "3000 bye p"]);
  expect(sent).toEqual(["on"]);
});

test.each(["none", "worker"] as const)(
  "an onunload that never returns does not keep close() waiting, isolation %j",
  async (isolation) => {
    const { sandbox, lines } = await openSandbox({ isolation, globals: ["turbulenz", "console"] });
    await sandbox.run(`TurbulenzEngine.onunload = () => { console.log("unload"); for (;;); }`);

    await sandbox.close();

    await expect(sandbox.closed).resolves.toBeUndefined();
    expect(lines()).toEqual(["unload"]);
  },
);
