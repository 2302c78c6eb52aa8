import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";

/** A server that is closed with the test. */
export interface TestServer {
  readonly url: string;
  /** Ends every connection without a closing handshake. The server goes on, or comes back at once. */
  cut(): void | Promise<void>;
}

/** Listens on an ephemeral port of this machine until the test is finished. */
export async function listen(server: Server = createServer()): Promise<{
  readonly server: Server;
  readonly port: number;
  readonly cut: () => void;
}> {
  const connections = new Set<Socket>();
  server.on("connection", (connection: Socket) => {
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
  });
  const cut = (): void => connections.forEach((connection) => connection.destroy());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    cut();
  });
  const { port } = server.address() as AddressInfo;
  return { server, port, cut };
}

/** Serves WebSockets; `accept` is called for each. */
export async function serveWebSockets(
  accept: (socket: WebSocket, request: IncomingMessage) => void,
  options: ServerOptions = {},
): Promise<TestServer> {
  const { server, port, cut } = await listen();
  new WebSocketServer({ ...options, server }).on("connection", accept);
  return { url: `ws://127.0.0.1:${port}/`, cut };
}

/** Serves WebSockets that speak JSON in text messages. */
export function serveJson(
  accept: (send: (message: object) => void, socket: WebSocket) => (message: JsonMessage) => void,
): Promise<TestServer> {
  return serveWebSockets((socket) => {
    const receive = accept((message) => socket.send(JSON.stringify(message)), socket);
    socket.on("message", (data) => receive(JSON.parse(String(data)) as JsonMessage));
  });
}

/** A message of a protocol in JSON, before its fields are looked at. */
export type JsonMessage = Readonly<Record<string, unknown>>;
