import { describeError } from "../errors.ts";
import type { ConnectionFailure, FailureStage } from "../events.ts";
import { effectivePort } from "../policy/origin-pattern.ts";
import { ContainedExchange } from "./contained-exchange.ts";
import { isPromise, settlePromise } from "./settle-promise.ts";
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
  CloseInfo,
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
  readonly #request: TransportRequest;
  readonly #sink: TransportSink;
  #inner: TransportConnection | undefined;
  #stage: FailureStage = "connect";
  #isOver = false;

  constructor(transport: Transport, request: TransportRequest, sink: TransportSink) {
    this.#request = request;
    this.#sink = sink;
    let canPing = false;
    this.#attempt(() => {
      this.#inner = checkConnection(transport.connect(request, this.#createSink()));
      canPing = this.#inner.ping !== undefined;
    });
    // It may have broken its contract before it was there to be dropped.
    if (this.#isOver) this.#drop();
    if (canPing) this.ping = () => this.#attempt(() => this.#inner?.ping?.());
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#attempt(() => this.#inner?.send(data));
  }

  close(code?: number, reason?: string): void {
    if (this.#stage === "open") this.#stage = "closing";
    this.#attempt(() => this.#inner?.close(code, reason));
  }

  abort(): void {
    this.#attempt(() => this.#inner?.abort());
  }

  pause(): void {
    this.#attempt(() => this.#inner?.pause());
  }

  resume(): void {
    this.#attempt(() => this.#inner?.resume());
  }

  #createSink(): TransportSink {
    const sink = this.#sink;
    return {
      reached: (stage) =>
        this.#receive(
          () => checkStage(stage),
          (checked) => sink.reached(checked),
          true,
        ),
      opened: (handshake) =>
        this.#receive(
          () => checkHandshake(handshake),
          (checked) => {
            this.#stage = "open";
            sink.opened(checked);
          },
        ),
      received: (pendingBytes) =>
        this.#receive(
          () => checkCount(pendingBytes, "received"),
          (checked) => sink.received(checked),
        ),
      text: (data) =>
        this.#receive(
          () => checkText(data),
          (checked) => sink.text(checked),
        ),
      binary: (data) =>
        this.#receive(
          () => checkBytes(data, "binary"),
          (checked) => sink.binary(checked),
        ),
      sent: (bytes, messages = 1) =>
        this.#receive(
          () => [checkCount(bytes, "sent"), checkCount(messages, "sent")] as const,
          (checked) => sink.sent(...checked),
        ),
      closed: (close) =>
        this.#receive(
          () => checkClose(close),
          (checked) => {
            this.#isOver = true;
            sink.closed(checked);
          },
        ),
    };
  }

  /** Calls the transport, whose methods may also be `async`. */
  #attempt(work: () => unknown): void {
    if (this.#isOver) return;
    try {
      const result = work();
      if (isPromise(result)) void settlePromise(result, (error) => this.#failThrown(error));
    } catch (error) {
      this.#failThrown(error);
    }
  }

  /** Passes on what the transport told, if it is what it should be. */
  #receive<Value>(check: () => Value, pass: (value: Value) => void, isEarlyAllowed = false): void {
    if (this.#isOver) return;
    let value: Value;
    try {
      if (this.#inner === undefined && !isEarlyAllowed) {
        throw new TypeError("it reported before connect() had returned");
      }
      value = check();
    } catch (error) {
      this.#fail(`the transport broke its contract: ${describeError(error)}`);
      return;
    }
    pass(value);
  }

  #failThrown(error: unknown): void {
    this.#fail(`the transport threw: ${describeError(error)}`);
  }

  #fail(message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#drop();
    const url = new URL(this.#request.url);
    const failure: ConnectionFailure = {
      stage: this.#stage,
      code: this.#stage === "connect" ? "ERR_CONNECT" : "ERR_CONNECTION_LOST",
      message,
      host: `${url.hostname}:${effectivePort(url)}`,
    };
    const close: CloseInfo = { code: 1006, reason: "", wasClean: false, failure };
    // As the contract says: never from inside a call.
    queueMicrotask(() => this.#sink.closed(close));
  }

  #drop(): void {
    const ignore = (): void => {
      // What cannot be dropped either is left to the embedder.
    };
    try {
      void settlePromise(this.#inner?.abort(), ignore);
    } catch {
      ignore();
    }
  }
}
