import { Containment } from "./containment.ts";
import { checkBytes, checkExchange, checkFailure, checkHead, checkStage } from "./told-values.ts";
import type { HttpExchange, HttpRequest, HttpSink } from "./transport.ts";

/** Makes one request of a transport. */
type Start = (request: HttpRequest, sink: HttpSink) => HttpExchange;

/** One request of a transport of the embedder's, held to its contract as `containedTransport` holds a connection. */
export class ContainedExchange implements HttpExchange {
  readonly #sink: HttpSink;
  readonly #contained: Containment<HttpExchange>;

  constructor(start: Start, request: HttpRequest, sink: HttpSink) {
    this.#sink = sink;
    this.#contained = new Containment(request.url, "request", (failure) => sink.failed(failure));
    this.#contained.begin(() => checkExchange(start(request, this.#createSink())));
  }

  abort(): void {
    if (this.#contained.isOver) return;
    this.#contained.isOver = true;
    this.#contained.drop();
  }

  pause(): void {
    this.#contained.attempt(() => this.#contained.inner?.pause());
  }

  resume(): void {
    this.#contained.attempt(() => this.#contained.inner?.resume());
  }

  #createSink(): HttpSink {
    const sink = this.#sink;
    return {
      reached: (stage) =>
        this.#contained.receive(
          () => checkStage(stage),
          (checked) => sink.reached(checked),
          true,
        ),
      head: (head) =>
        this.#contained.receive(
          () => checkHead(head),
          (checked) => {
            this.#contained.stage = "open";
            sink.head(checked);
          },
        ),
      data: (bytes) =>
        this.#contained.receive(
          () => checkBytes(bytes, "data"),
          (checked) => sink.data(checked),
        ),
      end: () =>
        this.#contained.receive(
          () => undefined,
          () => {
            this.#contained.isOver = true;
            sink.end();
          },
        ),
      failed: (failure) =>
        this.#contained.receive(
          () => checkFailure(failure, "failed() takes a failure"),
          (checked) => {
            this.#contained.isOver = true;
            sink.failed(checked);
          },
        ),
    };
  }
}
