import type { HttpExchange, HttpRequest, Transport } from "../transport/transport.ts";
import type { ExchangeCommand, ExchangeEvent } from "./messages.ts";

/** What a {@link HostedExchange} needs. */
export interface HostedExchangeOptions {
  readonly id: number;
  readonly transport: Transport;
  readonly request: HttpRequest;
  /** Bytes of a body that may be on their way into the thread, beyond what a transport has to bring before it pauses. */
  readonly maxInboundBytes: number;
  post(event: ExchangeEvent): void;
  /** Is called when the exchange has ended. */
  ended(): void;
}

/** One request of the embedder's transport, as its thread sees it; see `HostedConnection`. */
export class HostedExchange {
  readonly #options: HostedExchangeOptions;
  readonly #exchange: HttpExchange | undefined;
  /** Bytes that were posted and not taken. */
  #underWay = 0;
  /** Whether the sandbox wants no more for now. */
  #isPausedInside = false;
  /** Whether the transport was told to pause. */
  #isPaused = false;
  #isOver = false;

  constructor(options: HostedExchangeOptions) {
    const { id: exchange, transport, request, post } = options;
    this.#options = options;
    let isTold = false;
    this.#exchange = transport.request?.(request, {
      reached: (stage) => {
        isTold = true;
        post({ type: "exchangeReached", exchange, stage });
      },
      head: (head) => {
        if (!this.#isOver) post({ type: "head", exchange, head });
      },
      data: (bytes) => this.#data(bytes),
      end: () => {
        if (this.#end()) post({ type: "exchangeEnd", exchange });
      },
      failed: (failure) => {
        if (this.#end()) post({ type: "exchangeFailed", exchange, failure });
      },
    });
    if (this.#exchange === undefined) {
      const message = "the transport has no request(): it cannot fetch";
      this.#fail({ stage: "connect", code: "ERR_CONNECT", message });
    } else if (!isTold) post({ type: "exchangeReached", exchange, stage: "handshake" });
  }

  /** Does what the sandbox asks for. */
  receive(command: Exclude<ExchangeCommand, { readonly type: "request" }>): void {
    switch (command.type) {
      case "exchangeAbort":
        this.abort();
        break;
      case "exchangePause":
      case "exchangeResume":
        this.#isPausedInside = command.type === "exchangePause";
        this.#balance();
        break;
      case "exchangeTaken":
        this.#underWay -= command.bytes;
        this.#balance();
        break;
    }
  }

  abort(): void {
    if (this.#end()) this.#exchange?.abort();
  }

  #data(data: Uint8Array<ArrayBufferLike>): void {
    if (this.#isOver) return;
    const { id: exchange, post, maxInboundBytes } = this.#options;
    const bytes = data.byteLength + chunkOverhead;
    this.#underWay += bytes;
    if (this.#underWay > maxInboundBytes + 2 * maxUnderWay) {
      this.#exchange?.abort();
      const message = `limits.maxInboundBytes of ${maxInboundBytes} was exceeded on the way into the sandbox`;
      this.#fail({ stage: "open", code: "ERR_LIMIT", message });
      return;
    }
    // Exactly these bytes: posting a view of a pooled buffer would clone its neighbours too.
    post({ type: "body", exchange, data: new Uint8Array(data), bytes });
    this.#balance();
  }

  /** Pauses or resumes the transport as both ends want it. */
  #balance(): void {
    const limit = this.#isPaused ? maxUnderWay / 2 : maxUnderWay;
    const shouldPause = this.#isPausedInside || this.#underWay > limit;
    if (shouldPause === this.#isPaused || this.#isOver) return;
    this.#isPaused = shouldPause;
    if (shouldPause) this.#exchange?.pause();
    else this.#exchange?.resume();
  }

  #fail(failure: {
    readonly stage: "connect" | "open";
    readonly code: "ERR_CONNECT" | "ERR_LIMIT";
    readonly message: string;
  }): void {
    const { id: exchange, post, request } = this.#options;
    if (!this.#end()) return;
    const { host } = new URL(request.url);
    post({ type: "exchangeFailed", exchange, failure: { ...failure, host } });
  }

  /** Whether it has ended only now. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#options.ended();
    return true;
  }
}

/** Bytes on their way into the thread before the transport is paused: the thread may be busy with a script. */
const maxUnderWay = 2 ** 20;

/** What one chunk takes beside its bytes. */
const chunkOverhead = 256;
