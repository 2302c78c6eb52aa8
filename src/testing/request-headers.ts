import type { HttpRequest, TransportRequest } from "../transport/transport.ts";

/** Headers of a handshake as a server sees them, names in lower case. */
export function handshakeHeaders(request: TransportRequest): Readonly<Record<string, string>> {
  const { protocols } = request;
  return {
    ...policyHeaders(request),
    host: new URL(request.url).host,
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...(protocols.length === 0 ? {} : { "sec-websocket-protocol": protocols.join(",") }),
  };
}

/** Headers of an HTTP request as a server sees them, names in lower case. */
export function requestHeaders(request: HttpRequest): Readonly<Record<string, string>> {
  const { body } = request;
  const own: Record<string, string> = {};
  for (const [name, value] of request.headers) {
    const key = name.toLowerCase();
    own[key] = own[key] === undefined ? value : `${own[key]}, ${value}`;
  }
  return {
    ...own,
    ...policyHeaders(request),
    host: new URL(request.url).host,
    ...(body === undefined ? {} : { "content-length": String(body.byteLength) }),
  };
}

/** What the policy adds to a request. */
function policyHeaders({
  connect: { headers = {}, origin, credentials },
}: Pick<TransportRequest, "connect">): Record<string, string> {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  const pair = credentials && `${credentials.username}:${credentials.password}`;
  return {
    ...Object.fromEntries(lower),
    ...(origin === undefined ? {} : { origin }),
    ...(pair === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(pair, "utf8").toString("base64")}` }),
  };
}
