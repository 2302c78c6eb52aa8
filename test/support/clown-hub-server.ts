import { type ClownHubOptions, createClownHub } from "../../src/simulators/clown-hub.ts";
import { serveSimulator } from "../../src/simulators/serve.ts";

/** A Clown.Hub on a free port of the loopback address. */
export interface ClownHubServer extends AsyncDisposable {
  /** Address and port, as in a URL. */
  readonly host: string;
  /** URL of the bridge with the credentials in it. */
  readonly url: string;
}

/** Starts a Clown.Hub. */
export async function startClownHub(options: ClownHubOptions = {}): Promise<ClownHubServer> {
  const hub = createClownHub(options);
  const server = await serveSimulator(hub);
  return {
    host: server.host,
    url: hub.url(server.origin),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
