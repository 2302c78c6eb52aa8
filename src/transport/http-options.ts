import type { RequestOptions } from "node:http";
import { isIP } from "node:net";
import type { LookupFunction, Socket } from "node:net";
import { effectivePort } from "../policy/origin-pattern.ts";
import { isHandshakeHeader } from "../policy/policy-check.ts";
import { acceptedCodings } from "./content-coding.ts";
import { openGuardedSocket, tlsOptions } from "./guarded-socket.ts";
import type { HttpRequest } from "./transport.ts";
import { maxHeaderSize, policyHeaders } from "./ws-options.ts";
import type { WsTransportOptions } from "./ws-transport-options.ts";

/** How an exchange takes part in the making of its connection. */
export interface HttpHooks {
  readonly agent: WsTransportOptions["agent"];
  readonly lookup: LookupFunction;
  /** Is told the socket, unless an agent makes it. */
  readonly onSocket: (socket: Socket) => void;
  /** Is told that a name has to be looked up first. */
  readonly onResolving: () => void;
}

/** Makes the options of one `http.request`: every default that matters is set on purpose. */
export function httpOptions(url: URL, request: HttpRequest, hooks: HttpHooks): RequestOptions {
  const { connect } = request;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = effectivePort(url);
  const options: RequestOptions = {
    method: request.method,
    host,
    port,
    path: `${url.pathname}${url.search}`,
    headers: headersOf(url, request, hooks.agent !== undefined),
    maxHeaderSize,
    insecureHTTPParser: false,
    lookup: hooks.lookup,
    ...tlsOptions(host, connect.tls ?? {}),
  };
  if (hooks.agent !== undefined) return { ...options, agent: hooks.agent };
  return {
    ...options,
    createConnection() {
      if (isIP(host) === 0) hooks.onResolving();
      const socket = openGuardedSocket({
        host,
        port,
        tls: url.protocol === "https:" ? (connect.tls ?? {}) : undefined,
        addresses: request.addresses,
        lookup: hooks.lookup,
      });
      hooks.onSocket(socket);
      return socket;
    },
  };
}

/** All headers of a request, names and values in turn: those of the connection, of the policy, and of the script, which overrides none. */
function headersOf(
  url: URL,
  { method, headers, body, connect }: HttpRequest,
  hasAgent: boolean,
): string[] {
  const list: string[] = [];
  const taken = new Set<string>();
  function add(name: string, value: string): void {
    list.push(name, value);
    taken.add(name.toLowerCase());
  }
  add("Host", url.host);
  // An agent knows better what becomes of its connections.
  if (!hasAgent) add("Connection", "close");
  add("Accept-Encoding", acceptedCodings);
  // Node would send an empty chunk for a method that usually has a body.
  if (body !== undefined || !/^(?:GET|HEAD|DELETE|OPTIONS)$/i.test(method)) {
    add("Content-Length", String(body?.byteLength ?? 0));
  }
  const own = policyHeaders(connect);
  const origin = connect.origin === undefined ? [] : [["Origin", connect.origin] as const];
  for (const [name, value] of [...origin, ...Object.entries(own)]) {
    if (!taken.has(name.toLowerCase())) add(name, value);
  }
  const names = new Set(taken);
  for (const [name, value] of headers) {
    // The script may give a name more than once, but none of those that frame the request.
    if (!names.has(name.toLowerCase()) && !isHandshakeHeader(name)) add(name, value);
  }
  if (!taken.has("accept")) add("Accept", "*/*");
  return list;
}
