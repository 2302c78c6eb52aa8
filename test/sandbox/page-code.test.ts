import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { openSandbox } from "../support/sandbox.ts";

/** Client code as pages have it, word for word but for the URL, which a page would write down. */
const page = readFileSync(new URL("page-code.js", import.meta.url), "utf8");

/** A server that greets, tells the type of what it gets, and closes with a code of its own. */
async function openServer(): Promise<string> {
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    handleProtocols: (offered) => (offered.has("chat.v2") ? "chat.v2" : false),
  });
  server.on("connection", (socket) => {
    socket.send("welcome");
    socket.on("message", (data, isBinary) => {
      if (isBinary) socket.send(data);
      else if (String(data) === "leave") socket.close(4001, "you asked for it");
      else socket.send(JSON.stringify({ text: String(data) }));
    });
  });
  await once(server, "listening");
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? `ws://127.0.0.1:${address.port}/` : "";
}

describe.each(["none", "worker"] as const)("isolation %j", (isolation) => {
  test("the WebSocket code of a page runs unchanged", async () => {
    const url = await openServer();
    const { runToIdle, lines, events } = await openSandbox({ isolation });

    await runToIdle(page.replace("ws://chat.example/", url));

    expect(lines()).toEqual([
      "state: connecting",
      "connected with chat.v2 true",
      "<< welcome",
      '<< {"text":"hello"}',
      "blob 4 bytes: 1 2 3 4",
      "buffer 4 bytes: 222 173 190 239",
      "closed 4001 you asked for it true",
      "state: closed",
    ]);
    expect(events.filter(({ type }) => type === "error")).toEqual([]);
  });
});
