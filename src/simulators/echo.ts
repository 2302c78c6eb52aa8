import { createDevice, extendDevice, type SimulatedDevice } from "./device.ts";
import type { SimulatedPeer } from "./simulator.ts";

/** Options of {@link createEcho}. */
export interface EchoOptions {
  /**
   * Chooses among the subprotocols that a client offers; `undefined` for none.
   *
   * @defaultValue the first
   */
  readonly chooseProtocol?: (protocols: readonly string[]) => string | undefined;
}

/** A server that sends every message back as it came. */
export interface Echo extends SimulatedDevice {
  /** Sends one more message to every client. */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  /** Starts the closing handshake with every client. */
  closeAll(code?: number, reason?: string): void;
}

/**
 * Makes a server that echoes text and binary messages, at any path.
 *
 * @example
 * const server = await serveSimulator(createEcho(), { port: 8080 });
 */
export function createEcho(options: EchoOptions = {}): Echo {
  const { chooseProtocol = ([first]) => first } = options;
  const clients = new Set<SimulatedPeer>();
  const device = createDevice({
    converse(peer) {
      const protocol = chooseProtocol(peer.protocols);
      return {
        ...(protocol === undefined ? {} : { protocol }),
        opened: () => clients.add(peer),
        received: (data) => peer.send(data),
        ended: () => clients.delete(peer),
      };
    },
  });
  return extendDevice(device, {
    send(data: string | Uint8Array<ArrayBuffer>): void {
      for (const client of clients) client.send(data);
    },
    closeAll(code?: number, reason?: string): void {
      for (const client of clients) client.close(code, reason);
    },
  });
}
