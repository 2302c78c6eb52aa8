import { serveWebSockets, type TestServer } from "./test-server.ts";

/** Returns every message, under the subprotocol `echo` where it is asked for. */
export function startEcho(): Promise<TestServer> {
  return serveWebSockets((socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
}
