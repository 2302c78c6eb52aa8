import { describe, expect, test } from "vitest";
import type { Simulator } from "../../src/simulators/simulator.ts";
import type { TestSandbox } from "../../src/testing/driven-sandbox.ts";
import {
  closeWith,
  halfOpen,
  reset,
  resetMidMessage,
  serverRestart,
} from "../../src/testing/faults/breaking.ts";
import {
  latency,
  neverAnswer,
  refuse,
  slowHandshake,
} from "../../src/testing/faults/connecting.ts";
import type { Fault } from "../../src/testing/faults/fault.ts";
import { faulty, faultyTransport } from "../../src/testing/faults/faulty.ts";
import {
  bandwidth,
  duplicate,
  fragmentation,
  reorder,
  slowReader,
} from "../../src/testing/faults/messages.ts";
import { simulatedTransport } from "../../src/testing/simulated-transport.ts";
import { virtualClock } from "../../src/testing/virtual-clock.ts";
import { createRecordingSink } from "../support/recording-sink.ts";
import { transportRequest } from "../support/transport-request.ts";
import { accepting, echo, openTestSandbox, reporting } from "./support.ts";

/** Sends the numbers from 1 on as soon as a client is there. */
function counting(count: number): Simulator {
  return accepting((peer) => {
    for (let number = 1; number <= count; number += 1) peer.send(String(number));
  });
}

/** Runs a script that reports on its socket to a peer with faults. */
async function run(
  simulator: Simulator,
  faults: readonly Fault[],
  onOpen = "",
  seed = 1,
): Promise<TestSandbox> {
  return openTestSandbox({
    peers: { "ws://lamp.test": faulty(simulator, ...faults) },
    script: reporting("ws://lamp.test/", onOpen),
    seed,
  });
}

async function runToIdle(...parameters: Parameters<typeof run>): Promise<readonly string[]> {
  const sandbox = await run(...parameters);
  await sandbox.idle();
  return sandbox.lines;
}

describe("what a script sees of a connection that is not made", () => {
  test("refuse: a failure, soon", async () => {
    expect(await runToIdle(echo, [refuse()])).toEqual(["error at 20", "close 1006 - false at 20"]);
  });

  test("refuse, twice: the third attempt works", async () => {
    const sandbox = await openTestSandbox({
      peers: { "ws://lamp.test": faulty(echo, refuse({ times: 2 })) },
      script: `
        (function connect() {
          const socket = new WebSocket("ws://lamp.test/");
          socket.onopen = () => { console.log("open"); socket.close(); };
          socket.onerror = () => { console.log("error"); setTimeout(connect, 1_000); };
        })();
      `,
    });

    await sandbox.idle();

    expect(sandbox.lines).toEqual(["error", "error", "open"]);
    expect(sandbox.connections[0]?.end?.failure).toMatchObject({
      code: "ERR_CONNECT",
      systemCode: "ECONNREFUSED",
    });
  });

  test("slowHandshake: it opens late", async () => {
    expect(await runToIdle(echo, [slowHandshake(5_000)], "socket.close()")).toEqual([
      "open at 5000",
      "close 1005 - true at 5000",
    ]);
  });

  test("neverAnswer: the sandbox gives up after its handshakeTimeout", async () => {
    expect(await runToIdle(echo, [neverAnswer()])).toEqual([
      "error at 30000",
      "close 1006 - false at 30000",
    ]);
  });

  test("slowHandshake beyond the handshakeTimeout: as neverAnswer, and nothing comes later", async () => {
    const sandbox = await run(echo, [slowHandshake(31_000)]);

    await sandbox.advance(60_000);

    expect(sandbox.lines).toEqual(["error at 30000", "close 1006 - false at 30000"]);
  });
});

describe("what a script sees of a connection that breaks", () => {
  test("halfOpen: nothing, until keepalive finds out", async () => {
    const sandbox = await run(
      echo,
      [halfOpen({ afterMessages: 1 })],
      `socket.send("1"); setTimeout(() => socket.send("2"), 100)`,
    );

    await sandbox.idle();

    expect(sandbox.lines).toEqual([
      "open at 0",
      "message 1 at 0",
      "error at 50000",
      "close 1006 - false at 50000",
    ]);
    expect(sandbox.connections[0]?.end?.failure?.code).toBe("ERR_KEEPALIVE_TIMEOUT");
  });

  test("halfOpen: the network takes 64 KiB, the rest stays in bufferedAmount", async () => {
    const lines = await runToIdle(
      echo,
      [halfOpen()],
      `setTimeout(() => {
         for (let i = 0; i < 3; i++) socket.send(new Uint8Array(32_768));
         setTimeout(() => { tell(socket.bufferedAmount); socket.close(); }, 10);
       }, 10)`,
    );

    expect(lines).toEqual([
      "open at 0",
      "32768 at 20",
      "error at 10020",
      "close 1006 - false at 10020",
    ]);
  });

  test("reset: error and 1006, at the time that was asked for", async () => {
    expect(await runToIdle(echo, [reset({ afterTime: 300 })])).toEqual([
      "open at 0",
      "error at 300",
      "close 1006 - false at 300",
    ]);
  });

  test("resetMidMessage: the message never comes", async () => {
    expect(await runToIdle(counting(3), [resetMidMessage({ afterMessages: 1 })])).toEqual([
      "open at 0",
      "message 1 at 0",
      "error at 0",
      "close 1006 - false at 0",
    ]);
  });

  test("closeWith: the code and the reason, cleanly", async () => {
    const sandbox = await run(counting(3), [closeWith(1011, "broken", { afterMessages: 2 })]);

    await sandbox.idle();

    expect(sandbox.conversation()).toBe(
      "ws://lamp.test/\n  open\n  ← 1\n  ← 2\n  closed 1011 broken",
    );
    expect(sandbox.lines.at(-1)).toBe("close 1011 broken true at 0");
  });

  test("serverRestart: connections end, new ones are refused for a while, then all is well", async () => {
    const sandbox = await openTestSandbox({
      peers: {
        "ws://lamp.test": faulty(echo, serverRestart({ after: 1_000, downtime: 500, code: 1012 })),
      },
      script: `
        let attempts = 0;
        (function connect() {
          const name = ++attempts;
          const tell = (...what) => console.log(name, ...what, "at", Math.round(performance.now()));
          const socket = new WebSocket("ws://lamp.test/");
          socket.onopen = () => tell("open");
          socket.onclose = ({ code }) => { tell("close", code); setTimeout(connect, 400); };
        })();
      `,
    });

    await sandbox.advance(5_000);

    expect(sandbox.lines).toEqual([
      "1 open at 0",
      "1 close 1012 at 1000",
      "2 close 1006 at 1420",
      "3 open at 1820",
    ]);
  });

  test("serverRestart without a code: connections are reset", async () => {
    expect(await runToIdle(echo, [serverRestart({ after: 10 })])).toEqual([
      "open at 0",
      "error at 10",
      "close 1006 - false at 10",
    ]);
  });
});

describe("what a script sees of a network that is slow", () => {
  const ping = `socket.send("ping")`;

  test("latency: each direction takes its time", async () => {
    const sandbox = await run(echo, [latency(40)], ping);

    await sandbox.advance(1_000);

    // Once there and once back for the handshake, and for the message.
    expect(sandbox.lines).toEqual(["open at 80", "message ping at 160"]);
  });

  test("latency with jitter: other times, the same every time, and in order", async () => {
    const simulator = counting(20);
    const faults = [latency(100, { jitter: 50 })];
    const lines = async (seed: number): Promise<readonly string[]> => {
      const sandbox = await run(simulator, faults, "", seed);
      await sandbox.advance(1_000);
      return sandbox.lines;
    };

    const first = await lines(1);

    expect(await lines(1)).toEqual(first);
    expect(await lines(2)).not.toEqual(first);
    expect(first.slice(1).map((line) => line.split(" ")[1])).toEqual(
      Array.from({ length: 20 }, (_, index) => String(index + 1)),
    );
  });

  test("latency with jitter: connections overtake each other", async () => {
    const sandbox = await openTestSandbox({
      peers: { "ws://lamp.test": faulty(echo, latency(100, { jitter: 100 })) },
      script: `
        for (let i = 0; i < 5; i++) {
          new WebSocket("ws://lamp.test/" + i).onopen = () => console.log(i);
        }
      `,
    });

    await sandbox.advance(1_000);

    expect([...sandbox.lines].toSorted()).toEqual(["0", "1", "2", "3", "4"]);
    expect(sandbox.lines).not.toEqual(["0", "1", "2", "3", "4"]);
  });

  test("bandwidth: large messages take long, and bufferedAmount shows what has not left", async () => {
    const sandbox = await run(
      echo,
      [bandwidth({ up: 1_000, down: 2_000 })],
      `socket.send(new Uint8Array(1_000)); socket.send(new Uint8Array(1_000));
       for (const at of [999, 1_001, 2_001]) setTimeout(() => tell(socket.bufferedAmount), at);`,
    );

    await sandbox.advance(10_000);

    expect(sandbox.lines).toEqual([
      "open at 0",
      "2000 at 999",
      "1000 at 1001",
      "message 1000 at 1500",
      "0 at 2001",
      "message 1000 at 2500",
    ]);
  });

  test("slowReader: what the script sends waits, what it receives does not", async () => {
    const sandbox = await run(
      counting(2),
      [slowReader(100)],
      `for (let i = 0; i < 5; i++) socket.send("x".repeat(100));
       for (const at of [500, 2_500, 6_000]) setTimeout(() => tell(socket.bufferedAmount), at);`,
    );

    await sandbox.advance(10_000);

    expect(sandbox.lines).toEqual([
      "open at 0",
      "message 1 at 0",
      "message 2 at 0",
      "500 at 500",
      "300 at 2500",
      "0 at 6000",
    ]);
  });

  test("fragmentation: a large message arrives when its last fragment does", async () => {
    const sandbox = await run(
      accepting((peer) => {
        peer.send(new Uint8Array(10_000));
        peer.send("small");
      }),
      [fragmentation({ bytes: 1_000, interval: 5 })],
    );

    await sandbox.advance(1_000);

    expect(sandbox.lines).toEqual(["open at 0", "message 10000 at 50", "message small at 50"]);
  });

  test("fragmentation: incomplete messages count against the sandbox's limits", async () => {
    const sandbox = await openTestSandbox({
      peers: {
        "ws://lamp.test": faulty(
          accepting((peer) => peer.send(new Uint8Array(10_000))),
          fragmentation({ bytes: 1_000 }),
        ),
      },
      limits: { maxInboundBytes: 5_000 },
      script: reporting("ws://lamp.test/"),
    });

    await sandbox.idle();

    expect(sandbox.lines).toEqual(["open at 0", "error at 6", "close 1006 - false at 6"]);
    expect(sandbox.connections[0]?.end?.failure).toMatchObject({
      code: "ERR_LIMIT",
      message: expect.stringContaining("maxInboundBytes"),
    });
  });
});

describe("what a script sees of messages that are repeated or change places", () => {
  async function numbers(sandbox: TestSandbox): Promise<readonly unknown[]> {
    await sandbox.advance(1_000);
    return sandbox.connections[0]?.received ?? [];
  }

  test("duplicate: each message of the server twice", async () => {
    expect(await numbers(await run(counting(2), [duplicate()]))).toEqual(["1", "1", "2", "2"]);
  });

  test("duplicate by chance: some of them, the same every time", async () => {
    const first = await numbers(await run(counting(20), [duplicate({ chance: 0.5 })]));

    expect(first.length).toBeGreaterThan(20);
    expect(first.length).toBeLessThan(40);
    expect(await numbers(await run(counting(20), [duplicate({ chance: 0.5 })]))).toEqual(first);
  });

  test("duplicate from the script: the server answers twice, and bufferedAmount is right", async () => {
    const sandbox = await run(
      echo,
      [duplicate({ from: "script" })],
      `socket.send("x"); setTimeout(() => tell(socket.bufferedAmount), 10)`,
    );

    expect(await numbers(sandbox)).toEqual(["x", "x"]);
    expect(sandbox.lines.at(-1)).toBe("0 at 10");
  });

  test("reorder: neighbours change places, and none is lost", async () => {
    expect(await numbers(await run(counting(5), [reorder()]))).toEqual(["2", "1", "4", "3", "5"]);
  });

  test("reorder in a larger window: the same order every time", async () => {
    const faults = [reorder({ window: 8 })];
    const first = await numbers(await run(counting(16), faults));

    expect(first).not.toEqual(Array.from({ length: 16 }, (_, index) => String(index + 1)));
    expect([...first].map(Number).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 16 }, (_, index) => index + 1),
    );
    expect(await numbers(await run(counting(16), faults))).toEqual(first);
  });

  test("reorder: what waits comes before the end of the connection", async () => {
    const sandbox = await run(
      accepting((peer) => {
        peer.send("last");
        peer.close(1000);
      }),
      [reorder()],
    );

    await sandbox.idle();

    expect(sandbox.conversation()).toBe("ws://lamp.test/\n  open\n  ← last\n  closed 1000");
  });
});

describe("faults", () => {
  test("can be combined: the first is the nearest to the script", async () => {
    const sandbox = await run(counting(2), [
      duplicate(),
      latency(10),
      closeWith(4000, "", { afterMessages: 1 }),
    ]);

    await sandbox.idle();

    expect(sandbox.conversation({ times: true })).toBe(
      "ws://lamp.test/\n  20 ms open\n  20 ms ← 1\n  20 ms ← 1\n  20 ms closed 4000",
    );
  });

  test("hold for HTTP requests where they are about connecting", async () => {
    const clock = virtualClock();
    const log: string[] = [];
    const transport = simulatedTransport(
      {
        "http://lamp.test": faulty(
          { request: () => ({ status: 204 }) },
          slowHandshake(100),
          refuse({ times: 1 }),
        ),
      },
      { clock },
    );
    const send = (name: string): void => {
      transport.request(
        {
          url: "http://lamp.test/",
          method: "GET",
          headers: [],
          body: undefined,
          addresses: {},
          connect: {},
        },
        {
          reached: () => {},
          head: ({ status }) => log.push(`${name} ${status} at ${clock.now()}`),
          data: () => {},
          end: () => {},
          failed: ({ code }) => log.push(`${name} ${code} at ${clock.now()}`),
        },
      );
    };

    send("first");
    await clock.advance(1_000);
    send("second");
    await clock.advance(1_000);

    expect(log).toEqual(["first ERR_CONNECT at 100", "second 204 at 1100"]);
  });

  test("can be put before any transport", async () => {
    const clock = virtualClock();
    const sink = createRecordingSink();
    const inner = simulatedTransport({ "ws://lamp.test": echo }, { clock });
    const transport = faultyTransport(inner, [latency(10)], { clock });

    transport.connect(transportRequest({ url: "ws://lamp.test/" }), sink);
    await clock.advance(19);
    expect(sink.log).toEqual([]);
    await clock.advance(1);

    expect(sink.log).toEqual(["opened"]);
  });

  test.each([
    { make: () => latency(-1), message: "ms of latency() must be a number from 0, got -1" },
    {
      make: () => latency(1, { jitter: Number.NaN }),
      message: "jitter of latency() must be a number from 0, got NaN",
    },
    { make: () => bandwidth(0), message: "up of bandwidth() must be a number from 1, got 0" },
    {
      make: () => reset({ afterTime: -1 }),
      message: "afterTime of reset() must be a number from 0, got -1",
    },
    {
      make: () => closeWith(1006),
      message: "code of closeWith() must be one that a close frame may carry",
    },
    {
      make: () => faulty(echo, reset as unknown as Fault),
      message:
        "A fault is made by reset(), latency() or one of the others, got a function: call it",
    },
  ])("refuse what makes no sense: $message", ({ make, message }) => {
    expect(make).toThrow(
      expect.objectContaining({ code: "ERR_OPTION", message: expect.stringContaining(message) }),
    );
  });
});
