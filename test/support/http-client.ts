import type { FailureStage } from "../../src/events.ts";
import type {
  HttpExchange,
  HttpHead,
  HttpRequest,
  HttpSink,
  Transport,
} from "../../src/transport/transport.ts";
import type { WsTransportOptions } from "../../src/transport/ws-transport-options.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { deferred } from "./recording-sink.ts";

/** One request of a transport, with what was told of it. */
export interface HttpClient {
  readonly exchange: HttpExchange;
  readonly stages: readonly FailureStage[];
  readonly chunks: readonly Buffer[];
  readonly head: Promise<HttpHead>;
  /** How it ended: `"end"`, or stage and code of its failure. */
  readonly outcome: Promise<string>;
  /** The failure's message, once there is one. */
  message(): string;
  /** Everything that was told, by name. */
  readonly log: readonly string[];
  /** Settles with the body at its end. */
  body(): Promise<Buffer>;
}

/** What a transport is asked for when a test does not say more. */
export function httpRequest(request: Partial<HttpRequest> = {}): HttpRequest {
  return {
    url: "http://peer.example/",
    method: "GET",
    headers: [],
    body: undefined,
    addresses: { loopback: true },
    connect: {},
    ...request,
  };
}

/** Sends a request of the transport for Node. */
export function sendHttp(
  request: Partial<HttpRequest>,
  options: WsTransportOptions = {},
): HttpClient {
  return sendBy(wsTransport(options), request);
}

/** Sends a request of any transport. */
export function sendBy(transport: Transport, request: Partial<HttpRequest>): HttpClient {
  const stages: FailureStage[] = [];
  const chunks: Buffer[] = [];
  const log: string[] = [];
  const head = deferred<HttpHead>();
  const outcome = deferred<string>();
  let message = "";
  const sink: HttpSink = {
    reached: (stage) => stages.push(stage),
    head(given) {
      log.push(`head ${given.status}`);
      head.resolve(given);
    },
    data(bytes) {
      chunks.push(Buffer.from(bytes));
      log.push("data");
    },
    end() {
      log.push("end");
      outcome.resolve("end");
    },
    failed(failure) {
      log.push("failed");
      message = failure.message;
      outcome.resolve([failure.stage, failure.code, failure.address].join(" ").trimEnd());
    },
  };
  const exchange = transport.request?.(httpRequest(request), sink);
  if (exchange === undefined) throw new Error("the transport has no request()");
  return {
    exchange,
    stages,
    chunks,
    log,
    head: head.promise,
    outcome: outcome.promise,
    message: () => message,
    async body() {
      await outcome.promise;
      return Buffer.concat(chunks);
    },
  };
}
