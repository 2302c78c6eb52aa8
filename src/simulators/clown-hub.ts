import { createServer, type IncomingMessage, STATUS_CODES } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { type ClownMessage, createClownBridge } from "./clown-talk.ts";

/** Options of {@link startClownHub}. */
export interface ClownHubOptions {
  /** @defaultValue `"user"` */
  readonly username?: string;
  /** @defaultValue `"password"` */
  readonly password?: string;
  /** Milliseconds between readings of the thermometer. @defaultValue 1_000 */
  readonly interval?: number;
  /** Milliseconds between pings. @defaultValue 54_000 */
  readonly pingInterval?: number;
  /** Milliseconds without any frame after which a client is dropped. @defaultValue 60_000 */
  readonly readDeadline?: number;
  /** @defaultValue 0: any free port of the loopback address */
  readonly port?: number;
}

/** A running Clown.Hub. */
export interface ClownHub extends AsyncDisposable {
  /** Address and port, as in a URL. */
  readonly host: string;
  readonly port: number;
  /** URL of the bridge with the credentials in it. */
  readonly url: string;
  /** Clients that are connected. */
  readonly clients: number;
  /** Drops every client without a close frame, as when the bridge's process ends. */
  drop(): void;
  /** Stops listening and drops every client. Safe to call twice. */
  close(): Promise<void>;
}

/** Path of the bridge. */
const bridgePath = "/auth/clown-talk-server_nodes_bridge_0";

/** Largest message from a client, in bytes. */
const maxMessageBytes = 10_000_000;

/**
 * Starts a simulated Clown.Hub (BigClown): a WebSocket bridge to Clown.Talk behind HTTP Basic authentication.
 *
 * Clients send lines of JSON, ended by a line feed; the hub sends one text frame for each line.
 */
export async function startClownHub(options: ClownHubOptions = {}): Promise<ClownHub> {
  const { username = "user", password = "password", port = 0 } = options;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes });
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const status = refusal(request, authorization);
    if (status !== undefined) refuse(socket, status);
    else webSockets.handleUpgrade(request, socket, head, (client) => serve(client, options));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  // A server that listens on an address has one.
  const { port: listening } = server.address() as AddressInfo;
  const host = `127.0.0.1:${listening}`;
  const drop = (): void => {
    for (const client of webSockets.clients) client.terminate();
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= new Promise((resolve) => {
      drop();
      server.close();
      server.closeAllConnections();
      webSockets.close(() => resolve());
    });
    return closing;
  };
  return {
    host,
    port: listening,
    url: `ws://${encodeURIComponent(username)}:${encodeURIComponent(password)}@${host}${bridgePath}`,
    get clients() {
      return webSockets.clients.size;
    },
    drop,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Status that refuses a handshake, or `undefined` to accept it. Any `Origin` will do. */
function refusal(request: IncomingMessage, authorization: string): number | undefined {
  if (request.headers.authorization !== authorization) return 401;
  return request.url === bridgePath ? undefined : 404;
}

function refuse(socket: Duplex, status: number): void {
  const challenge = status === 401 ? 'WWW-Authenticate: Basic realm="Clown.Hub"\r\n' : "";
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${challenge}Connection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}

/** Serves one client: a bridge of its own, as each connection of the hub starts one. */
function serve(client: WebSocket, options: ClownHubOptions): void {
  const { interval = 1_000, pingInterval = 54_000, readDeadline = 60_000 } = options;
  const bridge = createClownBridge(interval);
  let rest = "";
  let publishing: { readonly interval: number; readonly timer: NodeJS.Timeout } | undefined;
  const ping = setInterval(() => client.ping(), pingInterval);
  const deadline = setTimeout(() => client.terminate(), readDeadline);

  function send(message: ClownMessage): void {
    client.send(JSON.stringify(message));
  }

  function publish(): void {
    if (publishing?.interval === bridge.publishInterval) return;
    clearInterval(publishing?.timer);
    const wanted = bridge.publishInterval;
    publishing =
      wanted === undefined
        ? undefined
        : { interval: wanted, timer: setInterval(() => send(bridge.measure()), wanted) };
  }

  client.on("message", (data, isBinary) => {
    deadline.refresh();
    if (isBinary) return;
    const lines = `${rest}${String(data)}`.split("\n");
    rest = (lines.pop() ?? "").slice(-maxMessageBytes);
    for (const line of lines) for (const reply of bridge.receive(line)) send(reply);
    publish();
  });
  client.on("pong", () => deadline.refresh());
  client.on("ping", () => deadline.refresh());
  // The close event that follows does the rest.
  client.on("error", () => {});
  client.on("close", () => {
    clearInterval(ping);
    clearTimeout(deadline);
    clearInterval(publishing?.timer);
  });
}
