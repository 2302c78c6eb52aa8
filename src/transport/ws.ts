import { findAddressRefusal } from "../policy/address-rules.ts";
import { parseAddress } from "../policy/address.ts";
import { FrameMemory } from "./frame-memory.ts";
import { AddressRefusedError } from "./guarded-socket.ts";
import { LookupQueue } from "./lookup-queue.ts";
import type { Transport } from "./transport.ts";
import { refusedConnection, WsConnection } from "./ws-connection.ts";
import type { WsTransportOptions } from "./ws-transport-options.ts";

/**
 * Makes the transport for Node: the `ws` package on sockets whose addresses are checked. Sandboxes that share one share its name
 * look-ups, two at a time: a transport does not know for whom it connects.
 */
export function wsTransport(options: WsTransportOptions = {}): Transport {
  const shared = { queue: new LookupQueue(), memory: new FrameMemory() };
  return {
    connect(request, sink) {
      const { hostname } = new URL(request.url);
      // Lookups are never asked about addresses, so these are checked here.
      const reason = parseAddress(hostname) && findAddressRefusal(hostname, request.addresses);
      if (reason !== undefined) {
        return refusedConnection(request, sink, new AddressRefusedError(hostname, reason));
      }
      return new WsConnection(request, sink, options, shared);
    },
  };
}
