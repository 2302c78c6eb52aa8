import { fetchWindow } from "../boundary.ts";
import type { ConnectionFailure, FailureCode } from "../events.ts";
import type { HttpHead } from "../transport/transport.ts";
import type { ConnectionDependencies } from "./connection.ts";
import { FetchHop } from "./fetch-hop.ts";
import {
  type FetchRequest,
  followRedirect,
  headerValue,
  isRedirect,
  maxRedirects,
  visibleHeaders,
} from "./fetch-rules.ts";
import { LoadShare } from "./load.ts";
import type { Place } from "./places.ts";

/**
 * One fetch: its requests, each by itself under the policy; its limits; and what guest and observer are told of it. The guest is never told
 * anything from inside a call, and nothing after {@link Fetch.abort}.
 */
export class Fetch {
  readonly #id: number;
  readonly #dependencies: ConnectionDependencies;
  readonly #place: Place;
  readonly #share: LoadShare;
  #request: FetchRequest;
  #hop: FetchHop | undefined;
  #redirects = 0;
  /** Whether there is an answer that the guest was told of. */
  #hasHead = false;
  /** What came of the body while the guest had no room. */
  #chunks: Uint8Array[] = [];
  /** Bytes that the guest still has room for. */
  #room = fetchWindow;
  /** Whether all of the body has come. */
  #hasEnded = false;
  #isFinished = false;
  #hasFailed = false;
  #isOver = false;

  constructor(
    id: number,
    request: FetchRequest,
    dependencies: ConnectionDependencies,
    place: Place,
  ) {
    this.#id = id;
    this.#request = request;
    this.#dependencies = dependencies;
    this.#place = place;
    this.#share = new LoadShare(dependencies.load);
  }

  /** Whether nothing happens until the guest asks for more of the body. */
  get isHeld(): boolean {
    return this.#hasHead && this.#room <= 0;
  }

  start(): void {
    const { method, headers, target, body } = this.#request;
    const request = this.#id;
    this.#emit({ type: "request", request, method, url: target.url.href, headers });
    if (body !== undefined && this.#dependencies.trace && !this.#isOver) {
      this.#emit({ type: "requestBody", request, data: new Uint8Array(body) });
    }
    // Whoever was told may have ended it.
    if (!this.#isOver) this.#startHop();
  }

  /** The guest has room for {@link fetchWindow} bytes more. */
  read(): void {
    if (this.#isOver || !this.#hasHead) return;
    this.#room = fetchWindow;
    queueMicrotask(() => this.#flush());
  }

  /** The guest hears nothing more of it. */
  abort(): void {
    if (this.#isOver) return;
    const message = "the request was dropped by the script or with its sandbox";
    this.#hop?.release();
    this.#finish(this.#hop?.explain("ERR_ABORTED", message));
    this.#hop?.leave();
    this.#end();
  }

  /** Ends it because the guest has no room for its answer. */
  overflow(): void {
    this.#exceed("maxMemory");
  }

  /** Asks the policy again, because it has changed. */
  async reconsider(): Promise<void> {
    await this.#hop?.reconsider();
  }

  #startHop(): void {
    const { limits, load } = this.#dependencies;
    const hop = new FetchHop(this.#request, this.#dependencies, {
      head: (head) => this.#onHead(head),
      data: (bytes) => this.#onData(bytes),
      end: () => this.#onEnd(),
      failed: (failure) => this.#fail(failure),
    });
    this.#hop = hop;
    const bytes = this.#request.body?.byteLength ?? 0;
    const isFirst = this.#redirects === 0;
    let limit: FetchLimit | undefined;
    if (isFirst && this.#place.isOverLimit) limit = "maxConnections";
    else if (isFirst && bytes > limits.maxMessageBytes) limit = "maxMessageBytes";
    else if (isFirst && load.bufferedBytes + bytes > limits.maxBufferedBytes) {
      limit = "maxBufferedBytes";
    } else if (isFirst && bytes > 0) this.#share.add(bytes);
    const exceeded = limit;
    hop.start(exceeded && (() => this.#exceed(exceeded)));
  }

  #onHead(head: HttpHead): void {
    const { status, statusText, headers } = head;
    const location = headerValue(headers, "location");
    if (isRedirect(status) && this.#request.redirect !== "manual") {
      if (this.#request.redirect === "error") {
        this.#failAs(
          "ERR_REDIRECT",
          `the server redirects (status ${status}), which the script does not want`,
        );
        return;
      }
      if (location !== undefined) {
        this.#redirect(head, location);
        return;
      }
    }
    this.#hasHead = true;
    this.#share.release();
    const request = this.#id;
    this.#emit({ type: "response", request, status, statusText, headers });
    if (this.#isOver) return;
    const { url } = this.#request.target;
    const isManual = isRedirect(status) && this.#request.redirect === "manual";
    // The script sees that there was one, and nothing of it.
    if (isManual) this.#hop?.release();
    this.#dependencies.guest.head(request, [
      status,
      statusText,
      url.href,
      this.#redirects > 0,
      ...visibleHeaders(headers).flat(),
    ]);
    if (isManual) this.#onEnd();
  }

  #redirect({ status, headers }: HttpHead, location: string): void {
    if (this.#redirects === maxRedirects) {
      this.#failAs("ERR_REDIRECT", `the server redirects more than ${maxRedirects} times`);
      return;
    }
    const next = followRedirect(this.#request, status, location);
    if (typeof next === "string") {
      this.#failAs("ERR_REDIRECT", next);
      return;
    }
    // The body of a redirect is of no interest to anybody.
    this.#hop?.release();
    this.#redirects += 1;
    this.#request = next;
    const { method, target } = next;
    const url = target.url.href;
    this.#emit({ type: "redirect", request: this.#id, status, headers, method, url });
    if (!this.#isOver) this.#startHop();
  }

  #onData(bytes: Uint8Array): void {
    const { limits, load, trace } = this.#dependencies;
    if (bytes.byteLength === 0) return;
    if (trace) {
      this.#emit({ type: "responseBody", request: this.#id, data: new Uint8Array(bytes) });
      if (this.#isOver) return;
    }
    if (this.#room > 0) {
      this.#deliver(bytes);
      return;
    }
    // What the transport had read already.
    if (load.waitingBytes + load.pendingBytes + bytes.byteLength > limits.maxInboundBytes) {
      this.#exceed("maxInboundBytes");
      return;
    }
    this.#chunks.push(new Uint8Array(bytes));
    this.#share.pending += bytes.byteLength;
  }

  #onEnd(): void {
    this.#hasEnded = true;
    this.#finish(undefined);
    if (this.#chunks.length === 0) this.#tellEnd();
  }

  #flush(): void {
    while (!this.#isOver && this.#room > 0) {
      const bytes = this.#chunks.shift();
      if (bytes === undefined) break;
      this.#share.pending -= bytes.byteLength;
      this.#deliver(bytes);
    }
    if (this.#isOver || this.#room <= 0) return;
    if (this.#hasEnded) this.#tellEnd();
    else this.#hop?.setPaused(false);
  }

  #deliver(bytes: Uint8Array): void {
    this.#room -= bytes.byteLength;
    if (this.#room <= 0) this.#hop?.setPaused(true);
    this.#dependencies.guest.data(this.#id, bytes);
    if (this.isHeld) this.#place.held();
  }

  #tellEnd(): void {
    this.#dependencies.guest.end(this.#id);
    this.#end();
  }

  #exceed(limit: FetchLimit): void {
    if (this.#isOver || this.#hasFailed) return;
    const { limits } = this.#dependencies;
    const isMemory = limit === "maxMemory";
    const message = isMemory
      ? "the script has no room for the answer within limits.maxMemory"
      : `limits.${limit} of ${limits[limit]} was exceeded`;
    this.#emit({ type: "limit", limit, request: this.#id });
    const code = limit === "maxMessageBytes" || isMemory ? "ERR_MESSAGE_TOO_LARGE" : "ERR_LIMIT";
    const stage = this.#hasHead ? undefined : "limit";
    const failure = this.#hop?.explain(code, message, stage);
    if (failure !== undefined) this.#fail(failure);
  }

  #failAs(code: FailureCode, message: string): void {
    const failure = this.#hop?.explain(code, message, "handshake");
    if (failure !== undefined) this.#fail(failure);
  }

  /** Ends the fetch for all who know of it; the guest learns of it when no failure could have been told sooner. */
  #fail(failure: ConnectionFailure): void {
    if (this.#isOver || this.#hasFailed) return;
    this.#hasFailed = true;
    const hop = this.#hop;
    hop?.release();
    this.#finish(failure);
    this.#chunks = [];
    this.#share.release();
    hop?.whenTellable(() => {
      if (this.#isOver) return;
      this.#dependencies.guest.failed(this.#id);
      this.#end();
    });
  }

  /** Tells observers of the end, once. */
  #finish(failure: ConnectionFailure | undefined): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#place.released();
    const finished = { type: "finished", request: this.#id } as const;
    this.#emit(failure === undefined ? finished : { ...finished, failure });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#chunks = [];
    this.#share.release();
    this.#place.ended();
  }

  #emit(event: Parameters<ConnectionDependencies["emit"]>[0]): void {
    this.#dependencies.emit(event);
  }
}

/** Limits that end a fetch. */
type FetchLimit =
  | "maxConnections"
  | "maxMessageBytes"
  | "maxBufferedBytes"
  | "maxInboundBytes"
  | "maxMemory";
