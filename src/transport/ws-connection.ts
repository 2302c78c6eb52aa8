import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { WebSocket } from "ws";
import type { ConnectionFailure, FailureCode, FailureStage } from "../events.ts";
import { effectivePort } from "../policy/origin-pattern.ts";
import { abnormalCloseCode } from "../websocket/close-code.ts";
import type { FrameMemory } from "./frame-memory.ts";
import { guardLookup } from "./guarded-socket.ts";
import type { LookupQueue } from "./lookup-queue.ts";
import { ReadTurns } from "./read-turns.ts";
import type {
  CloseInfo,
  Handshake,
  TransportConnection,
  TransportRequest,
  TransportSink,
} from "./transport.ts";
import { WriteDrain } from "./write-drain.ts";
import { explainError } from "./ws-failure.ts";
import { clientOptions } from "./ws-options.ts";
import { copySmallFragments, pendingBytes, type Receiver } from "./ws-receiver.ts";
import type { WsTransportOptions } from "./ws-transport-options.ts";

// Synchronously: a thread that is ended while modules are read in the background leaves their files open for good.
const { WebSocket: Client } = createRequire(import.meta.url)("ws") as typeof import("ws");

/** What the connections of one transport share. */
export interface WsShared {
  readonly queue: LookupQueue;
  readonly memory: FrameMemory;
}

/** One connection of the `ws` package, with everything that it leaves to its user. */
export class WsConnection implements TransportConnection {
  readonly #request: TransportRequest;
  readonly #sink: TransportSink;
  readonly #host: string;
  #webSocket: WebSocket | undefined;
  #socket: Socket | undefined;
  #drain: WriteDrain | undefined;
  readonly #agent: Agent | undefined;
  readonly #memory: FrameMemory;
  #stage: FailureStage = "connect";
  #isOver = false;
  /** Why the connection ends, once that is known: what follows is only its consequence. */
  #failure: ConnectionFailure | undefined;
  #extensions = "";
  #interim = 0;
  /** Fragments of the present message that have been looked at. */
  #fragments = 0;
  readonly #reading = new ReadTurns({
    pause: () => this.#webSocket?.pause(),
    resume: () => {
      if (!this.#isOver) this.#webSocket?.resume();
    },
  });
  /** Payload of the latest ping that waits for the pong before it to leave. */
  #ping: Buffer | "none" | "idle" = "idle";

  constructor(
    request: TransportRequest,
    sink: TransportSink,
    options: WsTransportOptions,
    { queue, memory }: WsShared,
  ) {
    const url = new URL(request.url);
    this.#request = request;
    this.#sink = sink;
    this.#host = hostOf(url);
    this.#agent = options.agent;
    this.#memory = memory;
    const lookup = guardLookup({
      lookup: options.lookup,
      queue,
      addresses: request.addresses,
      isWanted: () => !this.#isOver,
      answered: () => this.#reach("connect"),
    });
    this.#reach("connect");
    const made = clientOptions(url, request, {
      agent: options.agent,
      lookup,
      onSocket: (socket) => this.#follow(socket),
      onRequest: (httpRequest) => this.#watch(httpRequest),
      onResolving: () => this.#reach("resolve"),
    });
    try {
      this.#webSocket = new Client(url.href, [...request.protocols], made);
      this.#listen(this.#webSocket);
    } catch (error) {
      // Certificates, keys and headers that cannot be used. The socket may have been opened already.
      this.#socket?.destroy();
      this.#failLater(explainError(toError(error), "handshake", this.#host));
    }
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.write(data, typeof data === "string");
  }

  write(data: string | Uint8Array<ArrayBuffer>, isText: boolean): void {
    if (!this.#isOver) this.#drain?.send(data, isText);
  }

  close(code?: number, reason?: string): void {
    if (this.#isOver || this.#stage === "closing") return;
    if (this.#stage !== "open") {
      this.#failLater(this.#explain("ERR_CLOSED_BY_SCRIPT", "closed before it was open"));
      this.#release();
      return;
    }
    this.#stage = "closing";
    this.#drain?.close(code, reason, () => {
      const message = `the peer did not end the closing handshake within ${this.#request.closeTimeout} ms`;
      // Counts unless a close frame did arrive and only TCP was not ended: `ws` knows.
      this.#failure = this.#explain("ERR_CLOSE_TIMEOUT", message);
      this.#release();
    });
  }

  abort(): void {
    if (this.#isOver) return;
    this.#failLater(this.#explain("ERR_ABORTED", "the connection was dropped"));
    this.#release();
  }

  pause(): void {
    if (!this.#isOver) this.#reading.pause();
  }

  resume(): void {
    this.#reading.resume();
  }

  ping(): void {
    if (this.#isOver || this.#webSocket?.readyState !== Client.OPEN) return;
    this.#drain?.ping(() => this.#onData());
  }

  #follow(socket: Socket): void {
    this.#socket = socket;
    // Errors that come after everything is over must find a listener.
    socket.on("error", (error) => this.#onSocketError(error));
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

  #watch(request: ClientRequest): void {
    request.on("socket", (socket) => {
      if (this.#socket === undefined) this.#follow(socket);
    });
    request.on("information", ({ statusCode }) => {
      this.#interim += 1;
      if (statusCode === 101) {
        this.#fail(this.#explain("ERR_HANDSHAKE_INVALID", noUpgrade));
      } else if (this.#interim > maxInterimAnswers) {
        this.#fail(
          this.#explain("ERR_HANDSHAKE_INVALID", `more than ${maxInterimAnswers} interim answers`),
        );
      }
    });
  }

  #listen(webSocket: WebSocket): void {
    webSocket.on("upgrade", (response) => this.#onUpgrade(response));
    webSocket.on("unexpected-response", (_request, response) => this.#onStatus(response));
    webSocket.on("open", () => this.#onOpen(webSocket));
    webSocket.on("message", (data, isBinary) => this.#onMessage(data, isBinary));
    webSocket.on("ping", (data) => this.#onPing(webSocket, data));
    webSocket.on("error", (error) => this.#onError(error));
    webSocket.on("close", (code, reason) => this.#onClose(code, reason));
  }

  #onUpgrade(response: IncomingMessage): void {
    this.#extensions = response.headers["sec-websocket-extensions"] ?? "";
    // RFC 6455, section 4.1: the handshake is an answer of HTTP/1.1 or later with status 101.
    if (response.httpVersion === "1.1" && response.statusCode === 101) return;
    this.#fail(
      this.#explain(
        "ERR_HANDSHAKE_INVALID",
        `the server answered with HTTP/${response.httpVersion} ${response.statusCode} in place of HTTP/1.1 101`,
      ),
    );
  }

  #onStatus({ statusCode: status = 0 }: IncomingMessage): void {
    if (status === 101) {
      this.#fail(this.#explain("ERR_HANDSHAKE_INVALID", noUpgrade));
      return;
    }
    const message = `the server answered with status ${status} in place of 101`;
    this.#fail({ ...this.#explain("ERR_HANDSHAKE_STATUS", message), status });
  }

  #onOpen(webSocket: WebSocket): void {
    const socket = this.#socket;
    if (this.#isOver || socket === undefined) return;
    this.#stage = "open";
    this.#drain = new WriteDrain({
      webSocket,
      socket,
      memory: this.#memory,
      closeTimeout: this.#request.closeTimeout,
      sent: (bytes, messages) => {
        if (!this.#isOver) this.#notify(() => this.#sink.sent(bytes, messages));
      },
    });
    const handshake: Handshake = { protocol: webSocket.protocol, extensions: this.#extensions };
    const address = this.#agent === undefined ? socket.remoteAddress : undefined;
    this.#notify(() => {
      this.#sink.opened(address === undefined ? handshake : { ...handshake, address });
    });
    // After the listener of `ws`, so that what is left is not complete.
    socket.on("data", () => this.#onData());
  }

  #onData(): void {
    if (this.#isOver) return;
    this.#reading.endChunk();
    const { _receiver: receiver = {} } = this.#webSocket as { readonly _receiver?: Receiver };
    const known = Math.min(this.#fragments, receiver._fragments?.length ?? 0);
    this.#fragments = copySmallFragments(receiver, known);
    this.#notify(() => this.#sink.received(pendingBytes(receiver)));
  }

  #onMessage(data: unknown, isBinary: boolean): void {
    // Frames that were read already arrive even after the connection was given up.
    if (this.#isOver || !(data instanceof Uint8Array)) return;
    this.#reading.beginMessage();
    this.#notify(() => (isBinary ? this.#sink.binary(data) : this.#sink.text(data)));
  }

  /** Answers the latest ping only, once the pong before it has left: pings cannot make memory grow. */
  #onPing(webSocket: WebSocket, data: Buffer): void {
    if (this.#isOver || webSocket.readyState !== Client.OPEN) return;
    if (this.#ping !== "idle") {
      this.#ping = Buffer.from(data);
      return;
    }
    this.#ping = "none";
    webSocket.pong(data, true, () => {
      const latest = this.#ping;
      this.#ping = "idle";
      if (typeof latest !== "string") this.#onPing(webSocket, latest);
    });
  }

  #onSocketError(error: Error): void {
    // Before the handshake ends `ws` reports it too; afterwards it only closes.
    if (this.#stage !== "open" && this.#stage !== "closing") return;
    this.#failure ??= explainError(error, this.#stage, this.#host);
  }

  #onError(error: Error): void {
    const failure = this.#failure ?? explainError(error, this.#stage, this.#host);
    if (this.#drain === undefined) {
      this.#fail(failure);
    } else {
      // `ws` has sent a close frame with the reason: let it leave before the socket goes.
      this.#finish(failedClose(failure));
      this.#linger();
    }
  }

  #onClose(code: number, reason: Buffer): void {
    if (this.#isOver) return;
    // 1006 cannot be received, so that any other code came in a close frame.
    if (code !== abnormalCloseCode) {
      this.#finish({ code, reason: reason.toString("utf8"), wasClean: true });
      return;
    }
    this.#fail(
      this.#failure ??
        this.#explain("ERR_CONNECTION_LOST", "the connection ended without a close frame"),
    );
  }

  #explain(code: FailureCode, message: string): ConnectionFailure {
    return { stage: this.#stage, code, message, host: this.#host };
  }

  /** Ends everything now. */
  #fail(failure: ConnectionFailure): void {
    this.#failure = failure;
    this.#release();
    this.#finish(failedClose(failure));
  }

  /** Reports the end after the caller has returned, as sinks expect of what they asked for themselves. */
  #failLater(failure: ConnectionFailure): void {
    this.#failure = failure;
    const close = failedClose(failure);
    // From here on only this end is reported.
    this.#isOver = true;
    queueMicrotask(() => this.#report(close));
  }

  #finish(close: CloseInfo): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#report(close);
  }

  #report(close: CloseInfo): void {
    this.#drain?.[Symbol.dispose]();
    try {
      this.#sink.closed(close);
    } catch {
      // There is nothing left to end: a receiver that throws now must not end the process.
    }
  }

  #release(): void {
    this.#webSocket?.terminate();
    this.#socket?.destroy();
  }

  /** Leaves the peer a moment to read the close frame; the process need not wait for it. */
  #linger(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.unref();
    const timeout = setTimeout(() => this.#release(), lingerTime).unref();
    socket.once("close", () => clearTimeout(timeout));
  }

  /** An exception of the sink ends the connection rather than the process. */
  #notify(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#fail(
        this.#explain(
          "ERR_ABORTED",
          `the receiver of the connection threw: ${toError(error).message}`,
        ),
      );
    }
  }
}

/** A connection that never was: reports `error` and does nothing. */
export function refusedConnection(
  request: TransportRequest,
  sink: TransportSink,
  error: Error,
): TransportConnection {
  const close = failedClose(explainError(error, "policy", hostOf(new URL(request.url))));
  queueMicrotask(() => sink.closed(close));
  const ignore = (): void => {
    // There is nothing to act on.
  };
  return {
    send: ignore,
    close: ignore,
    abort: ignore,
    pause: ignore,
    resume: ignore,
  };
}

/** Interim answers (status 1xx) that a handshake may bring. */
const maxInterimAnswers = 16;

/** Some versions of Node report a 101 without an upgrade as an interim answer, others as the answer. */
const noUpgrade = "status 101 without an upgrade to websocket";

/** Milliseconds between the failure of a connection and the end of its socket. */
const lingerTime = 250;

function hostOf(url: URL): string {
  return `${url.hostname}:${effectivePort(url)}`;
}

function failedClose(failure: ConnectionFailure): CloseInfo {
  return { code: abnormalCloseCode, reason: "", wasClean: false, failure };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
