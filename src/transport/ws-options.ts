import type { Agent, ClientRequest } from "node:http";
import { isIP } from "node:net";
import type { LookupFunction, Socket } from "node:net";
import type { ClientOptions } from "ws";
import { effectivePort } from "../policy/origin-pattern.ts";
import { isHandshakeHeader } from "../policy/policy-check.ts";
import type { ConnectOptions } from "../policy/policy.ts";
import { openGuardedSocket, tlsOptions } from "./guarded-socket.ts";
import type { TransportRequest } from "./transport.ts";

/** How the connection takes part in its handshake. */
export interface HandshakeHooks {
  readonly agent: Agent | undefined;
  readonly lookup: LookupFunction;
  /** Is told the socket, unless an agent makes it. */
  readonly onSocket: (socket: Socket) => void;
  readonly onRequest: (request: ClientRequest) => void;
  /** Is told that a name has to be looked up first. */
  readonly onResolving: () => void;
}

/** Options that `ws` has or passes on to `http.request`, and its declarations do not know. */
interface UndeclaredOptions {
  readonly closeTimeout: number;
  readonly lookup: LookupFunction;
  readonly maxHeaderSize: number;
  readonly insecureHTTPParser: boolean;
}

/** Makes the options of one `ws` client: every default that matters is set on purpose. */
export function clientOptions(
  url: URL,
  request: TransportRequest,
  hooks: HandshakeHooks,
): ClientOptions {
  const { connect, maxMessageBytes } = request;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isSecure = url.protocol === "wss:";
  const options: ClientOptions & UndeclaredOptions = {
    followRedirects: false,
    perMessageDeflate: connect.perMessageDeflate === true,
    maxPayload: maxMessageBytes,
    skipUTF8Validation: false,
    // Each message is a turn of its own in the guest anyway; deferring them here would only cost time.
    allowSynchronousEvents: true,
    autoPong: false,
    maxFragments: request.maxFragments,
    maxBufferedChunks,
    // Ours comes first; this one also bounds how long the peer takes to end TCP after its own close frame.
    closeTimeout: request.closeTimeout,
    maxHeaderSize,
    insecureHTTPParser: false,
    lookup: hooks.lookup,
    headers: policyHeaders(connect),
    ...tlsOptions(host, connect.tls ?? {}),
    ...(connect.origin === undefined ? {} : { origin: connect.origin }),
    finishRequest(httpRequest) {
      hooks.onRequest(httpRequest);
      httpRequest.end();
    },
  };
  if (hooks.agent !== undefined) return { ...options, agent: hooks.agent };
  return {
    ...options,
    createConnection() {
      if (isIP(host) === 0) hooks.onResolving();
      const socket = openGuardedSocket({
        host,
        port: effectivePort(url),
        tls: isSecure ? (connect.tls ?? {}) : undefined,
        addresses: request.addresses,
        lookup: hooks.lookup,
      });
      hooks.onSocket(socket);
      return socket;
    },
  };
}

/** Bytes of all headers of the server's answer. */
export const maxHeaderSize: number = 16 * 2 ** 10;

/** Chunks of one frame that are kept until it is complete: 64 MiB in small segments. */
const maxBufferedChunks = 2 ** 18;

/** Headers that the policy adds to a request. */
export function policyHeaders({
  headers = {},
  credentials,
}: ConnectOptions): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => !isHandshakeHeader(name));
  if (credentials === undefined) return Object.fromEntries(own);
  const pair = Buffer.from(`${credentials.username}:${credentials.password}`, "utf8");
  const rest = own.filter(([name]) => name.toLowerCase() !== "authorization");
  return { ...Object.fromEntries(rest), Authorization: `Basic ${pair.toString("base64")}` };
}
