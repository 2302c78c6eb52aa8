import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SandboxEvent } from "../../src/events.ts";
import { allowOrigins } from "../../src/policy/allow-origins.ts";
import { createSandbox, type Sandbox } from "../../src/sandbox.ts";
import {
  closeFrame,
  frame,
  opcodes,
  openRawServer,
  type RawPeer,
  type RawServer,
} from "../support/raw-server.ts";

// Whatever goes wrong on a connection, and whenever its sandbox is disposed of: each connection has one end, and nothing is left.

/** What a server does to a client that asked for the path of that name. */
const faults: Readonly<Record<string, (peer: RawPeer) => unknown>> = {
  silence: () => undefined,
  refusal: (peer) => peer.socket.end("HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n"),
  redirect: (peer) => peer.socket.end("HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
  resetEarly: (peer) => peer.socket.resetAndDestroy(),
  wrongKey: (peer) => peer.answer({ accept: "wrong" }),
  half: (peer) => peer.write("HTTP/1.1 101 Switching"),
  open: (peer) => peer.answer(),
  echoless: (peer) => peer.answer({ frames: frame(opcodes.text, "hello") }),
  reset: (peer) => (peer.answer(), peer.socket.resetAndDestroy()),
  end: (peer) => (peer.answer(), peer.socket.end()),
  close: (peer) => (peer.answer({ frames: closeFrame(4000, "bye") }), peer.socket.end()),
  closeHalf: (peer) => peer.answer({ frames: closeFrame(4000, "bye") }),
  garbage: (peer) => peer.answer({ frames: frame(opcodes.text, "x", { reserved: 7 }) }),
  badText: (peer) => peer.answer({ frames: frame(opcodes.text, Buffer.from([0xff])) }),
  partial: (peer) => peer.answer({ frames: frame(opcodes.text, "x".repeat(100)).subarray(0, 50) }),
  large: (peer) => peer.answer({ frames: frame(opcodes.binary, Buffer.alloc(2_000)) }),
  pings: (peer) =>
    peer.answer({ frames: Buffer.concat(Array.from({ length: 200 }, () => frame(opcodes.ping))) }),
  flood: (peer) =>
    peer.answer({
      frames: Buffer.concat(Array.from({ length: 200 }, () => frame(opcodes.text, "x"))),
    }),
};

/** What scripts do with a socket, each on its own connection. */
const acts: Readonly<Record<string, string>> = {
  nothing: ``,
  closes: `socket.onopen = () => socket.close(1000, "done");`,
  closesEarly: `socket.close();`,
  destroys: `socket.onopen = () => socket.destroy();`,
  destroysEarly: `socket.destroy();`,
  destroysAtError: `socket.onerror = () => socket.destroy();`,
  sends: `socket.onopen = () => { for (let i = 0; i < 50; i++) socket.send("x".repeat(1000)) };`,
  throws: `socket.onopen = socket.onmessage = socket.onclose = () => { throw new Error("x") };`,
  reconnects: `socket.onclose = () => connect(url);`,
  waits: `setTimeout(() => socket.close(), 1e6);`,
};

/** Many sandboxes one after another take their time on a machine that is busy. */
const patience = 240_000;

/** When a sandbox is disposed of: after its script has run, when idle, or inside the observer at its n-th event. */
const moments = fc.oneof(
  fc.constant("after the script" as const),
  fc.constant("with a message" as const),
  fc.integer({ min: 1, max: 12 }),
);

const plans = fc.record({
  connections: fc.array(
    fc.record({
      fault: fc.constantFrom("refusedByPolicy", "nobody", ...Object.keys(faults)),
      act: fc.constantFrom(...Object.keys(acts)),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  moment: moments,
  overruns: fc.boolean(),
});

describe.each([
  ["none", 30],
  ["worker", 12],
] as const)("with isolation %j", (isolation, numRuns) => {
  test(
    "any fault and any moment of disposal leave no socket, handle, timer or thread",
    async () => {
      const server = await openRawServer();
      void serve(server);
      const baseline = process.getActiveResourcesInfo();

      await fc.assert(
        fc.asyncProperty(plans, async (plan) => {
          const events = await runPlan(plan, server);

          await server.empty();
          while (leftovers(baseline).length > 0) await nextTurn();
          const started = events.filter(({ type }) => type === "connecting");
          const ended = events.filter(({ type }) => type === "closed");
          const ids = ended.map((event) => event.type === "closed" && event.connection);
          expect(new Set(ids).size).toBe(ids.length);
          expect(ended).toHaveLength(started.length);
        }),
        { numRuns },
      );
    },
    patience,
  );

  async function runPlan(
    { connections, moment, overruns }: typeof plans extends fc.Arbitrary<infer Plan> ? Plan : never,
    server: RawServer,
  ): Promise<readonly SandboxEvent[]> {
    const events: SandboxEvent[] = [];
    let sandbox: Sandbox | undefined;
    const created = await createSandbox({
      isolation,
      policy: allowOrigins(["ws://127.0.0.1:*"], { deny: ["ws://127.0.0.1:9999"] }),
      limits: { maxTurnTime: overruns ? 50 : 30_000, maxMessageBytes: 1_000, closeTimeout: 200 },
      observe(event) {
        events.push(event);
        if (events.length === moment) void sandbox?.close();
      },
    });
    sandbox = created;
    const script = connections.map(({ fault, act }) => {
      const port = fault === "refusedByPolicy" ? 9999 : fault === "nobody" ? 1 : server.port;
      const url = `ws://127.0.0.1:${port}/${fault}`;
      return `{ let left = 3; const url = ${JSON.stringify(url)};
        const connect = (url) => { if (left-- > 0) { const socket = new WebSocket(url); ${acts[act] ?? ""} } };
        connect(url); }`;
    });
    const run = sandbox.run(`${script.join("\n")}\n${overruns ? "for (;;);" : ""}`);
    await Promise.allSettled([run]);
    if (moment === "with a message") {
      // One more connection, whose message is the moment.
      const said = new Promise((resolve) => {
        const look = setInterval(() => {
          if (events.some(({ type }) => type === "console" || type === "killed"))
            resolve(clearInterval(look));
        }, 1);
      });
      const url = `ws://127.0.0.1:${server.port}/echoless`;
      const last = sandbox.run(
        `new WebSocket("${url}").onmessage = ({ data }) => console.log(data)`,
      );
      await Promise.allSettled([last, said]);
    }
    await sandbox.close();
    await sandbox.closed;
    return events;
  }
});

async function serve(server: RawServer): Promise<never> {
  for (;;) {
    const peer = await server.next();
    void peer.readRequest().then(
      (request) => {
        const path = /^GET \/(\w*)/.exec(request)?.[1] ?? "";
        faults[path]?.(peer);
        // Whoever closes is answered by the end of the connection.
        peer.socket.on("end", () => peer.socket.end());
      },
      () => undefined,
    );
  }
}

/** What keeps this process busy beyond `baseline`. The test runner's own timer comes and goes. */
function leftovers(baseline: readonly string[]): readonly string[] {
  const allowed = ["Timeout", ...baseline];
  return process.getActiveResourcesInfo().filter((name) => {
    const index = allowed.indexOf(name);
    if (index >= 0) allowed.splice(index, 1);
    return index < 0 && name !== "Immediate";
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
