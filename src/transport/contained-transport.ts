import { ContainedExchange } from "./contained-exchange.ts";
import { Containment } from "./containment.ts";
import {
  checkBytes,
  checkClose,
  checkConnection,
  checkCount,
  checkHandshake,
  checkStage,
  checkText,
} from "./told-values.ts";
import type {
  HttpExchange,
  HttpRequest,
  HttpSink,
  Transport,
  TransportConnection,
  TransportRequest,
  TransportSink,
} from "./transport.ts";

/**
 * Wraps a transport of the embedder's own, so that one that breaks its contract fails the connection it was asked about and neither
 * the sandbox nor the process: one that throws or rejects, tells what is no value, or tells it from inside `connect`.
 */
export function containedTransport(transport: Transport): Transport {
  return {
    connect: (request, sink) => new ContainedConnection(transport, request, sink),
    ...(transport.request === undefined
      ? {}
      : {
          request: (request, sink) =>
            new ContainedExchange((...given) => startRequest(transport, ...given), request, sink),
        }),
  };
}

/** A method may be taken away at any time. */
function startRequest(transport: Transport, request: HttpRequest, sink: HttpSink): HttpExchange {
  if (transport.request === undefined) throw new TypeError("it has no request() any more");
  return transport.request(request, sink);
}

class ContainedConnection implements TransportConnection {
  /** Absent where the transport has none: then it looks itself after peers that are gone. */
  readonly ping?: () => void;
  readonly #sink: TransportSink;
  readonly #contained: Containment<TransportConnection>;

  constructor(transport: Transport, request: TransportRequest, sink: TransportSink) {
    this.#sink = sink;
    this.#contained = new Containment(request.url, "connect", (failure) =>
      sink.closed({ code: 1006, reason: "", wasClean: false, failure }),
    );
    let canPing = false;
    this.#contained.begin(() => checkConnection(transport.connect(request, this.#createSink())));
    this.#contained.attempt(() => {
      canPing = this.#contained.inner?.ping !== undefined;
    });
    if (canPing) this.ping = () => this.#contained.attempt(() => this.#contained.inner?.ping?.());
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#contained.attempt(() => this.#contained.inner?.send(data));
  }

  close(code?: number, reason?: string): void {
    if (this.#contained.stage === "open") this.#contained.stage = "closing";
    this.#contained.attempt(() => this.#contained.inner?.close(code, reason));
  }

  abort(): void {
    this.#contained.attempt(() => this.#contained.inner?.abort());
  }

  pause(): void {
    this.#contained.attempt(() => this.#contained.inner?.pause());
  }

  resume(): void {
    this.#contained.attempt(() => this.#contained.inner?.resume());
  }

  #createSink(): TransportSink {
    const sink = this.#sink;
    return {
      reached: (stage) =>
        this.#contained.receive(
          () => checkStage(stage),
          (checked) => sink.reached(checked),
          true,
        ),
      opened: (handshake) =>
        this.#contained.receive(
          () => checkHandshake(handshake),
          (checked) => {
            this.#contained.stage = "open";
            sink.opened(checked);
          },
        ),
      received: (pendingBytes) =>
        this.#contained.receive(
          () => checkCount(pendingBytes, "received"),
          (checked) => sink.received(checked),
        ),
      text: (data) =>
        this.#contained.receive(
          () => checkText(data),
          (checked) => sink.text(checked),
        ),
      binary: (data) =>
        this.#contained.receive(
          () => checkBytes(data, "binary"),
          (checked) => sink.binary(checked),
        ),
      sent: (bytes, messages = 1) =>
        this.#contained.receive(
          () => [checkCount(bytes, "sent"), checkCount(messages, "sent")] as const,
          (checked) => sink.sent(...checked),
        ),
      closed: (close) =>
        this.#contained.receive(
          () => checkClose(close),
          (checked) => {
            this.#contained.isOver = true;
            sink.closed(checked);
          },
        ),
    };
  }
}
