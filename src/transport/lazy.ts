import { describeError } from "../errors.ts";
import type { LoadableTransport, Transport } from "./transport.ts";

/**
 * A transport that is loaded before its first connection: the network stack is a third of what a sandbox's thread would otherwise
 * load before it runs a script.
 */
export function lazyTransport(load: () => Promise<Transport>): LoadableTransport {
  let loading: Promise<void> | undefined;
  let transport: Transport | undefined;
  let failure = "it was not asked to load";

  async function loadOnce(): Promise<void> {
    try {
      transport = await load();
    } catch (error) {
      failure = describeError(error);
    }
  }

  function loaded(): Transport {
    if (transport === undefined) throw new Error(`the network could not be loaded: ${failure}`);
    return transport;
  }

  return {
    load: () => (loading ??= loadOnce()),
    connect: (request, sink) => loaded().connect(request, sink),
    request(request, sink) {
      const { request: start } = loaded();
      if (start === undefined) throw new Error("it has no request()");
      return start(request, sink);
    },
  };
}
