import type { TransportRequest } from "../../src/transport/transport.ts";

/** What a transport is asked for when a test does not say more. */
export function transportRequest(request: Partial<TransportRequest> = {}): TransportRequest {
  return {
    url: "ws://peer.example/",
    protocols: [],
    maxMessageBytes: 1_024,
    maxFragments: 1_024,
    closeTimeout: 10_000,
    addresses: {},
    connect: {},
    ...request,
  };
}
