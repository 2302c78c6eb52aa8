import { describeError } from "../errors.ts";
import type { FailureStage } from "../events.ts";
import { effectivePort } from "../policy/origin-pattern.ts";
import { isPromise, settlePromise } from "./settle-promise.ts";
import { checkBytes, checkExchange, checkFailure, checkHead, checkStage } from "./told-values.ts";
import type { HttpExchange, HttpRequest, HttpSink } from "./transport.ts";

/** Makes one request of a transport. */
type Start = (request: HttpRequest, sink: HttpSink) => HttpExchange;

/** One request of a transport of the embedder's, held to its contract as `containedTransport` holds a connection. */
export class ContainedExchange implements HttpExchange {
  readonly #request: HttpRequest;
  readonly #sink: HttpSink;
  #inner: HttpExchange | undefined;
  #stage: FailureStage = "connect";
  #isOver = false;

  constructor(start: Start, request: HttpRequest, sink: HttpSink) {
    this.#request = request;
    this.#sink = sink;
    this.#attempt(() => {
      this.#inner = checkExchange(start(request, this.#createSink()));
    });
    // It may have broken its contract before it was there to be dropped.
    if (this.#isOver) this.#drop();
  }

  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#drop();
  }

  pause(): void {
    this.#attempt(() => this.#inner?.pause());
  }

  resume(): void {
    this.#attempt(() => this.#inner?.resume());
  }

  #createSink(): HttpSink {
    const sink = this.#sink;
    return {
      reached: (stage) =>
        this.#receive(
          () => checkStage(stage),
          (checked) => sink.reached(checked),
          true,
        ),
      head: (head) =>
        this.#receive(
          () => checkHead(head),
          (checked) => {
            this.#stage = "open";
            sink.head(checked);
          },
        ),
      data: (bytes) =>
        this.#receive(
          () => checkBytes(bytes, "data"),
          (checked) => sink.data(checked),
        ),
      end: () =>
        this.#receive(
          () => undefined,
          () => {
            this.#isOver = true;
            sink.end();
          },
        ),
      failed: (failure) =>
        this.#receive(
          () => checkFailure(failure, "failed() takes a failure"),
          (checked) => {
            this.#isOver = true;
            sink.failed(checked);
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
        throw new TypeError("it reported before request() had returned");
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
    const host = `${url.hostname}:${effectivePort(url)}`;
    const code = this.#stage === "connect" ? "ERR_CONNECT" : "ERR_CONNECTION_LOST";
    // As the contract says: never from inside a call.
    queueMicrotask(() => this.#sink.failed({ stage: this.#stage, code, message, host }));
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
