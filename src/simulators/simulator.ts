import type { Clock } from "../clock.ts";

/**
 * The far end of one origin: a device or server that exists in code only. The same simulator serves from memory in a test, or on a
 * real port. No member is called before the one that came before has returned.
 */
export interface Simulator {
  /** Takes one WebSocket handshake, which waits for `accept` or `refuse`. Absent: answered with 404. */
  connect?(peer: SimulatedPeer): void;
  /**
   * Answers one HTTP request that is no handshake; with `undefined` by breaking its connection off, and never while the promise is
   * pending. Absent: answered with 404. What it throws is answered with 500.
   */
  request?(
    request: SimulatedRequest,
  ): SimulatedResponse | undefined | Promise<SimulatedResponse | undefined>;
  /** Further ports of the same host, for a device that listens on several. They are reached by the scheme of this one. */
  readonly ports?: readonly SimulatedPort[];
}

/** One more port of a {@link Simulator}. */
export interface SimulatedPort {
  /**
   * Where it is reached, and what the device tells its clients; in memory as it is at the time of the connection. A real server that
   * listens elsewhere writes that down here.
   */
  port: number;
  readonly simulator: Simulator;
}

/** One connection as the simulated server sees it. No method throws; after the end of the connection they do nothing. */
export interface SimulatedPeer {
  /** URL of the handshake: scheme `ws` or `wss`, without credentials. */
  readonly url: URL;
  /** Subprotocols that the client offers. */
  readonly protocols: readonly string[];
  /** Headers of the handshake, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The time that the simulator lives in: virtual in a test, else the system's. */
  readonly clock: Clock;
  /** Ends the handshake well. */
  accept(options?: { readonly protocol?: string }): void;
  /** Ends the handshake with an HTTP answer. @defaultValue status 403 */
  refuse(response?: SimulatedResponse): void;
  /** Sends one message. */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  /** Sends a ping; {@link SimulatedPeer.onpong} hears of the answer. */
  ping(): void;
  /** Starts the closing handshake. */
  close(code?: number, reason?: string): void;
  /** Breaks the connection without a close frame, as a process that dies; a handshake that waits gets no answer. Works after `silence`, too. */
  drop(): void;
  /** From now on nothing is sent, read or answered, and the connection or the handshake stays, as when a cable is pulled. */
  silence(): void;
  onmessage: ((data: string | Uint8Array<ArrayBuffer>) => void) | null;
  onpong: (() => void) | null;
  /** The last call: the connection has ended, by whichever side, accepted or not. 1006 without a close frame. */
  onclose: ((code: number, reason: string) => void) | null;
}

/** An HTTP request as the simulated server sees it. */
export interface SimulatedRequest {
  readonly method: string;
  /** Scheme `http` or `https`. */
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** See {@link SimulatedPeer.clock}. */
  readonly clock: Clock;
}

/** Answer to an HTTP request. */
export interface SimulatedResponse {
  /** @defaultValue 200 */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** @defaultValue empty */
  readonly body?: string | Uint8Array<ArrayBuffer>;
}
