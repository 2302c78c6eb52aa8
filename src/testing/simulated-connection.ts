import { STATUS_CODES } from "node:http";
import type { Clock } from "../clock.ts";
import type { ConnectionFailure, FailureCode, FailureStage } from "../events.ts";
import type { SimulatedResponse, Simulator } from "../simulators/simulator.ts";
import type {
  CloseInfo,
  TransportConnection,
  TransportRequest,
  TransportSink,
} from "../transport/transport.ts";
import { abnormalCloseCode } from "../websocket/close-code.ts";
import { utf8Length } from "../websocket/utf8-length.ts";
import { failureOf } from "./failure.ts";
import { Lane } from "./lane.ts";
import { isReceivable } from "./receivable-code.ts";
import { SimulatedEnd } from "./simulated-end.ts";

/** What a {@link SimulatedConnection} connects. */
export interface SimulatedConnectionOptions {
  readonly request: TransportRequest;
  readonly sink: TransportSink;
  readonly simulator: Simulator;
  readonly clock: Clock;
}

/** The client's end of a connection in memory. */
export class SimulatedConnection implements TransportConnection {
  readonly #request: TransportRequest;
  readonly #sink: TransportSink;
  readonly #clock: Clock;
  readonly #inbound: Lane;
  readonly #outbound: Lane;
  readonly #server: SimulatedEnd;
  #stage: FailureStage = "connect";
  #isOver = false;
  #deadline: Disposable | undefined;
  /** Bytes that a server which does not read any more has been sent: the network takes some of them. */
  #unreadBytes = 0;

  constructor({ request, sink, simulator, clock }: SimulatedConnectionOptions) {
    this.#request = request;
    this.#sink = sink;
    this.#clock = clock;
    this.#inbound = new Lane(clock);
    this.#outbound = new Lane(clock);
    this.#server = new SimulatedEnd({
      request,
      clock,
      // What the server does reaches the client later, in order.
      accept: (protocol) => this.#inbound.post(() => this.#accepted(protocol)),
      refuse: (response) => this.#inbound.post(() => this.#refused(response)),
      send: (data) => this.#inbound.post(() => this.#received(data)),
      ping: () => this.#inbound.post(() => this.#pinged()),
      close: (code, reason) => this.#inbound.post(() => this.#closed(code, reason)),
      drop: () => this.#inbound.post(() => this.#lost()),
    });
    this.#reach("connect");
    this.#outbound.post(() => {
      if (this.#request.url.startsWith("wss:")) this.#reach("tls");
      this.#reach("handshake");
      this.#server.connected(simulator);
    });
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#isOver || this.#stage !== "open") return;
    const bytes = sizeOf(data);
    this.#outbound.post(() => {
      if (this.#server.isSilent) {
        this.#unreadBytes += bytes;
        if (this.#unreadBytes > networkBytes) return;
      }
      // It has left first: the server's answer comes after.
      if (!this.#isOver) this.#sink.sent(bytes);
      this.#server.received(data);
    });
  }

  close(code?: number, reason: string = ""): void {
    if (this.#isOver || this.#stage === "closing") return;
    if (this.#stage !== "open") {
      this.#fail("ERR_CLOSED_BY_SCRIPT", "closed before it was open");
      return;
    }
    this.#stage = "closing";
    const { closeTimeout } = this.#request;
    this.#deadline = this.#clock.schedule(() => {
      this.#end(
        this.#failed(
          "ERR_CLOSE_TIMEOUT",
          `the peer did not end the closing handshake within ${closeTimeout} ms`,
        ),
      );
    }, closeTimeout);
    this.#outbound.post(() => this.#server.closed(code, reason));
  }

  abort(): void {
    if (!this.#isOver) this.#fail("ERR_ABORTED", "the connection was dropped");
  }

  pause(): void {
    this.#inbound.pause();
  }

  resume(): void {
    this.#inbound.resume();
  }

  ping(): void {
    if (this.#isOver || this.#stage !== "open") return;
    this.#outbound.post(() => {
      if (this.#server.isReading) this.#inbound.post(() => this.#sink.received(0));
    });
  }

  #accepted(protocol: string | undefined): void {
    const { protocols } = this.#request;
    const offered = protocols.length > 0;
    const isFine = protocol === undefined ? !offered : protocols.includes(protocol);
    if (!isFine) {
      const got = protocol === undefined ? "none" : JSON.stringify(protocol);
      const expected = offered ? `one of ${JSON.stringify(protocols)}` : "none";
      this.#drop(
        "ERR_HANDSHAKE_INVALID",
        `the server's answer to the handshake is not valid: expected ${expected} as subprotocol, got ${got}`,
      );
      return;
    }
    this.#stage = "open";
    this.#sink.opened({ protocol: protocol ?? "", extensions: "" });
  }

  #refused({ status = 403 }: SimulatedResponse): void {
    const text = STATUS_CODES[status] ?? "";
    const message = `the server answered with status ${status} ${text}`.trimEnd();
    this.#drop("ERR_HANDSHAKE_STATUS", `${message} in place of 101`, { status });
  }

  #received(data: string | Uint8Array<ArrayBuffer>): void {
    const { maxMessageBytes } = this.#request;
    const bytes = sizeOf(data);
    if (bytes > maxMessageBytes) {
      const message = `a message of ${bytes} bytes is larger than ${maxMessageBytes}`;
      this.#drop("ERR_MESSAGE_TOO_LARGE", message, {}, 1009);
      return;
    }
    if (typeof data === "string") this.#sink.text(data);
    else this.#sink.binary(data);
    if (!this.#isOver) this.#sink.received(0);
  }

  #pinged(): void {
    this.#sink.received(0);
    this.#outbound.post(() => this.#server.ponged());
  }

  #closed(code: number | undefined, reason: string): void {
    if (code !== undefined && !isReceivable(code)) {
      this.#drop("ERR_PROTOCOL", `the close frame has the invalid status code ${code}`, {}, 1002);
      return;
    }
    const close: CloseInfo = { code: code ?? 1005, reason, wasClean: true };
    if (this.#stage === "closing") {
      this.#end(close);
      return;
    }
    this.#stage = "closing";
    // The answer to the close frame; then the server ends the connection.
    this.#outbound.post(() => {
      this.#inbound.post(() => this.#end(close));
      this.#server.closed(code, reason);
    });
  }

  #lost(): void {
    this.#drop("ERR_CONNECTION_LOST", "the connection ended without a close frame", {
      systemCode: "ECONNRESET",
    });
  }

  /** Ends the connection on the client's own account: reports it later, as sinks expect. */
  #fail(code: FailureCode, message: string): void {
    const close = this.#failed(code, message);
    this.#isOver = true;
    this.#release(abnormalCloseCode);
    this.#clock.schedule(() => this.#sink.closed(close), 0);
  }

  #drop(
    code: FailureCode,
    message: string,
    more: Partial<ConnectionFailure> = {},
    closeCode: number = abnormalCloseCode,
  ): void {
    this.#end(this.#failed(code, message, more), closeCode);
  }

  #end(close: CloseInfo, closeCode: number = abnormalCloseCode): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release(closeCode);
    this.#sink.closed(close);
  }

  /** `closeCode` is what the server hears, unless its own end is over. */
  #release(closeCode: number): void {
    this.#deadline?.[Symbol.dispose]();
    this.#inbound.end();
    this.#outbound.post(() => this.#server.ended(closeCode));
  }

  #failed(code: FailureCode, message: string, more: Partial<ConnectionFailure> = {}): CloseInfo {
    const failure = failureOf(this.#request.url, this.#stage, code, message, more);
    return { code: abnormalCloseCode, reason: "", wasClean: false, failure };
  }

  #reach(stage: FailureStage): void {
    this.#stage = stage;
    if (!this.#isOver) this.#sink.reached(stage);
  }
}

/** Bytes that a network takes for a peer that does not read: what the buffers of two systems hold. */
const networkBytes = 65_536;

function sizeOf(data: string | Uint8Array): number {
  return typeof data === "string" ? utf8Length(data) : data.byteLength;
}
