import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { systemClock } from "../clock.ts";
import { describeError, SandboxError } from "../errors.ts";
import { readHeaders, requestUrl, serveRequest } from "./serve-request.ts";
import { createServedPeer, type ServedPeer } from "./served-peer.ts";
import type { Simulator } from "./simulator.ts";

/** Options of {@link serveSimulator}. */
export interface ServeOptions {
  /** @defaultValue 0: any that is free */
  readonly port?: number;
  /** Name or address to listen at. @defaultValue `"127.0.0.1"` */
  readonly host?: string;
  /** Serves `wss` and `https` with this PEM key and certificate chain. @defaultValue none: `ws` and `http` */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Where the simulator's further ports listen, in their order. @defaultValue 0 for each: any that is free */
  readonly ports?: readonly number[];
}

/** A simulator on a real port. */
export interface SimulatorServer extends AsyncDisposable {
  /** Host and port as in a URL, for example `127.0.0.1:8080`. */
  readonly host: string;
  readonly port: number;
  /** Origin of its WebSockets, for example `ws://127.0.0.1:8080`. */
  readonly origin: string;
  /** Origin of its HTTP, for example `http://127.0.0.1:8080`. */
  readonly httpOrigin: string;
  /** Origins of the WebSockets at the simulator's further ports. */
  readonly furtherOrigins: readonly string[];
  /** WebSockets that are open now, at all ports. */
  readonly connections: number;
  /** Drops all connections and stops listening. Safe to call twice. */
  close(): Promise<void>;
}

/** Largest message that a simulated server takes, in bytes; what a device takes is for its simulator to say. */
const maxMessageBytes = 2 ** 30;

/**
 * Serves a simulator on a real port, with real WebSockets, HTTP and, if wanted, TLS.
 *
 * @throws {SandboxError} with code `ERR_OPTION` when it cannot listen there; the cause is Node's error
 * @example
 * await using server = await serveSimulator(createNetzer(), { port: 8080 });
 * console.log(`${server.origin}/ws`);
 */
export async function serveSimulator(
  simulator: Simulator,
  options: ServeOptions = {},
): Promise<SimulatorServer> {
  const listeners: Listener[] = [];
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= Promise.all(listeners.map((listener) => listener.close())).then(() => undefined);
    return closing;
  };
  try {
    // Further ports first: the main one may be asked for their numbers as soon as it is there.
    for (const [index, further] of (simulator.ports ?? []).entries()) {
      const listener = await listen(further.simulator, options, options.ports?.[index] ?? 0);
      listeners.push(listener);
      further.port = listener.port;
    }
    listeners.push(await listen(simulator, options, options.port ?? 0));
  } catch (error) {
    await close();
    throw error;
  }
  const further = listeners.slice(0, -1);
  const main = listeners.at(-1);
  if (main === undefined) throw new SandboxError("ERR_OPTION", "The simulator has no port");
  const [ws, http] = options.tls === undefined ? ["ws", "http"] : ["wss", "https"];
  return {
    host: main.host,
    port: main.port,
    origin: `${ws}://${main.host}`,
    httpOrigin: `${http}://${main.host}`,
    furtherOrigins: further.map(({ host }) => `${ws}://${host}`),
    get connections() {
      return listeners.reduce((sum, listener) => sum + listener.connections, 0);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Listener {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  close(): Promise<void>;
}

async function listen(
  simulator: Simulator,
  { host = "127.0.0.1", tls }: ServeOptions,
  port: number,
): Promise<Listener> {
  const scheme = tls === undefined ? "http" : "https";
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    // Never rejects: what a simulator throws is an answer, too.
    void serveRequest(simulator, scheme, request, response);
  };
  const server =
    tls === undefined
      ? createServer(answer)
      : createTlsServer({ key: tls.key, cert: tls.cert }, answer);
  const peers = new Set<ServedPeer>();
  server.on("upgrade", upgradeHandler(simulator, scheme, peers));
  await bind(server, host, port);
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return {
    host: `${host.includes(":") ? `[${host}]` : host}:${bound}`,
    port: bound,
    get connections() {
      return [...peers].filter(({ isOpen }) => isOpen).length;
    },
    async close() {
      for (const peer of peers) peer.drop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** Hands handshakes to the simulator, each as a {@link ServedPeer}. */
function upgradeHandler(
  simulator: Simulator,
  scheme: "http" | "https",
  peers: Set<ServedPeer>,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const chosen = new WeakMap<IncomingMessage, string>();
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    // By the peer, which may have gone silent.
    autoPong: false,
    handleProtocols: (_offered, request) => chosen.get(request) ?? false,
  });
  return (request, socket, head) => {
    const url = requestUrl(request, scheme === "http" ? "ws" : "wss");
    if (url === undefined) {
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", () => socket.destroy());
      return;
    }
    const peer = createServedPeer({
      url,
      protocols: offeredProtocols(request),
      headers: readHeaders(request),
      clock: systemClock,
      socket,
      upgrade(protocol, opened) {
        if (protocol !== undefined) chosen.set(request, protocol);
        webSockets.handleUpgrade(request, socket, head, (client: WebSocket) => opened(client));
      },
      ended: () => peers.delete(peer),
    });
    peers.add(peer);
    if (simulator.connect === undefined) peer.refuse({ status: 404 });
    else simulator.connect(peer);
  };
}

function offeredProtocols(request: IncomingMessage): readonly string[] {
  const offered = request.headers["sec-websocket-protocol"] ?? "";
  return offered === "" ? [] : offered.split(",").map((protocol) => protocol.trim());
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
  } catch (cause) {
    throw new SandboxError("ERR_OPTION", bindProblem(cause, host, port), { cause });
  }
}

function bindProblem(cause: unknown, host: string, port: number): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} of ${host} is in use: choose another, or 0 for any that is free`;
    case "EACCES":
      return `port ${port} of ${host} needs rights that this process has not: choose one above 1023, or 0 for any that is free`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is no address of this machine: choose one that is, such as 127.0.0.1, or 0.0.0.0 for all`;
    case "ERR_SOCKET_BAD_PORT":
      return `port must be an integer from 0 to 65535, got ${port}`;
    default:
      return `cannot listen at port ${port} of ${host}: ${describeError(cause)}`;
  }
}
