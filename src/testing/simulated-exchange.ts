import { STATUS_CODES } from "node:http";
import type { Clock } from "../clock.ts";
import type { FailureStage } from "../events.ts";
import type { SimulatedResponse, Simulator } from "../simulators/simulator.ts";
import type { HttpExchange, HttpRequest, HttpSink } from "../transport/transport.ts";
import { failureOf } from "./failure.ts";
import { Lane } from "./lane.ts";
import { requestHeaders } from "./request-headers.ts";

/** What a {@link SimulatedExchange} carries. */
export interface SimulatedExchangeOptions {
  readonly request: HttpRequest;
  readonly sink: HttpSink;
  readonly simulator: Simulator;
  readonly clock: Clock;
}

/** One HTTP request in memory. */
export class SimulatedExchange implements HttpExchange {
  readonly #options: SimulatedExchangeOptions;
  readonly #answer: Lane;
  #isOver = false;

  constructor(options: SimulatedExchangeOptions) {
    const { clock, request } = options;
    this.#options = options;
    this.#answer = new Lane(clock);
    this.#reach("connect");
    clock.schedule(() => {
      if (request.url.startsWith("https:")) this.#reach("tls");
      this.#reach("handshake");
      if (!this.#isOver) void this.#serve();
    }, 0);
  }

  abort(): void {
    this.#isOver = true;
    this.#answer.end();
  }

  pause(): void {
    this.#answer.pause();
  }

  resume(): void {
    this.#answer.resume();
  }

  /** Never rejects. */
  async #serve(): Promise<void> {
    const { clock, request, simulator } = this.#options;
    try {
      if (simulator.request === undefined) {
        this.#respond({ status: 404 });
        return;
      }
      const response = await simulator.request({
        method: request.method,
        url: new URL(request.url),
        headers: requestHeaders(request),
        body: request.body ?? new Uint8Array(),
        clock,
      });
      if (response === undefined) this.#breakOff();
      else this.#respond(response);
    } catch (error) {
      this.#respond({ status: 500 });
      // The error is for whoever runs the clock.
      clock.schedule(() => {
        throw error;
      }, 0);
    }
  }

  #respond({ status = 200, headers = {}, body = "" }: SimulatedResponse): void {
    const { request, sink } = this.#options;
    const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : new Uint8Array(body);
    const hasBody = request.method !== "HEAD" && status !== 204 && status !== 304;
    const known = Object.entries(headers);
    const names = known.map(([name]) => name.toLowerCase());
    const length: [string, string] = ["content-length", String(bytes.byteLength)];
    this.#answer.post(() => {
      sink.head({
        status,
        statusText: STATUS_CODES[status] ?? "",
        headers: hasBody && !names.includes("content-length") ? [...known, length] : known,
      });
    });
    if (hasBody && bytes.byteLength > 0) this.#answer.post(() => sink.data(bytes));
    this.#answer.post(() => {
      this.abort();
      sink.end();
    });
  }

  #breakOff(): void {
    const message = "the server ended the connection without an answer";
    this.#answer.post(() => {
      this.abort();
      this.#options.sink.failed(
        failureOf(this.#options.request.url, "handshake", "ERR_CONNECTION_LOST", message, {
          systemCode: "ECONNRESET",
        }),
      );
    });
  }

  #reach(stage: FailureStage): void {
    if (!this.#isOver) this.#options.sink.reached(stage);
  }
}
