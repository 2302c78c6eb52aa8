import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { WebSocketServer } from "ws";

/** Options of {@link startEchoServer}. */
export interface EchoServerOptions {
  /** @defaultValue 0: any that is free */
  readonly port?: number;
  /** @defaultValue `"127.0.0.1"` */
  readonly host?: string;
  /** Serves `wss` with this PEM key and certificate chain. @defaultValue none: `ws` */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A server that sends every message back as it came. */
export interface EchoServer {
  readonly url: string;
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  /** Settles once the last connection has ended, with the close codes of all so far; 1006 for those without a close frame. */
  readonly closed: Promise<readonly number[]>;
  /** Drops all connections and stops listening. */
  close(): Promise<void>;
}

/** Starts a server that echoes text and binary messages, and accepts the first subprotocol that is offered. */
export async function startEchoServer(options: EchoServerOptions = {}): Promise<EchoServer> {
  const { port = 0, host = "127.0.0.1", tls } = options;
  const http =
    tls === undefined ? createServer() : createTlsServer({ key: tls.key, cert: tls.cert });
  const server = new WebSocketServer({
    server: http,
    perMessageDeflate: false,
    maxPayload: 2 ** 30,
    handleProtocols: ([first]) => first ?? false,
  });
  const codes: number[] = [];
  let settleClosed: (codes: readonly number[]) => void = () => {
    // Replaced before anybody can connect.
  };
  const closed = new Promise<readonly number[]>((resolve) => {
    settleClosed = resolve;
  });
  server.on("connection", (socket) => {
    socket.on("close", (code) => {
      codes.push(code);
      if (server.clients.size === 0) settleClosed(codes);
    });
    socket.on("message", (data, binary) => socket.send(data, { binary }));
    // A client that breaks the protocol or vanishes is its own affair.
    socket.on("error", () => socket.terminate());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    http.listen(port, host, resolve);
  });
  const address = http.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `${tls === undefined ? "ws" : "wss"}://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    port: bound,
    get connections() {
      return server.clients.size;
    },
    closed,
    async close() {
      for (const client of server.clients) client.terminate();
      server.close();
      http.closeAllConnections();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
      });
    },
  };
}
