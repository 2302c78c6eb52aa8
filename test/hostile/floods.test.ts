import { describe, expect, test } from "vitest";
import { frame, opcodes, type RawPeer } from "../support/raw-server.ts";
import { expectKilled, type HostileCase, onBothThreads, openArena } from "./support/arena.ts";
import { flood } from "./support/flood.ts";
import { clamped, failing } from "./support/outcomes.ts";

const { expectContained, expectSurvived } = openArena();

/** Connections as fast as the script makes them: what bounds their number is looked at alone. */
const unthrottled = { maxConnectRate: 1_000_000, maxConnectDelay: 0 };

const overConnections = { stage: "limit", code: "ERR_LIMIT" } as const;

/** Floods, each with the limit that clamps it. */
const floods: readonly HostileCase[] = [
  {
    id: "floods/timers",
    shows: "a hundred thousand timers are clamped to the limit, and each of those fires",
    script: `
      let set = 0, refused = 0, fired = 0, name;
      for (let i = 0; i < 100_000; i++) {
        try { setTimeout(() => { if (++fired === set) print(fired) }, i % 5); set++ }
        catch (error) { refused++; name = error.name }
      }
      print(set + " " + refused + " " + name);`,
    outcome: clamped(["256 99744 QuotaExceededError", "256"], { limits: ["maxTimers"] }),
  },
  {
    id: "floods/intervals",
    shows: "intervals that set intervals stop at the limit",
    script: `
      const ids = [];
      const again = () => {
        try { for (;;) ids.push(setInterval(again, 0)) }
        catch (error) { print(error.name); ids.forEach(clearInterval) }
      };
      again();`,
    outcome: clamped(["QuotaExceededError"], { limits: ["maxTimers"] }),
  },
  {
    id: "floods/timer-churn",
    shows: "timers that are set and cleared for ever leave nothing behind",
    script: `for (let i = 0; i < 100_000; i++) clearTimeout(setTimeout(() => print("fired"), 0)); print("done")`,
    outcome: clamped(["done"]),
  },
  {
    id: "floods/timer-chain",
    shows: "timers that set themselves again do not keep others waiting",
    script: `
      let stopped = false;
      (function again() { if (!stopped) setTimeout(again, 0) })();
      const socket = connect(echoUrl);
      socket.addEventListener("open", () => { stopped = true; socket.close(1000) });`,
    outcome: clamped(["open", "close 1000 true"]),
  },
  {
    id: "floods/listeners",
    shows:
      "a hundred thousand listeners are clamped to the limit, and each of those is called once, in order",
    script: `
      const target = new EventTarget();
      let calls = 0, ordered = true, refused = 0, name;
      for (let i = 0; i < 100_000; i++) {
        try { target.addEventListener("x", () => { ordered &&= calls === i; calls++ }) }
        catch (error) { refused++; name = error.name }
      }
      target.dispatchEvent(new Event("x"));
      print(calls + " " + ordered + " " + refused + " " + name);`,
    outcome: clamped(["1000 true 99000 QuotaExceededError"], { limits: ["maxListeners"] }),
  },
  {
    id: "floods/same-listener",
    shows: "one listener that is added a hundred thousand times is called once",
    script: `
      const target = new EventTarget();
      let calls = 0;
      const listener = () => calls++;
      for (let i = 0; i < 100_000; i++) target.addEventListener("x", listener);
      target.dispatchEvent(new Event("x"));
      print(calls);`,
    outcome: clamped(["1"]),
  },
  {
    id: "floods/connect",
    shows: "connections beyond the limit fail, and those below it open",
    script: `
      let opened = 0, failed = 0;
      const sockets = [];
      const count = () => {
        if (opened + failed < 1_000) return;
        print(opened + " " + failed);
        sockets.forEach((socket) => { socket.onclose = null; socket.close() });
      };
      for (let i = 0; i < 1_000; i++) {
        const socket = new WebSocket(echoUrl);
        socket.onopen = () => { opened++; count() };
        socket.onclose = () => { failed++; count() };
        sockets.push(socket);
      }`,
    limits: unthrottled,
    outcome: clamped(["8 992"], {
      limits: ["maxConnections"],
      failures: Array.from({ length: 992 }, () => overConnections),
    }),
  },
  {
    id: "floods/connect-in-one-turn",
    shows: "a loop that connects for ever is stopped by an exception before its turn ends",
    script: `
      let made = 0;
      try { for (;;) { new WebSocket(onPort("10.0.0.1")); made++ } }
      catch (error) { print(made + " " + error.name) }`,
    limits: unthrottled,
    outcome: clamped(["1032 QuotaExceededError"], {
      limits: ["maxConnections"],
      failures: Array.from({ length: 1_032 }, () => ({})),
    }),
  },
  {
    id: "floods/subprotocols-in-one-turn",
    shows: "thousands of subprotocols of connections that wait are stopped by their size together",
    script: `
      const protocols = Array.from({ length: 2_700 }, (_, i) => String(1_000 + i));
      let made = 0;
      try { for (;;) { new WebSocket(onPort("10.0.0.1"), protocols); made++ } }
      catch (error) { print(made + " " + error.name) }`,
    limits: unthrottled,
    outcome: clamped(["44 QuotaExceededError"], {
      limits: ["maxConnections"],
      failures: Array.from({ length: 44 }, () => ({})),
    }),
  },
  {
    id: "floods/connect-and-destroy",
    shows: "a loop that opens and destroys is stopped before its turn ends, and reaches nobody",
    script: `
      try { for (;;) new WebSocket(onPort("127.0.0.1")).destroy() }
      catch (error) { print(error.name) }`,
    outcome: clamped(["QuotaExceededError"], {
      limits: ["maxConnections"],
      failures: Array.from({ length: 1_032 }, () => ({ code: "ERR_ABORTED" as const })),
    }),
  },
  {
    id: "floods/connect-and-close",
    shows: "a loop that opens and closes at once fails every connection once",
    script: `
      let closed = 0;
      for (let i = 0; i < 500; i++) {
        const socket = new WebSocket(echoUrl);
        socket.onclose = ({ code }) => { if (++closed === 500) print(closed + " " + code) };
        socket.close();
      }`,
    outcome: clamped(["500 1006"], {
      failures: Array.from({ length: 500 }, () => ({ code: "ERR_CLOSED_BY_SCRIPT" as const })),
    }),
  },
  {
    id: "floods/reconnect",
    shows: "a script that reconnects as soon as it is refused does so in turns of its own",
    script: `
      let tries = 0;
      (function again() {
        if (++tries > 300) return print("gave up");
        new WebSocket(onPort("10.0.0.1")).onclose = again;
      })();`,
    limits: unthrottled,
    outcome: clamped(["gave up"], {
      failures: Array.from({ length: 300 }, () => ({ stage: "policy" as const })),
    }),
  },
  {
    id: "floods/connect-rate",
    shows: "connections beyond the rate wait, and are as good as never made when the script goes",
    script: `
      const sockets = Array.from({ length: 100 }, () => new WebSocket(onPort("10.0.0.1")));
      setTimeout(() => {
        print(sockets.filter(({ readyState }) => readyState === 0).length);
        sockets.forEach((socket) => socket.destroy());
      }, 200);`,
    limits: { maxConnections: 200, maxConnecting: 200, maxConnectDelay: 0 },
    outcome: clamped(["40"], {
      failures: [
        ...Array.from({ length: 60 }, () => ({ stage: "policy" as const })),
        ...Array.from({ length: 40 }, () => ({ code: "ERR_ABORTED" as const })),
      ],
    }),
  },
  {
    id: "floods/open-close",
    shows: "a script that opens and closes again and again leaves no socket behind",
    script: `
      let rounds = 0;
      (function again() {
        if (++rounds > 60) return print("done");
        const socket = new WebSocket(echoUrl);
        socket.onopen = () => socket.close(1000);
        socket.onclose = again;
      })();`,
    outcome: clamped(["done"]),
  },
  {
    id: "floods/send-to-silent-peer",
    shows: "a loop that sends to a peer that does not read fails its connection at the limit",
    script: `
      const socket = connect(onPort("127.0.0.1"));
      const chunk = new Uint8Array(100_000);
      socket.onopen = function flood() {
        if (socket.readyState !== 1) return;
        for (let i = 0; i < 10; i++) socket.send(chunk);
        setTimeout(flood, 0);
      };`,
    limits: { maxBufferedBytes: 2_000_000 },
    async serve(peer) {
      await peer.readRequest();
      peer.answer();
      peer.socket.pause();
      peer.socket.once("end", () => peer.socket.destroy());
      // A paused socket does not see the end: what is written to it does.
      const probe = setInterval(() => peer.write(frame(opcodes.ping)), 5);
      peer.socket.once("close", () => clearInterval(probe));
    },
    outcome: failing({ stage: "open", code: "ERR_LIMIT" }, [], { limits: ["maxBufferedBytes"] }),
  },
  {
    id: "floods/send-in-one-turn",
    shows: "a loop that sends within one turn fails its connection at the limit",
    script: `
      const socket = connect(echoUrl);
      socket.onopen = () => { for (let i = 0; i < 1_000; i++) socket.send(new Uint8Array(100_000)); print("sent") };`,
    outcome: failing({ stage: "open", code: "ERR_LIMIT" }, ["sent"], {
      limits: ["maxBufferedBytes"],
    }),
  },
  {
    id: "floods/send-empty",
    shows: "empty messages without number fail their connection at the limit",
    script: `
      const socket = connect(echoUrl);
      socket.onopen = () => { for (let i = 0; i < 100_000; i++) socket.send(""); print("sent") };`,
    outcome: failing({ stage: "open", code: "ERR_LIMIT" }, ["sent"], {
      limits: ["maxBufferedBytes"],
    }),
  },
  {
    id: "floods/send-while-closing",
    shows: "what is sent after close() is counted and goes nowhere",
    script: `
      const socket = connect(echoUrl);
      socket.onopen = () => {
        socket.close(1000);
        for (let i = 0; i < 100; i++) socket.send("x".repeat(1_000));
        print(socket.bufferedAmount);
      };`,
    outcome: clamped(["100000", "close 1000 true"]),
  },
  {
    id: "floods/send-too-large",
    shows: "a message over the limit fails its connection and sends nothing",
    script: `
      const socket = connect(echoUrl);
      socket.onopen = () => socket.send(new Uint8Array(2 ** 20 + 1));`,
    outcome: failing({ stage: "open", code: "ERR_MESSAGE_TOO_LARGE" }, [], {
      limits: ["maxMessageBytes"],
    }),
  },
  {
    id: "floods/rejections",
    shows: "a hundred thousand rejections are reported up to a bound",
    script: `onunhandledrejection = (event) => event.preventDefault(); for (let i = 0; i < 100_000; i++) Promise.reject(i); print("done")`,
    outcome: clamped(["done"]),
  },
  {
    id: "floods/microtasks",
    shows: "as many microtasks as a turn may have run before the next event",
    script: `
      let count = 0;
      for (let i = 0; i < 100_000; i++) queueMicrotask(() => count++);
      setTimeout(() => print(count), 0);`,
    limits: { maxMemory: 128 * 2 ** 20 },
    outcome: clamped(["100000"]),
  },
  {
    id: "floods/labels",
    shows: "labels of console counters without number take bounded memory",
    limits: { maxConsoleLines: 10_000, maxConsoleBytes: 2 ** 24 },
    script: `for (let i = 0; i < 5_000; i++) { console.time("label" + i); console.countReset("label" + i) } console.clear(); print("done")`,
    outcome: clamped([...Array.from({ length: 5_000 }, () => expect.any(String)), "done"]),
  },
  {
    id: "floods/groups",
    shows: "nested groups of the console stop indenting",
    script: `for (let i = 0; i < 100_000; i++) console.group(); print("in"); for (let i = 0; i < 100_000; i++) console.groupEnd(); print("out")`,
    outcome: clamped([" ".repeat(64) + "in", "out"]),
  },
  {
    id: "floods/update-re-entered",
    shows:
      "update() that is called by every callback neither recurses without end nor loses events",
    script: `
      const socket = new WebSocket(echoUrl);
      let echoes = 0;
      socket.onopen = () => { for (let i = 0; i < 200; i++) socket.send("" + i) };
      socket.onmessage = ({ data }) => { if (data === "" + echoes) echoes++; NetworkDevice.update() };
      const poll = setInterval(() => {
        NetworkDevice.update();
        if (echoes === 200) { clearInterval(poll); print("all"); socket.destroy() }
      }, 1);`,
    options: { delivery: "update" },
    outcome: clamped(["all"], { failures: [{ code: "ERR_ABORTED" }] }),
  },
];

test.each(onBothThreads(floods))("%s", async (_name, row) => {
  await expectContained(row);
});

describe("floods of the host", () => {
  test("floods/connect-back-off: a script whose connections all fail is made to wait longer and longer", async () => {
    const { guest, host } = await expectSurvived({
      script: `
        let tries = 0, last;
        const again = () => { tries++; last = new WebSocket(onPort("10.0.0.1")); last.onclose = again };
        again();
        setTimeout(() => { last.onclose = null; last.close(); print(tries < 20) }, 900);`,
    });

    expect(guest[0]).toBe("true");
    expect(host.ended).toBeUndefined();
  });

  test("floods/console-limit: what a script prints beyond its lines within a second is dropped", async () => {
    const { guest, host } = await expectSurvived({
      script: `for (let i = 0; i < 5_000; i++) print(i); for (const end = Date.now() + 1_000; Date.now() < end; ); print("later")`,
      limits: { maxTurnTime: 30_000 },
    });

    expect(guest).toContain("later");
    expect(guest.length).toBeLessThan(5_000);
    expect(host.limits).toContain("maxConsoleLines");
    expect(host.ended).toBeUndefined();
  });

  test("floods/console: two hundred thousand console lines reach the observer, in bounded memory", async () => {
    const { guest, host } = await expectSurvived({
      script: `for (let i = 0; i < 200_000; i++) print(i)`,
      limits: { maxTurnTime: 60_000, maxConsoleLines: 1_000_000, maxConsoleBytes: 2 ** 30 },
    });

    expect(guest).toHaveLength(200_001);
    expect(guest[199_999]).toBe("199999");
    expect(host.ended).toBeUndefined();
  });

  test("floods/console-without-end: a script that prints for ever is ended like any other", async () => {
    const { host } = await expectSurvived({
      script: `for (;;) print("x".repeat(1_000))`,
      limits: { maxTurnTime: 1_000, maxConsoleLines: 1_000_000, maxConsoleBytes: 2 ** 30 },
    });

    expectKilled(host, "maxTurnTime");
  });

  test("floods/reports-without-end: a script that reports errors for ever is ended like any other", async () => {
    const { host } = await expectSurvived({
      script: `onerror = () => true; for (;;) reportError(new Error("again"))`,
      limits: { maxTurnTime: 1_000, maxConsoleLines: 1_000_000, maxConsoleBytes: 2 ** 30 },
    });

    expectKilled(host, "maxTurnTime");
  });

  test.each([
    [
      "floods/slow-observer: an observer that cannot keep up makes the script wait, not the memory grow",
      `print("x".repeat(10_000))`,
    ],
    [
      "floods/slow-observer-of-reports: exceptions with long names make it wait, too",
      `reportError({ name: "x".repeat(8_000), message: "", stack: "" })`,
    ],
  ])("%s", async (_name, tell) => {
    const count = 500;
    const { guest, host } = await expectSurvived({
      script: `
        let longest = 0, last = performance.now();
        print("begins");
        for (let i = 0; i < ${count}; i++) {
          ${tell};
          longest = Math.max(longest, performance.now() - last);
          last = performance.now();
        }
        print(longest >= 200);`,
      limits: { maxConsoleLines: 1_000_000, maxConsoleBytes: 2 ** 30 },
      meanwhile: async ({ printed }) => {
        await printed("begins");
        // Blocks the thread that observes: of 4 MB or more the script may be 64 KiB ahead.
        for (const end = performance.now() + 400; performance.now() < end;);
      },
    });

    expect(host.events.length).toBeGreaterThan(count);
    expect(guest.at(-2)).toBe("true");
    expect(host.ended).toBeUndefined();
  });
});

/** Accepts and sends messages as fast as the client takes them. */
async function floodMessages(peer: RawPeer): Promise<void> {
  await peer.readRequest();
  peer.answer();
  await flood(peer, frame(opcodes.binary, Buffer.alloc(60_000)));
}

describe("floods of a server", () => {
  /** What the system's own buffers for a socket may hold, and a queue of messages. */
  const bearable = 32 * 2 ** 20;

  test("floods/server-and-slow-script: what a script has not taken waits at the server", async () => {
    let taken = 0;
    await expectContained({
      id: "floods/server-and-slow-script",
      shows: "what a script has not taken waits at the server",
      script: `
        const socket = new WebSocket(onPort("127.0.0.1"));
        let count = 0;
        socket.onmessage = () => {
          for (const end = Date.now() + 5; Date.now() < end;);
          if (++count === 20) { print("enough"); socket.destroy() }
        };`,
      limits: { maxQueuedEvents: 8 },
      async serve(peer) {
        await floodMessages(peer);
        taken = peer.socket.bytesWritten;
      },
      outcome: clamped(["enough"], { accepted: 1, failures: [{ code: "ERR_ABORTED" }] }),
    });

    expect(taken).toBeLessThan(bearable);
  });

  test("floods/server-and-busy-script: a script that never yields takes nothing, and ends", async () => {
    const { host } = await expectSurvived({
      script: `new WebSocket(onPort("127.0.0.1")).onmessage = () => { for (;;); }`,
      limits: { maxTurnTime: 1_000 },
      serve: floodMessages,
    });

    expectKilled(host, "maxTurnTime");
  });

  test("floods/server-and-held-events: events that wait for update() are bounded", async () => {
    let taken = 0;
    await expectContained({
      id: "floods/server-and-held-events",
      shows: "events that wait for update() are bounded",
      script: `
        const socket = new WebSocket(onPort("127.0.0.1"));
        let ticks = 0;
        const poll = setInterval(() => {
          if (++ticks < 30) return;
          clearInterval(poll);
          NetworkDevice.update();
          print(socket.readyState);
          socket.destroy();
        }, 5);`,
      limits: { maxQueuedEvents: 8 },
      options: { delivery: "update" },
      async serve(peer) {
        await floodMessages(peer);
        taken = peer.socket.bytesWritten;
      },
      outcome: clamped(["1"], { accepted: 1, failures: [{ code: "ERR_ABORTED" }] }),
    });

    expect(taken).toBeLessThan(bearable);
  });
});
