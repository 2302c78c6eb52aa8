import { describe, expect, test } from "vitest";
import { openEchoServer, openSandbox } from "../support/sandbox.ts";

describe.each(["worker", "none"] as const)("ports in a sandbox with isolation %s", (isolation) => {
  test("messages are delivered before the sandbox is idle, and an open port does not keep it from that", async () => {
    const { runToIdle, lines } = await openSandbox({ isolation });

    await runToIdle(`
      const { port1, port2 } = new MessageChannel();
      let turns = 0;
      port2.onmessage = () => { if (++turns < 2_000) port1.postMessage(0); else console.log(turns); };
      port1.postMessage(0);`);

    expect(lines()).toEqual(["2000"]);
  });

  test("a socket is heard while tasks lead to tasks without end", async () => {
    const server = await openEchoServer();
    const { runToIdle, lines } = await openSandbox({ isolation });

    await runToIdle(`
      const { port1, port2 } = new MessageChannel();
      let isDone = false;
      port2.onmessage = () => { if (!isDone) port1.postMessage(0); };
      port1.postMessage(0);
      const socket = new WebSocket(${JSON.stringify(server.url)});
      socket.onopen = () => socket.send("heard");
      socket.onmessage = ({ data }) => { console.log(data); isDone = true; socket.close(); };`);

    expect(lines()).toEqual(["heard"]);
  });
});
