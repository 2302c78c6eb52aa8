import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { SandboxEvent } from "../../src/events.ts";
import { createTestSandbox } from "../../src/testing/test-sandbox.ts";
import { createConsumer } from "../support/consumer.ts";
import { accepting, echo, openTestSandbox, reporting } from "./support.ts";

const echoing = `
  const socket = new WebSocket("ws://echo.test/");
  socket.onopen = () => socket.send("hello");
  socket.onmessage = () => socket.close(1000, "done");
`;

describe("a test sandbox", () => {
  test("runs a whole conversation with a peer before the script's run() is over", async () => {
    const sandbox = await openTestSandbox({ peers: { "ws://echo.test": echo }, script: echoing });

    expect(sandbox.conversation()).toBe(
      "ws://echo.test/\n  open\n  → hello\n  ← hello\n  closed 1000 done",
    );
    await sandbox.idle();
  });

  test("passes a minute in a moment", async () => {
    const sandbox = await openTestSandbox({
      script: `setTimeout(() => console.log("late at", performance.now()), 60_000);`,
    });

    await sandbox.advance(59_999);
    expect(sandbox.lines).toEqual([]);
    await sandbox.advance(1);

    expect(sandbox.lines).toEqual(["late at 60000"]);
  });

  test("shows the script one time in all its clocks", async () => {
    const sandbox = await openTestSandbox();

    await sandbox.advance(1_500);
    await sandbox.run(
      "console.log(Date.now(), new Date().toISOString(), performance.timeOrigin, performance.now())",
    );

    expect(sandbox.lines).toEqual(["1577836801500 2020-01-01T00:00:01.500Z 1577836800000 1500"]);
  });

  const chances =
    "console.log(Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(4)))";

  test("leaves nothing to chance", async () => {
    const one = await openTestSandbox({ script: chances });
    const other = await openTestSandbox({ script: chances });

    expect(other.lines).toEqual(one.lines);
  });

  test("has other chances with another seed", async () => {
    const one = await openTestSandbox({ script: chances, seed: 1 });
    const other = await openTestSandbox({ script: chances, seed: 2 });

    expect(other.lines).not.toEqual(one.lines);
  });

  test("tells everything in the same order with the same times, every time", async () => {
    const script = `
      for (let i = 0; i < 5; i++) {
        const socket = new WebSocket(i % 2 ? "ws://echo.test/" + i : "ws://gone.test/" + i);
        socket.onopen = () => { for (let j = 0; j < 50; j++) socket.send(String(Math.random())); };
        socket.onmessage = ({ data }) => { setTimeout(() => console.log(data), Math.random() * 10); };
        socket.onerror = () => setTimeout(() => new WebSocket("ws://gone.test/again"), 100);
      }
    `;
    const run = async (): Promise<readonly SandboxEvent[]> => {
      const sandbox = await openTestSandbox({ peers: { "ws://echo.test": echo }, script });
      await sandbox.advance(20_000);
      return [...sandbox.events];
    };

    const events = await run();

    expect(events.length).toBeGreaterThan(300);
    expect(await run()).toEqual(events);
  });

  test("lets no time pass while the host works for the script, one thing after another", async () => {
    const sandbox = await openTestSandbox({
      script: `
        const tell = (name) => () => console.log(name, performance.now());
        setTimeout(tell("timer"), 1);
        const large = new Uint8Array(3_000_000);
        crypto.subtle.digest("SHA-512", large).then(tell("large"));
        crypto.subtle.digest("SHA-1", new Uint8Array(1)).then(tell("small"));
      `,
    });

    await sandbox.idle();

    expect(sandbox.lines).toEqual(["large 0", "small 0", "timer 1"]);
  });

  test("gives a module that awaits at its top level the time that it needs", async () => {
    const sandbox = await openTestSandbox({ peers: { "ws://echo.test": echo } });

    await sandbox.run(
      `const socket = new WebSocket("ws://echo.test/");
       await new Promise((resolve) => { socket.onopen = resolve; });
       await new Promise((resolve) => setTimeout(resolve, 5_000));
       socket.close();
       console.log("done");`,
      { type: "module" },
    );

    expect(sandbox.lines).toEqual(["done"]);
    expect(sandbox.clock.now()).toBe(5_000);
  });

  test("takes the script from a file, with what it imports, as URL and as path", async () => {
    await using consumer = await createConsumer();
    const file = await consumer.write(
      "main.mts",
      `import { name } from "./lib/name.js"; const text: string = name; console.log(text);`,
    );
    await consumer.write("lib/name.js", `export const name = "lamp";`);

    const byUrl = await openTestSandbox({ script: pathToFileURL(file) });
    const byPath = await openTestSandbox({ script: file });

    expect(byUrl.lines).toEqual(["lamp"]);
    expect(byPath.lines).toEqual(["lamp"]);
  });

  test("keepalive finds a peer that has gone silent", async () => {
    const sandbox = await openTestSandbox({
      peers: { "ws://lamp.test": accepting((peer) => peer.silence()) },
      script: reporting("ws://lamp.test/"),
    });

    await sandbox.idle();

    expect(sandbox.lines).toEqual(["open at 0", "error at 50000", "close 1006 - false at 50000"]);
  });

  test("until() goes on to what it is asked for and no further", async () => {
    const sandbox = await openTestSandbox({
      script: `let count = 0; setInterval(() => console.log(++count), 1_000);`,
    });

    const line = await sandbox.until(() => sandbox.lines.find((text) => text === "3"));

    expect(line).toBe("3");
    expect(sandbox.clock.now()).toBe(3_000);
    expect(sandbox.lines).toHaveLength(3);
  });

  test("until() rejects with what its condition throws", async () => {
    const sandbox = await openTestSandbox({ script: "setTimeout(() => console.log(1), 10)" });

    const waiting = sandbox.until(() => {
      if (sandbox.lines.length > 0) throw new RangeError("a bug of the test");
    });

    await expect(waiting).rejects.toThrow(RangeError);
  });

  test("passes on whether the device is on a network", async () => {
    const sandbox = await openTestSandbox({
      script: "self.onoffline = () => console.log(navigator.onLine)",
    });

    await sandbox.setOnline(false);

    expect(sandbox.lines).toEqual(["false"]);
  });

  test("tells an observer of the test everything, too", async () => {
    const types: string[] = [];
    await openTestSandbox({
      peers: { "ws://echo.test": echo },
      script: echoing,
      observe: ({ type }) => types.push(type),
    });

    expect(types).toEqual(["connecting", "open", "sent", "received", "closing", "closed"]);
  });

  test("keeps what the script has not caught", async () => {
    const sandbox = await openTestSandbox({
      script: `setTimeout(function ring() { throw new TypeError("no bell") }, 10);`,
    });

    await sandbox.idle();

    expect(sandbox.exceptions).toMatchObject([{ name: "TypeError", message: "no bell" }]);
    expect(sandbox.exceptions[0]?.stack).toContain("at ring (script.js:1:");
  });

  test("obeys a policy of the test's own", async () => {
    const sandbox = await openTestSandbox({
      peers: { "ws://echo.test": echo },
      policy: { allow: [] },
      script: echoing,
    });

    await sandbox.idle();

    expect(sandbox.connections[0]?.end?.failure?.code).toBe("ERR_POLICY_REFUSED");
  });

  test("shares a clock with another sandbox", async () => {
    const first = await openTestSandbox({ script: `setTimeout(() => console.log("first"), 20)` });
    const second = await openTestSandbox({
      clock: first.clock,
      script: `setTimeout(() => console.log("second"), 10)`,
    });

    await first.advance(20);

    expect(first.lines).toEqual(["first"]);
    expect(second.lines).toEqual(["second"]);
  });

  test("does not mind fake timers of the test runner", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const sandbox = await openTestSandbox({
      peers: { "ws://echo.test": echo },
      script: `${echoing} setTimeout(() => console.log("late"), 60_000);`,
    });

    await sandbox.idle();

    expect(sandbox.lines).toEqual(["late"]);
    await expect(sandbox.until(() => sandbox.lines[1])).rejects.toMatchObject({
      code: "ERR_STALLED",
    });
  });

  test("closes with 1001, also when the peer does not answer", async () => {
    const closes: string[] = [];
    const sandbox = await createTestSandbox({
      peers: {
        "ws://polite.test": accepting((peer) => {
          peer.onclose = (code) => closes.push(`polite ${code}`);
        }),
        "ws://dead.test": accepting((peer) => {
          peer.onmessage = () => peer.silence();
        }),
      },
      script: `
        new WebSocket("ws://polite.test/");
        const dead = new WebSocket("ws://dead.test/");
        dead.onopen = () => dead.send("x");
      `,
    });

    await sandbox.close();
    await sandbox.close();

    expect(closes).toEqual(["polite 1001"]);
    expect(sandbox.connections.map(({ state }) => state)).toEqual(["closed", "closed"]);
    await expect(sandbox.run("1")).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });
});

describe("a test learns what is wrong", () => {
  test("when the script throws: the script's error with its place", async () => {
    const creating = createTestSandbox({ script: "\n  lamp.on()" });

    await expect(creating).rejects.toMatchObject({
      code: "ERR_SCRIPT",
      guestName: "ReferenceError",
      position: { file: "script.js", line: 2 },
    });
  });

  test("when the script never ends: how far it came, and what is left", async () => {
    const sandbox = await openTestSandbox({ script: "setInterval(() => {}, 60_000)" });

    await expect(sandbox.idle()).rejects.toMatchObject({
      name: "TestError",
      code: "ERR_ENDLESS",
      message: expect.stringMatching(
        /^It goes on for ever: after up to \d+ steps and 86400000 ms of virtual time 1 timer of the script wait.* advance\(ms\)/,
      ),
    });
  });

  test("when one turn of the script never ends: the limit", async () => {
    const creating = createTestSandbox({
      script: "for (;;);",
      limits: { maxTurnTime: 50 },
    });

    await expect(creating).rejects.toMatchObject({
      code: "ERR_LIMIT",
      message: expect.stringContaining("maxTurnTime"),
    });
  });

  test("when the script waits for what does not come: on which connection", async () => {
    const sandbox = await openTestSandbox({
      peers: { "ws://lamp.test": accepting(() => {}) },
      script: `new WebSocket("ws://lamp.test/")`,
    });

    await expect(sandbox.idle()).rejects.toMatchObject({
      code: "ERR_STALLED",
      message:
        "Nothing is left to happen, but the connection to ws://lamp.test/ is open. Use advance(ms) or until(condition) to go on from here",
    });
    await expect(sandbox.until(() => sandbox.lines.length > 0)).rejects.toMatchObject({
      code: "ERR_STALLED",
    });
  });

  test("when a peer throws: the peer's own error, with its stack", async () => {
    const sandbox = await openTestSandbox({
      peers: {
        "ws://lamp.test": accepting((peer) => {
          peer.onmessage = function breakDown() {
            throw new RangeError("a bug of the peer");
          };
        }),
      },
    });

    const running = sandbox.run(reporting("ws://lamp.test/", `socket.send("go")`));

    await expect(running).rejects.toThrow(RangeError);
    await expect(running).rejects.toMatchObject({
      message: "a bug of the peer",
      stack: expect.stringMatching(/at .*breakDown .*test-sandbox\.test\.ts/),
    });
    await sandbox.idle();
    expect(sandbox.lines).toEqual(["open at 0", "close 1011 - true at 0"]);
  });

  test("when a peer throws while the sandbox closes: that too, and the sandbox is closed", async () => {
    const error = new Error("a bug of the peer");
    const sandbox = await createTestSandbox({
      peers: {
        "ws://lamp.test": accepting((peer) => {
          peer.onclose = () => {
            throw error;
          };
        }),
      },
      script: `new WebSocket("ws://lamp.test/")`,
    });

    await expect(sandbox.close()).rejects.toBe(error);

    expect(await sandbox.closed).toBeUndefined();
  });

  test("when an origin has no peer: what is reachable, while the script sees a failure as any", async () => {
    const sandbox = await openTestSandbox({
      peers: { "ws://echo.test": echo },
      script: reporting("ws://lamp.test/"),
    });

    await sandbox.idle();

    expect(sandbox.lines).toEqual(["error at 20", "close 1006 - false at 20"]);
    expect(sandbox.conversation()).toBe(
      "ws://lamp.test/\n  failed ERR_POLICY_REFUSED: no grant covers ws://lamp.test",
    );
  });

  test.each([
    [{ script: "missing-file.js" }, "script must be a file that can be read, or a source: ENOENT"],
    [
      { script: new URL("https://lamp.test/a.js") },
      "script must be a file: URL, a path or a source, got https://lamp.test/a.js",
    ],
    [{ seed: 0.5 }, "seed must be an integer, got 0.5"],
    [{ maxTime: 0 }, "maxTime must be a positive number of milliseconds, got 0"],
    [
      { peers: { lamp: echo } },
      'peers["lamp"] must have an origin as its key, such as "ws://lamp.test:8080", got no URL',
    ],
    [{ isolation: "worker" }, "isolation is not an option; expected one of peers, script, "],
  ])("when an option is wrong: %j", async (options, message) => {
    await expect(createTestSandbox(options as object)).rejects.toMatchObject({
      code: "ERR_OPTION",
      message: expect.stringContaining(message),
    });
  });
});
