import type { LookupFunction } from "node:net";
import type { Transport } from "./transport.ts";
import { wsTransport } from "./ws.ts";

/**
 * Makes the transport for Node once it has failed to connect to a name that does not resolve, for which nothing is asked: the code of a
 * handshake has run then, so that the first one keeps its thread busy no longer than others.
 */
export async function warmWsTransport(): Promise<Transport> {
  const lookup: LookupFunction = (_hostname, _options, callback) => {
    callback(new Error("the name is not looked up"), []);
  };
  await new Promise<void>((resolve) => {
    const ignore = (): void => {};
    wsTransport({ lookup }).connect(request, {
      reached: ignore,
      opened: ignore,
      received: ignore,
      text: ignore,
      binary: ignore,
      sent: ignore,
      closed: () => resolve(),
    });
  });
  return wsTransport();
}

const request = {
  // A name that never resolves (RFC 6761, section 6.4).
  url: "ws://warm-up.invalid/",
  protocols: [],
  maxMessageBytes: 1,
  maxFragments: 1,
  closeTimeout: 1,
  addresses: {},
  connect: {},
};
