import type { Agent } from "node:http";
import type { LookupFunction } from "node:net";

/** Options of `wsTransport`. */
export interface WsTransportOptions {
  /**
   * Makes the connections, for example through a proxy. The agent then resolves names and picks addresses: only hosts that are
   * addresses themselves are still checked, and names when the agent passes the request's `lookup` on, as Node's own agents do.
   * TLS options that the agent was made with come before those of a grant: also a `rejectUnauthorized` that verifies nothing.
   * @defaultValue none: addresses are checked before and after connecting
   */
  readonly agent?: Agent;
  /** Resolves names in place of the system. @defaultValue `dns.lookup` */
  readonly lookup?: LookupFunction;
}
