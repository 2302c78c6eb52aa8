import { findAddressRefusal } from "../policy/address-rules.ts";
import { parseAddress } from "../policy/address.ts";
import { FrameMemory } from "./frame-memory.ts";
import { AddressRefusedError } from "./guarded-socket.ts";
import { NodeHttpExchange, refusedExchange } from "./http-exchange.ts";
import { LookupQueue } from "./lookup-queue.ts";
import type { Transport, TransportRequest } from "./transport.ts";
import { refusedConnection, WsConnection } from "./ws-connection.ts";
import type { WsTransportOptions } from "./ws-transport-options.ts";

/**
 * Makes the transport for Node: the `ws` package, and `node:http` for `fetch`, on sockets whose addresses are checked. Sandboxes that share one share its name
 * look-ups, two at a time: a transport does not know for whom it connects.
 */
export function wsTransport(options: WsTransportOptions = {}): Transport {
  const shared = { queue: new LookupQueue(), memory: new FrameMemory() };
  return {
    connect(request, sink) {
      const error = findRefusal(request);
      if (error !== undefined) return refusedConnection(request, sink, error);
      return new WsConnection(request, sink, options, shared);
    },
    request(request, sink) {
      const error = findRefusal(request);
      if (error !== undefined) return refusedExchange(request, sink, error);
      return new NodeHttpExchange(request, sink, options, shared.queue);
    },
  };
}

/** Lookups are never asked about addresses, so these are checked here. */
function findRefusal({
  url,
  addresses,
}: Pick<TransportRequest, "url" | "addresses">): AddressRefusedError | undefined {
  const { hostname } = new URL(url);
  const reason = parseAddress(hostname) && findAddressRefusal(hostname, addresses);
  return reason === undefined ? undefined : new AddressRefusedError(hostname, reason);
}
