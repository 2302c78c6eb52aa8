import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { WebSocket } from "ws";
import { serveWebSockets, type TestServer } from "./test-server.ts";

/** The server that came with y-websocket 2; today's is a package of its own, which wants a database. */
const { setupWSConnection } = createRequire(import.meta.url)("y-websocket-2/bin/utils") as {
  readonly setupWSConnection: (socket: WebSocket, request: IncomingMessage) => void;
};

/** y-websocket's own server. */
export function startYWebSocket(): Promise<TestServer> {
  return serveWebSockets(setupWSConnection);
}
