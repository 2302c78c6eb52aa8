import type { Clock } from "../clock.ts";
import type { ConnectionFailure, FailureCode, FailureStage } from "../events.ts";
import type {
  CloseInfo,
  Handshake,
  Transport,
  TransportConnection,
  TransportRequest,
  TransportSink,
} from "../transport/transport.ts";
import { abnormalCloseCode } from "../websocket/close-code.ts";
import { utf8Length } from "../websocket/utf8-length.ts";
import { failureOf } from "./failure.ts";

/** Data of one message: text or bytes. */
export type MessageData = string | Uint8Array<ArrayBuffer>;

/** What goes from the script to the server. */
export type UpItem =
  | {
      readonly type: "message";
      readonly data: MessageData;
      /** Bytes that count as sent for the script once this has left; {@link notCounted} for what it has not sent. */
      readonly bytes: number;
    }
  | { readonly type: "close"; readonly code: number | undefined; readonly reason: string }
  | { readonly type: "ping" };

/** What goes from the server to the script. */
export type DownItem =
  | { readonly type: "opened"; readonly handshake: Handshake }
  | { readonly type: "message"; readonly data: MessageData }
  | { readonly type: "received"; readonly pendingBytes: number }
  | { readonly type: "closed"; readonly close: CloseInfo };

/** Decides what becomes of the items of one connection: each may be passed on as it is or changed, now, later, twice or never. */
export interface Filter {
  /** Absent: passed on. */
  up?(item: UpItem, pass: (item: UpItem) => void): void;
  /** Absent: passed on. */
  down?(item: DownItem, pass: (item: DownItem) => void): void;
}

/** One connection as a {@link Filter} sees it. */
export interface Link {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly isOver: boolean;
  /** Gives the script something. */
  passDown(item: DownItem): void;
  /** Gives the server something. */
  passUp(item: UpItem): void;
  /** Counts bytes of the script as sent that go nowhere. */
  countSent(bytes: number): void;
  /** Ends the connection for the script as `close` says, and drops it for the server. */
  end(close: CloseInfo): void;
  /** The same for a failure. */
  fail(code: FailureCode, message: string, more?: Partial<ConnectionFailure>): void;
}

/** What a {@link Relay} is made of. */
export interface RelayOptions {
  readonly transport: Transport;
  readonly request: TransportRequest;
  readonly sink: TransportSink;
  readonly clock: Clock;
  /** Calls `pass` when the handshake may begin, or ends the link. */
  readonly admit: (link: Link, pass: () => void) => void;
  readonly filter: (link: Link) => Filter;
}

/** A connection of another transport with a {@link Filter} in between. */
export class Relay implements TransportConnection, Link {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly ping?: () => void;
  readonly #request: TransportRequest;
  readonly #sink: TransportSink;
  readonly #clock: Clock;
  readonly #filter: Filter;
  #inner: TransportConnection | undefined;
  #stage: FailureStage = "connect";
  #isOver = false;
  #deadline: Disposable | undefined;
  /** What the messages that the inner connection has stand for, in order. */
  #unsent: number[] = [];

  constructor({ transport, request, sink, clock, admit, filter }: RelayOptions) {
    this.url = request.url;
    this.protocols = request.protocols;
    this.#request = request;
    this.#sink = sink;
    this.#clock = clock;
    this.#filter = filter(this);
    this.ping = () => this.#up({ type: "ping" });
    sink.reached("connect");
    admit(this, () => {
      if (this.#isOver || this.#inner !== undefined) return;
      this.#inner = transport.connect(request, this.#innerSink());
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  send(data: MessageData): void {
    if (this.#isOver || this.#stage !== "open") return;
    const bytes = typeof data === "string" ? utf8Length(data) : data.byteLength;
    this.#up({ type: "message", data, bytes });
  }

  close(code?: number, reason: string = ""): void {
    if (this.#isOver || this.#stage === "closing") return;
    if (this.#stage !== "open") {
      this.fail("ERR_CLOSED_BY_SCRIPT", "closed before it was open");
      return;
    }
    this.#stage = "closing";
    const { closeTimeout } = this.#request;
    // Until the inner connection knows of it, which has a time of its own.
    this.#deadline = this.#clock.schedule(() => {
      const message = `the peer did not end the closing handshake within ${closeTimeout} ms`;
      this.fail("ERR_CLOSE_TIMEOUT", message);
    }, closeTimeout);
    this.#up({ type: "close", code, reason });
  }

  abort(): void {
    this.fail("ERR_ABORTED", "the connection was dropped");
  }

  pause(): void {
    this.#inner?.pause();
  }

  resume(): void {
    this.#inner?.resume();
  }

  passUp(item: UpItem): void {
    if (this.#isOver) return;
    switch (item.type) {
      case "message":
        this.#unsent.push(item.bytes);
        this.#inner?.send(item.data);
        break;
      case "close":
        this.#deadline?.[Symbol.dispose]();
        this.#inner?.close(item.code, item.reason);
        break;
      case "ping":
        this.#inner?.ping?.();
        break;
    }
  }

  passDown(item: DownItem): void {
    if (this.#isOver) return;
    switch (item.type) {
      case "opened":
        this.#stage = "open";
        this.#sink.opened(item.handshake);
        break;
      case "message":
        if (typeof item.data === "string") this.#sink.text(item.data);
        else this.#sink.binary(item.data);
        break;
      case "received":
        if (this.#stage === "open" || this.#stage === "closing") {
          this.#sink.received(item.pendingBytes);
        }
        break;
      case "closed":
        this.#finish();
        this.#sink.closed(item.close);
        break;
    }
  }

  countSent(bytes: number): void {
    this.#clock.schedule(() => {
      if (!this.#isOver) this.#sink.sent(bytes);
    }, 0);
  }

  end(close: CloseInfo): void {
    if (this.#isOver) return;
    this.#finish();
    this.#inner?.abort();
    this.#clock.schedule(() => this.#sink.closed(close), 0);
  }

  fail(code: FailureCode, message: string, more: Partial<ConnectionFailure> = {}): void {
    const failure = failureOf(this.url, this.#stage, code, message, more);
    this.end({ code: abnormalCloseCode, reason: "", wasClean: false, failure });
  }

  #finish(): void {
    this.#isOver = true;
    this.#deadline?.[Symbol.dispose]();
  }

  #up(item: UpItem): void {
    if (this.#isOver) return;
    if (this.#filter.up === undefined) this.passUp(item);
    else this.#filter.up(item, (passed) => this.passUp(passed));
  }

  #down(item: DownItem): void {
    if (this.#isOver) return;
    if (this.#filter.down === undefined) this.passDown(item);
    else this.#filter.down(item, (passed) => this.passDown(passed));
  }

  #innerSink(): TransportSink {
    return {
      reached: (stage) => {
        if (this.#isOver) return;
        this.#stage = stage;
        this.#sink.reached(stage);
      },
      opened: (handshake) => this.#down({ type: "opened", handshake }),
      received: (pendingBytes) => this.#down({ type: "received", pendingBytes }),
      text: (data) => this.#down({ type: "message", data: textOf(data) }),
      // A copy: the bytes are only valid during the call.
      binary: (data) => this.#down({ type: "message", data: new Uint8Array(data) }),
      sent: (_bytes, messages = 1) => this.#onSent(messages),
      closed: (close) => this.#down({ type: "closed", close }),
    };
  }

  #onSent(messages: number): void {
    const own = this.#unsent.splice(0, messages).filter((bytes) => bytes !== notCounted);
    if (this.#isOver || own.length === 0) return;
    this.#sink.sent(
      own.reduce((sum, bytes) => sum + bytes, 0),
      own.length,
    );
  }
}

/** {@link UpItem}'s `bytes` of a message that the script has not sent. */
export const notCounted = -1;

function textOf(data: string | Uint8Array): string {
  if (typeof data === "string") return data;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
}
