import { onTestFinished } from "vitest";
import type {
  CloseInfo,
  TransportConnection,
  TransportRequest,
} from "../../src/transport/transport.ts";
import type { WsTransportOptions } from "../../src/transport/ws-transport-options.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { openRawServer, type HandshakeAnswer, type RawPeer, type RawServer } from "./raw-server.ts";
import { createRecordingSink, type RecordingSink } from "./recording-sink.ts";
import { transportRequest } from "./transport-request.ts";

/** A connection of the real transport with everything it reported. */
export interface WsClient {
  readonly connection: TransportConnection;
  readonly sink: RecordingSink;
}

/** Connects with addresses of this machine allowed, unless `request` says otherwise. */
export function connectWs(
  url: string,
  request: Partial<TransportRequest> = {},
  options?: WsTransportOptions,
): WsClient {
  const sink = createRecordingSink();
  const connection = wsTransport(options).connect(
    transportRequest({ url, addresses: { loopback: true }, ...request }),
    sink,
  );
  onTestFinished(() => connection.abort());
  return { connection, sink };
}

/** Connects to a raw server of its own and ends the handshake well. */
export async function openWs(
  request?: Partial<TransportRequest>,
  answer?: HandshakeAnswer,
): Promise<WsClient & { readonly peer: RawPeer; readonly server: RawServer }> {
  const server = await openRawServer();
  const client = connectWs(server.url, request);
  const peer = await server.accept(answer);
  await client.sink.whenOpened;
  return { ...client, peer, server };
}

/** What a failed connection looks like from outside, without the parts that depend on the machine. */
export function failureOf({ code, reason, wasClean, failure }: CloseInfo): string {
  return [code, reason, wasClean, failure?.stage, failure?.code].join(" ").replaceAll("  ", " ");
}
