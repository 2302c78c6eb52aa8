import { describe, expect, onTestFinished, test } from "vitest";
import { createSandbox } from "../../src/sandbox.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { closeFrame, frame, opcodes, type RawPeer } from "../support/raw-server.ts";
import { deferred } from "../support/recording-sink.ts";
import { type HostileCase, named, onBothThreads, openArena } from "./support/arena.ts";
import type { Attack, AttackReport } from "./support/attack.ts";
import { clamped, failing, harmless, killed, refused } from "./support/outcomes.ts";

const { expectContained, expectSurvived, takeEscapes } = openArena();

async function accept(peer: RawPeer): Promise<void> {
  await peer.readRequest();
  peer.answer();
}

/** Says what it hears of its socket. */
const listening = `
  const socket = new Socket(onPort("127.0.0.1"));
  for (const type of ["error", "close", "message"]) socket.addEventListener(type, () => print("heard " + type));
  setInterval(() => {}, 1);`;

/** Keeps uncaught exceptions from the test runner for a while. */
function tolerateUncaught(): Disposable {
  const listeners = process.listeners("uncaughtException");
  const ignore = (): void => {
    // The arena has noted it.
  };
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", ignore);
  return {
    [Symbol.dispose]() {
      process.off("uncaughtException", ignore);
      for (const listener of listeners) process.on("uncaughtException", listener);
    },
  };
}

/** Checks that the script heard nothing, and the host of exactly one end. */
function expectOneEnd(
  { guest, host }: AttackReport,
  end: object,
  lines: readonly string[] = [],
): void {
  expect(guest).toEqual(lines);
  expect(host.uncaught).toEqual([]);
  expect(host.ended).toBeUndefined();
  expect(host.openEnds).toBe(0);
  expect(host.events.filter(({ type }) => type === "closed")).toMatchObject([end]);
}

const aborted = { code: 1006, wasClean: false, failure: { code: "ERR_ABORTED" } };

describe.each(["worker", "none"] as const)("with isolation %j", (isolation) => {
  test("faults/dispose-resolving: a sandbox that is closed while a name resolves reports one end", async () => {
    const asked = deferred<void>();
    const report = await expectSurvived({
      isolation,
      script: `new Socket(onPort("name.example")).onclose = () => print("heard close")`,
      policy: ["ws://name.example:*"],
      transport: () => wsTransport({ lookup: () => asked.resolve() }),
      async meanwhile({ sandbox }) {
        await asked.promise;
        await sandbox.close();
      },
    });

    expectOneEnd(report, { ...aborted, failure: { code: "ERR_ABORTED" } });
    expect(report.host.accepted).toBe(0);
  });

  test("faults/dispose-deciding: a sandbox that is closed while its policy decides opens nothing", async () => {
    const asked = deferred<AbortSignal>();
    const report = await expectSurvived({
      isolation,
      script: listening,
      policy: async ({ signal }) => {
        asked.resolve(signal);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return { allow: true, addresses: { loopback: true } };
      },
      async meanwhile({ sandbox }) {
        await asked.promise;
        await sandbox.close();
      },
    });

    expectOneEnd(report, aborted);
    expect(report.host.accepted).toBe(0);
  });

  test("faults/dispose-connecting: a sandbox that is closed during a handshake drops the connection", async () => {
    const requested = deferred<void>();
    const gone = deferred<void>();
    const report = await expectSurvived({
      isolation,
      script: listening,
      async serve(peer) {
        await peer.readRequest();
        requested.resolve();
        await peer.closed();
        gone.resolve();
      },
      async meanwhile({ sandbox }) {
        await requested.promise;
        await sandbox.close();
        await gone.promise;
      },
    });

    expectOneEnd(report, aborted);
  });

  test("faults/dispose-open: a sandbox that is closed says 1001 on its open connections", async () => {
    const code = deferred<number>();
    const report = await expectSurvived({
      isolation,
      script: `${listening} socket.onopen = () => print("open");`,
      async serve(peer) {
        await accept(peer);
        const { payload } = await peer.readFrame();
        code.resolve(payload.readUInt16BE(0));
        peer.write(closeFrame(1001));
        peer.socket.end();
      },
      async meanwhile({ sandbox, printed }) {
        await printed("open");
        await sandbox.close();
      },
    });

    await expect(code.promise).resolves.toBe(1001);
    expectOneEnd(report, { code: 1001, wasClean: true }, ["open"]);
  });

  test("faults/dispose-open-to-silence: a peer that does not answer 1001 is dropped", async () => {
    const report = await expectSurvived({
      isolation,
      script: `${listening} socket.onopen = () => print("open");`,
      serve: accept,
      async meanwhile({ sandbox, printed }) {
        await printed("open");
        await sandbox.close();
      },
    });

    expectOneEnd(report, { code: 1006, wasClean: false }, ["open"]);
  });

  test("faults/dispose-closing: a sandbox that is closed during a closing handshake drops the connection", async () => {
    const closing = deferred<void>();
    const report = await expectSurvived({
      isolation,
      script: `${listening} socket.onopen = () => socket.close(1000);`,
      limits: { closeTimeout: 20_000 },
      async serve(peer) {
        await accept(peer);
        await peer.readFrame();
        closing.resolve();
      },
      async meanwhile({ sandbox }) {
        await closing.promise;
        await sandbox.close();
      },
    });

    expectOneEnd(report, { code: 1006, wasClean: false });
  });

  test("faults/dispose-paused: a sandbox that is closed while its sockets are paused frees them", async () => {
    const report = await expectSurvived({
      isolation,
      script: `
        const socket = new Socket(onPort("127.0.0.1"));
        let count = 0;
        socket.onmessage = () => {
          for (const end = Date.now() + 2; Date.now() < end;);
          if (++count === 10) print("behind");
        };
        socket.onclose = socket.onerror = () => print("heard");`,
      limits: { maxQueuedEvents: 1 },
      async serve(peer) {
        await accept(peer);
        peer.write(
          Buffer.concat(Array.from({ length: 2_000 }, () => frame(2, Buffer.alloc(1_000)))),
        );
      },
      async meanwhile({ sandbox, printed }) {
        await printed("behind");
        await sandbox.close();
      },
    });

    expectOneEnd(report, { code: 1006, wasClean: false }, ["behind"]);
  });

  test("faults/dispose-twice: closing again, at once or later, does nothing", async () => {
    const report = await expectSurvived({
      isolation,
      script: `${listening} socket.onopen = () => print("open");`,
      serve: accept,
      async meanwhile({ sandbox, printed }) {
        await printed("open");
        await Promise.all([sandbox.close(), sandbox.close()]);
        await sandbox.close();
      },
    });

    expectOneEnd(report, { code: 1006 }, ["open"]);
  });

  test("faults/dispose-in-policy: a policy function that closes the sandbox ends it once its turn is over", async () => {
    const close = deferred<() => Promise<void>>();
    const report = await expectSurvived({
      isolation,
      script: `setTimeout(() => { new Socket(onPort("127.0.0.1")).onclose = () => print("heard") }, 1)`,
      policy: async () => {
        await (
          await close.promise
        )();
        return { allow: true };
      },
      async meanwhile({ sandbox }) {
        close.resolve(() => sandbox.close());
        await sandbox.closed;
      },
    });

    expectOneEnd(report, aborted);
    expect(report.host.accepted).toBe(0);
  });

  test("faults/abort-signal: an aborted signal closes open connections with 1001", async () => {
    const controller = new AbortController();
    const code = deferred<number>();
    const report = await expectSurvived({
      isolation,
      options: { signal: controller.signal },
      script: `${listening} socket.onopen = () => print("open");`,
      async serve(peer) {
        await accept(peer);
        code.resolve((await peer.readFrame()).payload.readUInt16BE(0));
        peer.write(closeFrame(1001));
        peer.socket.end();
      },
      async meanwhile({ sandbox, printed }) {
        await printed("open");
        controller.abort();
        await sandbox.closed;
      },
    });

    await expect(code.promise).resolves.toBe(1001);
    expectOneEnd(report, { code: 1001, wasClean: true }, ["open"]);
  });

  test("faults/observer-disposes: an observer may close the sandbox in the middle of a turn", async () => {
    let heard = 0;
    const closed = deferred<void>();
    const sandbox = await createSandbox({
      isolation,
      observe(event) {
        if (event.type !== "console") return;
        heard += 1;
        if (event.message === "close me") void sandbox.close().then(() => closed.resolve());
      },
    });
    onTestFinished(() => sandbox.close());

    await Promise.allSettled([
      sandbox.run(`console.log("close me"); setTimeout(() => console.log("too late"), 50)`),
    ]);
    await closed.promise;

    expect(heard).toBe(1);
    await expect(sandbox.closed).resolves.toBeUndefined();
    // Beside an attack that does nothing, to see the other two sides.
    await expectSurvived({ isolation });
  });

  test("faults/observer-throws: what an observer throws is rethrown outside of the turn, and nothing else changes", async () => {
    using _tolerance = tolerateUncaught();
    const lines: string[] = [];
    const sandbox = await createSandbox({
      isolation,
      observe(event) {
        if (event.type !== "console") return;
        lines.push(event.message);
        throw new Error(`observed ${event.message}`);
      },
    });

    await sandbox.run(`try { console.log(1); console.log(2) } catch { console.log("seen") }`);
    await sandbox.close();
    await new Promise(setImmediate);

    expect(lines).toEqual(["1", "2"]);
    expect(takeEscapes()).toEqual(["escaped: Error: observed 1", "escaped: Error: observed 2"]);
    await expect(sandbox.closed).resolves.toBeUndefined();
  });
});

/** Places where a script may throw; every other listener still runs and the socket goes on. */
const throwers: readonly (readonly [place: string, script: string])[] = [
  ["onopen", `socket.onopen = fail`],
  ["onmessage", `socket.onmessage = fail`],
  ["onclose", `socket.onclose = fail`],
  ["onerror", `new Socket(onPort("10.0.0.1")).onerror = fail`],
  ["listener", `socket.addEventListener("message", fail)`],
  ["handle-event", `socket.addEventListener("message", { handleEvent: fail })`],
  ["handle-event-getter", `socket.addEventListener("message", { get handleEvent() { fail() } })`],
  ["timer", `setTimeout(fail, 0)`],
  ["interval", `const id = setInterval(() => { clearInterval(id); fail() }, 0)`],
  ["microtask", `queueMicrotask(fail)`],
  ["promise-job", `Promise.resolve().then(fail)`],
  ["async-function", `(async () => { await null; fail() })()`],
  ["rejection", `Promise.reject(new RangeError("mine"))`],
  ["dispatched-event", `addEventListener("x", fail); dispatchEvent(new Event("x"))`],
  ["abort-listener", `const c = new AbortController(); c.signal.onabort = fail; c.abort()`],
  ["error-handler", `onerror = fail; setTimeout(() => { throw new RangeError("mine") }, 0)`],
];

const throwCases: readonly HostileCase[] = throwers.map(([place, script]) => ({
  id: `faults/throw-in-${place}`,
  shows: "what is thrown is reported once, other listeners run and the socket lives",
  script: `
    const fail = () => { throw new RangeError("mine") };
    const socket = new Socket(echoUrl);
    ${script};
    socket.addEventListener("open", () => { print("open"); socket.send("a") });
    socket.addEventListener("message", ({ data }) => { print(data); socket.close(1000) });
    socket.addEventListener("close", ({ code }) => print(code));`,
  outcome: harmless(["open", "a", "1000"], {
    uncaught: Array.from({ length: place === "error-handler" ? 2 : 1 }, () => "RangeError: mine"),
    failures: place === "onerror" ? [{ stage: "policy" }] : [],
  }),
}));

const toServer = `connect(onPort("127.0.0.1"))`;

const connectionCases: readonly HostileCase[] = [
  {
    id: "faults/policy-refusal",
    shows: "a refusal by the policy looks failed, and the host has reason and host",
    script: `connect(onPort("10.0.0.1"))`,
    policy: ["ws://127.0.0.1:*"],
    outcome: refused({
      code: "ERR_POLICY_REFUSED",
      host: expect.stringMatching(/^10\.0\.0\.1:\d+$/) as string,
    }),
  },
  {
    id: "faults/dns-failure",
    shows: "a name that does not resolve looks failed, and the host has stage and code",
    script: `connect(onPort("name.example"))`,
    policy: ["ws://name.example:*"],
    transport: () =>
      wsTransport({
        lookup: (_name, _options, callback) =>
          callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), []),
      }),
    outcome: failing({ stage: "resolve", code: "ERR_NAME_NOT_RESOLVED", systemCode: "ENOTFOUND" }),
  },
  {
    id: "faults/tcp-failure",
    shows: "a port where nobody listens looks failed, and the host has stage and code",
    script: `connect("ws://127.0.0.1:1/")`,
    policy: ["ws://127.0.0.1:1"],
    outcome: failing({ stage: "connect", code: "ERR_CONNECT", systemCode: "ECONNREFUSED" }),
  },
  {
    id: "faults/tls-failure",
    shows: "a server that does not speak TLS looks failed, and the host has stage and code",
    script: `connect("wss://127.0.0.1:" + port)`,
    policy: ["wss://127.0.0.1:*"],
    async serve(peer) {
      await peer.readable();
      peer.socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    },
    outcome: failing({ stage: "tls", code: "ERR_TLS" }),
  },
  {
    id: "faults/upgrade-failure",
    shows: "an answer that is no upgrade looks failed, and the host has stage and status",
    script: toServer,
    async serve(peer) {
      await peer.readRequest();
      peer.socket.end("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    },
    outcome: failing({ stage: "handshake", code: "ERR_HANDSHAKE_STATUS", status: 503 }),
  },
  {
    id: "faults/fin-while-open",
    shows: "FIN while open is an error and 1006",
    script: toServer,
    async serve(peer) {
      await accept(peer);
      peer.socket.end();
    },
    outcome: failing({ stage: "open", code: "ERR_CONNECTION_LOST" }, ["open"]),
  },
  {
    id: "faults/reset-while-open",
    shows: "a reset while open is an error and 1006, and the host has the system's code",
    script: `${toServer}.onmessage = function () { print("message"); this.send("ready") }`,
    async serve(peer) {
      await accept(peer);
      peer.write(frame(opcodes.text, "a"));
      await peer.readFrame();
      peer.socket.resetAndDestroy();
    },
    outcome: failing({ stage: "open", code: "ERR_CONNECTION_LOST", systemCode: "ECONNRESET" }, [
      "open",
      "message",
    ]),
  },
  {
    id: "faults/close-frame",
    shows: "a close frame of the peer is a close with its code and reason",
    script: toServer,
    async serve(peer) {
      await accept(peer);
      peer.write(closeFrame(4001, "enough"));
      peer.socket.end();
    },
    outcome: harmless(["open", "close 4001 true enough"]),
  },
  {
    id: "faults/protocol-error",
    shows: "a frame that breaks the protocol is an error and 1006",
    script: toServer,
    async serve(peer) {
      await accept(peer);
      peer.write(frame(opcodes.text, "a", { reserved: 7 }));
    },
    outcome: failing({ stage: "open", code: "ERR_PROTOCOL" }, ["open"]),
  },
  {
    id: "faults/oversize-message",
    shows: "a message over the limit is an error and 1006",
    script: toServer,
    limits: { maxMessageBytes: 1_000 },
    async serve(peer) {
      await accept(peer);
      peer.write(frame(opcodes.binary, Buffer.alloc(1_001)));
    },
    outcome: failing({ stage: "open", code: "ERR_MESSAGE_TOO_LARGE" }, ["open"]),
  },
];

const endless = { maxTurnTime: 1_000 };

const endCases: readonly HostileCase[] = [
  {
    id: "faults/overrun-polled",
    shows: "a turn over its budget ends the sandbox with its sockets",
    script: `const socket = new Socket(echoUrl); socket.onopen = () => { print("open"); for (;;); }; socket.onclose = () => print("heard");`,
    limits: endless,
    outcome: killed("maxTurnTime", ["open"]),
  },
  {
    id: "faults/memory-exhausted",
    shows: "a script that leaves no memory for a message loses the connection, and hears of that",
    script: `
      var kept = [];
      const socket = new Socket(echoUrl);
      socket.onopen = () => { print("open"); socket.send("x".repeat(500_000)); for (let n = 2 ** 20; n >= 2 ** 16; n /= 2) for (;;) try { kept.push(new ArrayBuffer(n)) } catch { break } };
      socket.onmessage = socket.onclose = () => { kept = null; print("heard") };`,
    limits: { maxMemory: 16 * 2 ** 20 },
    outcome: clamped(["open", "heard"], {
      limits: ["maxMemory"],
      failures: [{ stage: "open", code: "ERR_MESSAGE_TOO_LARGE" }],
    }),
  },
];

const nativeCases: readonly HostileCase[] = [
  {
    id: "faults/overrun-unpolled",
    shows: "a native call that the engine never interrupts ends the sandbox with its sockets",
    script: `const socket = new Socket(echoUrl); socket.onopen = () => { [].indexOf.call({ length: 2 ** 53 - 1 }, 1) }; socket.onclose = () => print("heard");`,
    limits: endless,
    outcome: killed(),
  },
  {
    id: "faults/several-ends",
    shows: "a limit that ends the sandbox with several sockets tells the end of each once",
    script: `
      let open = 0;
      for (let i = 0; i < 6; i++) new Socket(echoUrl).onopen = () => { if (++open === 6) { print("open"); for (;;); } };`,
    limits: endless,
    outcome: killed("maxTurnTime", ["open"]),
  },
];

test.each(onBothThreads([...throwCases, ...connectionCases, ...endCases]))(
  "%s",
  async (_name, row) => {
    await expectContained(row);
  },
);

test.each(named(nativeCases))("%s", async (_name, row) => {
  await expectContained(row);
});

test("faults/exception-position: an uncaught exception is reported with the script's file and line", async () => {
  const { host } = await expectSurvived({
    script: `\n\nsetTimeout(() => {\n  throw new Error("here");\n}, 0);`,
  } satisfies Attack);

  expect(host.events.find(({ type }) => type === "error")).toMatchObject({
    exception: { name: "Error", message: "here", position: { file: "attack.js", line: 4 } },
  });
});

test("faults/script-throws: what a script throws at its top level refuses run() and leaves the sandbox alive", async () => {
  const { guest, host } = await expectSurvived({
    script: `print("before"); null.missing;`,
  });

  expect(host.run).toMatchObject({ code: "ERR_SCRIPT", guestName: "TypeError" });
  expect(host.ended).toBeUndefined();
  expect(guest).toEqual(["before", "still here"]);
});

test("faults/script-does-not-parse: a script that does not parse refuses run() and leaves the sandbox alive", async () => {
  const { guest, host } = await expectSurvived({ script: `for (;;` });

  expect(host.run).toMatchObject({ code: "ERR_SCRIPT", guestName: "SyntaxError" });
  expect(guest).toEqual(["still here"]);
});
