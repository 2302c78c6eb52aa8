import { describe, expect, test } from "vitest";
import { denyAll } from "../../src/options.ts";
import { allowOrigins } from "../../src/policy/allow-origins.ts";
import { openEchoServer, openSandbox } from "../support/sandbox.ts";

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
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
      "closing",
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
