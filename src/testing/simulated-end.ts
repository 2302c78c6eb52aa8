import type { Clock } from "../clock.ts";
import type { SimulatedPeer, SimulatedResponse, Simulator } from "../simulators/simulator.ts";
import type { TransportRequest } from "../transport/transport.ts";
import { abnormalCloseCode } from "../websocket/close-code.ts";
import { handshakeHeaders } from "./request-headers.ts";

/** What a {@link SimulatedEnd} works with: its calls go to the client. */
export interface SimulatedEndOptions {
  readonly request: TransportRequest;
  readonly clock: Clock;
  accept(protocol: string | undefined): void;
  refuse(response: SimulatedResponse): void;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  ping(): void;
  close(code: number | undefined, reason: string): void;
  drop(): void;
}

/** The server's end of a connection in memory, as its simulator sees it; and what the client does to it. */
export class SimulatedEnd implements SimulatedPeer {
  readonly url: URL;
  readonly protocols: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  onmessage: SimulatedPeer["onmessage"] = null;
  onpong: SimulatedPeer["onpong"] = null;
  onclose: SimulatedPeer["onclose"] = null;
  readonly #client: SimulatedEndOptions;
  #state: "waiting" | "handshake" | "open" | "closing" | "closed" = "waiting";
  #isSilent = false;
  /** Whether the simulator has been told of the end. */
  #isTold = false;

  constructor(options: SimulatedEndOptions) {
    const { request, clock } = options;
    this.url = new URL(request.url);
    this.protocols = request.protocols;
    this.headers = handshakeHeaders(request);
    this.clock = clock;
    this.#client = options;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Whether pings are answered. */
  get isReading(): boolean {
    return !this.#isSilent && this.#isOpen;
  }

  accept(options: { readonly protocol?: string } = {}): void {
    if (this.#isSilent || this.#state !== "handshake") return;
    this.#state = "open";
    this.#client.accept(options.protocol === "" ? undefined : options.protocol);
  }

  refuse(response: SimulatedResponse = {}): void {
    if (this.#isSilent || this.#state !== "handshake") return;
    this.#client.refuse(response);
    this.#endSoon();
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#isSilent || this.#state !== "open") return;
    // The sender may go on writing to its buffer; and what is no text cannot be sent as one.
    this.#client.send(typeof data === "string" ? wellFormed(data) : new Uint8Array(data));
  }

  ping(): void {
    if (this.isReading) this.#client.ping();
  }

  close(code?: number, reason: string = ""): void {
    if (this.#isSilent) return;
    if (this.#state === "handshake") this.drop();
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#client.close(code, reason);
  }

  drop(): void {
    if (this.#state === "waiting" || this.#state === "closed") return;
    this.#client.drop();
    this.#endSoon();
  }

  silence(): void {
    this.#isSilent = true;
  }

  /** The handshake has arrived. */
  connected(simulator: Simulator): void {
    this.#state = "handshake";
    if (simulator.connect === undefined) this.refuse({ status: 404 });
    else this.#guarded(() => simulator.connect?.(this));
  }

  /** A message has arrived. */
  received(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.isReading) this.#guarded(() => this.onmessage?.(data));
  }

  ponged(): void {
    if (this.isReading) this.#guarded(() => this.onpong?.());
  }

  /** A close frame has arrived. */
  closed(code: number | undefined, reason: string): void {
    if (!this.isReading) return;
    if (this.#state === "open") this.#client.close(code, reason);
    this.#end(code ?? 1005, reason);
  }

  /** The client's end of the connection is gone. */
  ended(code: number): void {
    if (!this.#isSilent) this.#end(code, "");
  }

  get #isOpen(): boolean {
    return this.#state === "open" || this.#state === "closing";
  }

  /** Ends this side now; the simulator hears of it when its present call is over. */
  #endSoon(): void {
    this.#state = "closed";
    this.clock.schedule(() => this.#end(abnormalCloseCode, ""), 0);
  }

  #end(code: number, reason: string): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#state = "closed";
    this.onclose?.(code, reason);
  }

  /** As a server does of which a handler throws: it ends the connection. The error is for whoever runs the clock. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.refuse({ status: 500 });
      this.close(1011);
      throw error;
    }
  }
}

function wellFormed(text: string): string {
  // Node 20 has it, the declarations of es2023 lack it.
  return (text as unknown as { toWellFormed(): string }).toWellFormed();
}
