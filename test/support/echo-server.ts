import { createEcho } from "../../src/simulators/echo.ts";
import { serveSimulator, type ServeOptions } from "../../src/simulators/serve.ts";
import type { SimulatedPeer } from "../../src/simulators/simulator.ts";

/** An echo server on a free port of the loopback address. */
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
export async function startEchoServer(options: ServeOptions = {}): Promise<EchoServer> {
  const echo = createEcho();
  const codes: number[] = [];
  let settleClosed: (codes: readonly number[]) => void = () => {
    // Replaced before anybody can connect.
  };
  const closed = new Promise<readonly number[]>((resolve) => {
    settleClosed = resolve;
  });
  const connect = (peer: SimulatedPeer): void => {
    echo.connect(peer);
    const { onclose } = peer;
    peer.onclose = (code, reason) => {
      onclose?.(code, reason);
      codes.push(code);
      if (echo.connections === 0) settleClosed(codes);
    };
  };
  const server = await serveSimulator({ connect }, options);
  return {
    url: server.origin,
    port: server.port,
    get connections() {
      return server.connections;
    },
    closed,
    close: () => server.close(),
  };
}
