import type { Transport, TransportConnection, TransportRequest } from "../transport/transport.ts";
import type { TransportCommand, TransportEvent } from "./messages.ts";

/** What a {@link HostedConnection} needs. */
export interface HostedConnectionOptions {
  readonly id: number;
  readonly transport: Transport;
  readonly request: TransportRequest;
  /** Bytes of messages that may be on their way into the thread, beyond what a transport has to bring before it pauses. */
  readonly maxInboundBytes: number;
  post(event: TransportEvent): void;
  /** Is called when the connection has ended. */
  ended(): void;
}

/**
 * One connection of the embedder's transport, as its thread sees it: passes on what happens to the sandbox's thread, which may be busy
 * with a script, so that what is on its way there is bounded.
 */
export class HostedConnection {
  readonly #options: HostedConnectionOptions;
  readonly #connection: TransportConnection;
  /** Bytes that were posted and not taken. */
  #underWay = 0;
  /** Whether the sandbox wants no more for now. */
  #isPausedInside = false;
  /** Whether the transport was told to pause. */
  #isPaused = false;
  /** Whether a `received` was posted and not heard. */
  #isReceivedUnderWay = false;
  /** What the next `received` says, once the one before it was heard. */
  #pendingBytes: number | undefined;
  #isOver = false;

  constructor(options: HostedConnectionOptions) {
    const { id: connection, transport, request, post } = options;
    this.#options = options;
    this.#connection = transport.connect(request, {
      reached: (stage) => post({ type: "reached", connection, stage }),
      opened: (handshake) => {
        const canPing = this.#connection.ping !== undefined;
        post({ type: "opened", connection, handshake, canPing });
      },
      received: (pendingBytes) => this.#received(pendingBytes),
      text: (data) => this.#message("text", typeof data === "string" ? data : copy(data)),
      binary: (data) => this.#message("binary", copy(data)),
      sent: (bytes, messages = 1) => post({ type: "sent", connection, bytes, messages }),
      closed: (close) => {
        if (this.#isOver) return;
        this.#isOver = true;
        post({ type: "disconnected", connection, close });
        options.ended();
      },
    });
  }

  /** Does what the sandbox asks for. */
  receive(command: Exclude<TransportCommand, { readonly type: "connect" }>): void {
    switch (command.type) {
      case "send":
        this.#connection.send(command.data);
        break;
      case "disconnect":
        this.#connection.close(command.code, command.reason);
        break;
      case "abort":
        this.abort();
        break;
      case "pause":
      case "resume":
        this.#isPausedInside = command.type === "pause";
        this.#balance();
        break;
      case "taken":
        this.#underWay -= command.bytes;
        this.#balance();
        break;
      case "ping":
        this.#connection.ping?.();
        break;
      case "heard":
        this.#heard();
        break;
    }
  }

  abort(): void {
    this.#connection.abort();
  }

  /** Only one is under way: a busy thread does not gather one for each of the peer's packets. */
  #received(pendingBytes: number): void {
    if (this.#isReceivedUnderWay) {
      this.#pendingBytes = pendingBytes;
      return;
    }
    this.#isReceivedUnderWay = true;
    this.#options.post({ type: "received", connection: this.#options.id, pendingBytes });
  }

  #heard(): void {
    const pendingBytes = this.#pendingBytes;
    this.#isReceivedUnderWay = false;
    this.#pendingBytes = undefined;
    if (pendingBytes !== undefined) this.#received(pendingBytes);
  }

  #message(type: "text" | "binary", data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#isOver) return;
    const { id: connection, post, maxInboundBytes } = this.#options;
    const bytes = data.length + messageOverhead;
    // It took the place of its incomplete part.
    if (this.#pendingBytes !== undefined) this.#pendingBytes = 0;
    this.#underWay += bytes;
    if (this.#underWay > maxInboundBytes + 2 * maxUnderWay) {
      this.#fail();
      return;
    }
    post({ type, connection, data, bytes });
    this.#balance();
  }

  /** Pauses or resumes the connection as both its ends want it. */
  #balance(): void {
    const limit = this.#isPaused ? maxUnderWay / 2 : maxUnderWay;
    const shouldPause = this.#isPausedInside || this.#underWay > limit;
    if (shouldPause === this.#isPaused) return;
    this.#isPaused = shouldPause;
    if (shouldPause) this.#connection.pause();
    else this.#connection.resume();
  }

  /** Ends a connection whose transport goes on although it was told to pause. */
  #fail(): void {
    const { id: connection, post, request, maxInboundBytes, ended } = this.#options;
    this.#isOver = true;
    this.#connection.abort();
    const failure = {
      stage: "open",
      code: "ERR_LIMIT",
      message: `limits.maxInboundBytes of ${maxInboundBytes} was exceeded on the way into the sandbox`,
      host: new URL(request.url).host,
    } as const;
    const close = { code: 1006, reason: "", wasClean: false, failure };
    post({ type: "disconnected", connection, close });
    ended();
  }
}

/** Bytes of messages on their way into the thread before a connection is paused: the thread may be busy with a script. */
const maxUnderWay = 2 ** 20;

/** What one message takes beside its payload. */
const messageOverhead = 256;

/** Exactly these bytes: posting a view of a pooled buffer would clone its neighbours too. */
function copy(data: Uint8Array<ArrayBufferLike>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data);
}
