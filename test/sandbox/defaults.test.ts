import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { openEchoServer, openSandbox } from "../support/sandbox.ts";

// The defaults let ordinary web code run: what browsers take without a word, a sandbox takes too.
describe.each(["none", "worker"] as const)(
  "under the default limits, isolation %j",
  (isolation) => {
    test.each([
      ["text", `"x".repeat(2 ** 24)`],
      ["text of two-byte characters", `"\\u00e9".repeat(2 ** 23)`],
      ["text of four-byte characters", `"\\u{1F4A1}".repeat(2 ** 22)`],
      ["binary", `new Uint8Array(2 ** 24).fill(7)`],
    ])("a message of 16 MiB is echoed as %s", async (_kind, message) => {
      const server = await openEchoServer();
      const { runToIdle, lines } = await openSandbox({ isolation, args: [server.url] });

      await runToIdle(`
      const message = ${message};
      const socket = new WebSocket(NetworkDevice.args[0]);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => { socket.send(message); console.log(socket.bufferedAmount) };
      socket.onmessage = ({ data }) => {
        if (typeof data === "string") console.log(data === message);
        else console.log(new Uint8Array(data).every((byte) => byte === 7), data.byteLength);
        socket.close();
      };
      socket.onclose = ({ code }) => console.log(code, socket.bufferedAmount);
    `);

      const echoed = message.startsWith("new") ? "true 16777216" : "true";
      expect(lines()).toEqual(["16777216", echoed, "1005 0"]);
    });

    test("100 sockets are open at once", async () => {
      const server = await openEchoServer();
      const { runToIdle, lines } = await openSandbox({ isolation, args: [server.url] });

      await runToIdle(`
      let open = 0;
      const sockets = [];
      for (let i = 0; i < 100; i++) {
        const socket = new WebSocket(NetworkDevice.args[0]);
        socket.onopen = () => {
          if (++open < 100) return;
          console.log(sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length);
          for (const each of sockets) each.close();
        };
        sockets.push(socket);
      }
    `);

      expect(lines()).toEqual(["100"]);
    });

    test("3 MB that a server sends together with its handshake arrive in order", async () => {
      const http = createServer();
      const server = new WebSocketServer({ noServer: true });
      http.on("upgrade", (request, socket, head) => {
        socket.cork();
        server.handleUpgrade(request, socket, head, (peer) => {
          for (let count = 0; count < 3_000; count += 1) peer.send(`${count}:`.padEnd(1_000, "x"));
          peer.close(1000);
          socket.uncork();
        });
      });
      await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => void http.close());
      const { port } = http.address() as AddressInfo;
      const { runToIdle, lines } = await openSandbox({
        isolation,
        args: [`ws://127.0.0.1:${port}`],
      });

      await runToIdle(`
      const seen = [];
      const socket = new WebSocket(NetworkDevice.args[0]);
      socket.onopen = () => seen.push("open");
      socket.onmessage = ({ data }) => seen.push(data);
      socket.onclose = ({ code }) => console.log(
        seen.length, seen[0], seen.slice(1).every((data, index) => data.startsWith(index + ":")), code,
      );
    `);

      expect(lines()).toEqual(["3001 open true 1000"]);
    });

    test("3 MB that a script sends as soon as it may arrive in order", async () => {
      const server = await openEchoServer();
      const { runToIdle, lines } = await openSandbox({ isolation, args: [server.url] });

      await runToIdle(`
      let received = 0;
      const socket = new WebSocket(NetworkDevice.args[0]);
      socket.onopen = () => { for (let i = 0; i < 3000; i++) socket.send(String(i).padEnd(1000)) };
      socket.onmessage = ({ data }) => {
        if (parseInt(data) !== received) console.log("out of order");
        if (++received === 3000) socket.close(1000);
      };
      socket.onclose = ({ wasClean }) => console.log(received, wasClean);
    `);

      expect(lines()).toEqual(["3000 true"]);
    });

    test("a script of 600 kB runs", async () => {
      const { runToIdle, lines } = await openSandbox({ isolation });
      const functions = Array.from(
        { length: 8_000 },
        (_, index) => `function f${index}(value) { return value + ${index}; } // ${"-".repeat(30)}`,
      );
      const script = `${functions.join("\n")}\nconsole.log(f7999(1))`;

      await runToIdle(script);

      expect(script.length).toBeGreaterThan(600_000);
      expect(lines()).toEqual(["8000"]);
    });
  },
);
