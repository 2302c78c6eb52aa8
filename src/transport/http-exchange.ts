import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { pipeline, type Readable } from "node:stream";
import { TLSSocket } from "node:tls";
import { describeError } from "../errors.ts";
import type { ConnectionFailure, FailureStage } from "../events.ts";
import { effectivePort } from "../policy/origin-pattern.ts";
import { contentDecoders } from "./content-coding.ts";
import { guardLookup } from "./guarded-socket.ts";
import { explainHttpError } from "./http-failure.ts";
import { httpOptions } from "./http-options.ts";
import type { LookupQueue } from "./lookup-queue.ts";
import type { HttpExchange, HttpHead, HttpRequest, HttpSink } from "./transport.ts";
import type { WsTransportOptions } from "./ws-transport-options.ts";

/** One request of `node:http` on a socket of its own, whose address is checked as a WebSocket's is. */
export class NodeHttpExchange implements HttpExchange {
  readonly #sink: HttpSink;
  readonly #url: URL;
  readonly #hasAgent: boolean;
  #request: ClientRequest | undefined;
  #socket: Socket | undefined;
  /** The decoded body. */
  #body: Readable | undefined;
  #stage: FailureStage = "connect";
  #interim = 0;
  #isPaused = false;
  #isOver = false;

  constructor(
    request: HttpRequest,
    sink: HttpSink,
    options: WsTransportOptions,
    queue: LookupQueue,
  ) {
    this.#sink = sink;
    this.#url = new URL(request.url);
    this.#hasAgent = options.agent !== undefined;
    const lookup = guardLookup({
      lookup: options.lookup,
      queue,
      addresses: request.addresses,
      isWanted: () => !this.#isOver,
      answered: () => this.#reach("connect"),
    });
    this.#reach("connect");
    try {
      const made = httpOptions(this.#url, request, {
        agent: options.agent,
        lookup,
        onSocket: (socket) => this.#follow(socket),
        onResolving: () => this.#reach("resolve"),
      });
      const send = this.#url.protocol === "https:" ? requestHttps : requestHttp;
      this.#request = send(made);
      this.#listen(this.#request);
      this.#request.end(request.body);
    } catch (error) {
      // Certificates, keys and headers that cannot be used. The socket may have been opened already.
      queueMicrotask(() => this.#fail(toError(error)));
    }
  }

  abort(): void {
    this.#isOver = true;
    this.#release();
  }

  pause(): void {
    this.#isPaused = true;
    this.#body?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isOver) this.#body?.resume();
  }

  #follow(socket: Socket): void {
    this.#socket = socket;
    // Errors that come after everything is over must find a listener.
    socket.on("error", () => {});
    const next =
      socket instanceof TLSSocket && socket.getFinished() === undefined ? "tls" : "handshake";
    if (!socket.connecting) this.#reach(next);
    socket.once("connect", () => this.#reach(next));
    socket.once("secureConnect", () => this.#reach("handshake"));
  }

  #reach(stage: FailureStage): void {
    this.#stage = stage;
    if (!this.#isOver) this.#notify(() => this.#sink.reached(stage));
  }

  #listen(request: ClientRequest): void {
    // Bounded by the size of all headers.
    request.maxHeadersCount = 0;
    request.on("socket", (socket) => {
      if (this.#socket === undefined) this.#follow(socket);
    });
    request.on("information", () => {
      this.#interim += 1;
      if (this.#interim > maxInterimAnswers) {
        this.#fail(new Error(`more than ${maxInterimAnswers} interim answers`));
      }
    });
    request.on("response", (response) => this.#onResponse(response));
    request.on("upgrade", () => this.#fail(new Error(switched)));
    // Once there is an answer, its body tells: the connection may be over while what came of it is still being read.
    request.on("error", (error) => {
      if (this.#body === undefined || isParseError(error)) this.#fail(error);
    });
    request.on("close", () => {
      if (this.#body === undefined) this.#fail(lostError("the connection ended before the answer"));
    });
  }

  #onResponse(response: IncomingMessage): void {
    if (this.#isOver) return;
    const { statusCode: status = 0, statusMessage: statusText = "" } = response;
    if (status < 200 || status > 599) {
      this.#fail(new Error(status === 101 ? switched : `the status ${status} is none of HTTP's`));
      return;
    }
    const headers = pairs(response.rawHeaders);
    let body: Readable;
    try {
      body = this.#decoded(response, headers);
    } catch (error) {
      this.#fail(toError(error));
      return;
    }
    this.#stage = "open";
    this.#body = body;
    const address = this.#hasAgent ? undefined : this.#socket?.remoteAddress;
    const head: HttpHead = { status, statusText, headers };
    this.#notify(() => this.#sink.head(address === undefined ? head : { ...head, address }));
    if (this.#isOver) return;
    body.on("data", (data: Buffer) => {
      if (!this.#isOver) this.#notify(() => this.#sink.data(data));
    });
    body.on("end", () => this.#end());
    body.on("error", (error) => this.#fail(error));
    body.on("close", () => this.#fail(lostError("the connection ended within the body")));
    if (this.#isPaused) body.pause();
  }

  /** The body without its content codings. Nothing is decoded before it is wanted, so that a small body of much text takes no memory. */
  #decoded(
    response: IncomingMessage,
    headers: readonly (readonly [name: string, value: string])[],
  ): Readable {
    const values = headers.flatMap(([name, value]) =>
      name.toLowerCase() === "content-encoding" ? [value] : [],
    );
    const decoders = hasBody(this.#request?.method ?? "", response) ? contentDecoders(values) : [];
    const last = decoders.at(-1);
    if (last === undefined) return response;
    pipeline([response, ...decoders], (error) => {
      if (error) this.#fail(error);
    });
    return last;
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // A kept connection belongs to the agent again.
    if (!this.#hasAgent) this.#socket?.destroy();
    try {
      this.#sink.end();
    } catch {
      // There is nothing left to end: a receiver that throws now must not end the process.
    }
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release();
    const host = `${this.#url.hostname}:${effectivePort(this.#url)}`;
    this.#report(explainHttpError(error, this.#stage, host));
  }

  #report(failure: ConnectionFailure): void {
    try {
      this.#sink.failed(failure);
    } catch {
      // As above.
    }
  }

  #release(): void {
    this.#request?.destroy();
    this.#body?.destroy();
    this.#socket?.destroy();
  }

  /** An exception of the sink ends the exchange rather than the process. */
  #notify(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#release();
      const host = `${this.#url.hostname}:${effectivePort(this.#url)}`;
      const message = `the receiver of the answer threw: ${describeError(error)}`;
      this.#report({ stage: this.#stage, code: "ERR_ABORTED", message, host });
    }
  }
}

/** An exchange that never was: reports `error` and does nothing. */
export function refusedExchange(request: HttpRequest, sink: HttpSink, error: Error): HttpExchange {
  const url = new URL(request.url);
  const failure = explainHttpError(error, "policy", `${url.hostname}:${effectivePort(url)}`);
  let isOver = false;
  queueMicrotask(() => {
    if (!isOver) sink.failed(failure);
  });
  const ignore = (): void => {
    // There is nothing to act on.
  };
  return { abort: () => void (isOver = true), pause: ignore, resume: ignore };
}

/** Interim answers (status 1xx) that a request may bring. */
const maxInterimAnswers = 16;

const switched = "the server switched to another protocol, which nobody asked for";

function isParseError(error: Error): boolean {
  return "code" in error && typeof error.code === "string" && error.code.startsWith("HPE_");
}

function hasBody(method: string, { statusCode: status }: IncomingMessage): boolean {
  return method !== "HEAD" && status !== 204 && status !== 205 && status !== 304;
}

function pairs(raw: readonly string[]): readonly (readonly [name: string, value: string])[] {
  const list: (readonly [string, string])[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    list.push([raw[index] ?? "", raw[index + 1] ?? ""]);
  }
  return list;
}

function lostError(message: string): Error {
  return Object.assign(new Error(message), { code: "ECONNRESET" });
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
