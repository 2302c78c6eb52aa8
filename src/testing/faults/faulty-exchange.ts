import type { Clock } from "../../clock.ts";
import type { HttpExchange, HttpRequest, HttpSink, Transport } from "../../transport/transport.ts";
import { failureOf } from "../failure.ts";
import type { FaultyNetwork } from "./fault.ts";

/** What a {@link FaultyExchange} carries. */
export interface FaultyExchangeOptions {
  readonly request: HttpRequest;
  readonly sink: HttpSink;
  readonly clock: Clock;
}

/** One HTTP request of another transport, with a fault in between. */
export class FaultyExchange implements HttpExchange {
  readonly #options: FaultyExchangeOptions;
  /** Lets parts of the answer arrive. */
  readonly #arrive: (arrive: () => void, bytes: number) => void;
  #inner: HttpExchange | undefined;
  #isOver = false;
  #isPaused = false;

  constructor(transport: Transport, network: FaultyNetwork, options: FaultyExchangeOptions) {
    const { request, sink, clock } = options;
    this.#options = options;
    this.#arrive = network.answer?.() ?? ((arrive) => arrive());
    sink.reached("connect");
    const pass = (): void => {
      if (this.#isOver || this.#inner !== undefined) return;
      this.#inner = transport.request?.(request, this.#innerSink());
      if (this.#isPaused) this.#inner?.pause();
    };
    if (network.admit === undefined) pass();
    else {
      network.admit({
        pass,
        fail: (code, message, more) => {
          const failure = failureOf(request.url, "connect", code, message, more);
          clock.schedule(() => this.#end(() => sink.failed(failure)), 0);
        },
      });
    }
  }

  abort(): void {
    this.#isOver = true;
    this.#inner?.abort();
  }

  pause(): void {
    this.#isPaused = true;
    this.#inner?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#inner?.resume();
  }

  #innerSink(): HttpSink {
    const { sink } = this.#options;
    const later = (tell: () => void, bytes = 0): void =>
      this.#arrive(() => {
        if (!this.#isOver) tell();
      }, bytes);
    return {
      reached: (stage) => {
        if (!this.#isOver) sink.reached(stage);
      },
      head: (head) => later(() => sink.head(head)),
      data(bytes) {
        // A copy: the bytes are only valid during the call.
        const copy = new Uint8Array(bytes);
        later(() => sink.data(copy), copy.byteLength);
      },
      end: () => later(() => this.#end(() => sink.end())),
      failed: (failure) => later(() => this.#end(() => sink.failed(failure))),
    };
  }

  #end(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    tell();
  }
}
