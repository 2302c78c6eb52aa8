import type { FailureStage } from "../events.ts";
import type {
  CloseInfo,
  Transport,
  TransportConnection,
  TransportRequest,
  TransportSink,
} from "./transport.ts";

/**
 * A transport that is loaded with its first connection: the network stack is a third of what a sandbox's thread would otherwise
 * load before it runs a script.
 */
export function lazyTransport(load: () => Promise<Transport>): Transport {
  let loading: Promise<Transport> | undefined;
  return {
    connect(request, sink) {
      loading ??= load();
      return new LazyConnection(loading, request, sink);
    },
  };
}

class LazyConnection implements TransportConnection {
  readonly #request: TransportRequest;
  readonly #sink: TransportSink;
  #connection: TransportConnection | undefined;
  #isOver = false;
  #isPaused = false;

  constructor(loading: Promise<Transport>, request: TransportRequest, sink: TransportSink) {
    this.#request = request;
    this.#sink = sink;
    void loading
      .then((transport) => this.#start(transport))
      .catch((error: unknown) => {
        if (this.#isOver) return;
        this.#isOver = true;
        sink.closed(
          this.#lost("ERR_CONNECT", `the transport could not be loaded: ${String(error)}`),
        );
      });
  }

  get stage(): FailureStage {
    return this.#connection === undefined ? "connect" : (this.#connection.stage ?? "handshake");
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    // Before it is open there is nothing to send on.
    this.#connection?.send(data);
  }

  close(code?: number, reason?: string): void {
    if (this.#connection === undefined) this.abort();
    else this.#connection.close(code, reason);
  }

  abort(): void {
    if (this.#connection !== undefined) {
      this.#connection.abort();
    } else if (!this.#isOver) {
      this.#isOver = true;
      const close = this.#lost("ERR_ABORTED", "the connection was dropped");
      queueMicrotask(() => this.#sink.closed(close));
    }
  }

  pause(): void {
    this.#isPaused = true;
    this.#connection?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#connection?.resume();
  }

  ping(): void {
    this.#connection?.ping?.();
  }

  #start(transport: Transport): void {
    if (this.#isOver) return;
    this.#connection = transport.connect(this.#request, this.#sink);
    if (this.#isPaused) this.#connection.pause();
  }

  #lost(code: "ERR_CONNECT" | "ERR_ABORTED", message: string): CloseInfo {
    const { host } = new URL(this.#request.url);
    const failure = { stage: "connect", code, message, host } as const;
    return { code: 1006, reason: "", wasClean: false, failure };
  }
}
