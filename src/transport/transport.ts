import type { ConnectionFailure, FailureStage } from "../events.ts";
import type { AddressRules, ConnectOptions } from "../policy/policy.ts";

/** Opens WebSocket connections. Implement it to bring another network stack. */
export interface Transport {
  /** Starts a handshake and reports to `sink`, never synchronously. Must not throw. */
  connect(request: TransportRequest, sink: TransportSink): TransportConnection;
  /**
   * Sends one HTTP request and reports to `sink`, never synchronously; redirects are not followed. Must not throw. Absent: scripts cannot
   * fetch.
   */
  request?(request: HttpRequest, sink: HttpSink): HttpExchange;
}

/** A transport that can be loaded only when it is needed. */
export interface LoadableTransport extends Transport {
  /** Loads what `connect` needs. Is called and awaited before the first `connect`, which throws when it failed. Never rejects. */
  load?(): Promise<void>;
}

/** What a {@link Transport} needs for one connection. Plain data: can be posted to another thread. */
export interface TransportRequest {
  /** Scheme `ws` or `wss`, no fragment, no credentials. */
  readonly url: string;
  readonly protocols: readonly string[];
  readonly maxMessageBytes: number;
  readonly maxFragments: number;
  /** Milliseconds that the peer has to answer a close frame and end the connection. */
  readonly closeTimeout: number;
  /** Which addresses may be connected to: checked for literals, for every answer of the resolver, and on the socket. */
  readonly addresses: AddressRules;
  /** Headers, credentials and TLS options from the policy. */
  readonly connect: ConnectOptions;
}

/** Receives what happens on a connection: `opened` at most once, `closed` exactly once and last. */
export interface TransportSink {
  /**
   * The handshake has got as far as `stage`, for failures that only the sandbox sees, such as a deadline. The one call that may come from
   * inside `connect`. Transports that cannot tell never call it: they are taken to be at `"handshake"`.
   */
  reached(stage: FailureStage): void;
  opened(handshake: Handshake): void;
  /**
   * Bytes arrived, after the messages that they completed: `pendingBytes` of messages are not complete. Transports that cannot tell
   * never call it.
   */
  received(pendingBytes: number): void;
  /** A text message: valid UTF-8, or a string. The bytes are only valid during the call. */
  text(data: Uint8Array<ArrayBufferLike> | string): void;
  /** A binary message. The bytes are only valid during the call. */
  binary(data: Uint8Array<ArrayBufferLike>): void;
  /** Messages have left for the network: their `bytes` of payload, and how many they are, 1 unless given. In order. */
  sent(bytes: number, messages?: number): void;
  closed(close: CloseInfo): void;
}

/** What a handshake came to. */
export interface Handshake {
  readonly protocol: string;
  readonly extensions: string;
  /** The peer's address, where the transport chose it: checked again when the policy changes. */
  readonly address?: string;
}

/** The local end of a connection. No method throws; after `closed` they do nothing. */
export interface TransportConnection {
  /** Sends text (a well-formed string) or binary data. The buffer belongs to the transport from now on. */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  /**
   * As {@link TransportConnection.send}, for text in UTF-8 and for binary data that is only valid during the call. Absent: `send` gets
   * a string or a copy.
   */
  write?(data: Uint8Array<ArrayBuffer>, isText: boolean): void;
  /** Starts the closing handshake. Before `opened` it drops the connection. */
  close(code?: number, reason?: string): void;
  /** Drops the connection without a closing handshake. `closed` follows. */
  abort(): void;
  /** Stops reading until {@link TransportConnection.resume}; messages that were read already may still arrive. */
  pause(): void;
  resume(): void;
  /**
   * Asks the peer for a sign of life, to which `received` is the answer; also called at once when data sent before is still leaving.
   * Absent: the transport looks itself after peers that are gone.
   */
  ping?(): void;
}

/** How a connection ended. Named after the `CloseEvent` attributes. */
export interface CloseInfo {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /** Why it failed; for the host only. Present when `wasClean` is false. */
  readonly failure?: ConnectionFailure;
}

/** One HTTP request, without redirects. Plain data: can be posted to another thread. */
export interface HttpRequest {
  /** Scheme `http` or `https`, no fragment, no credentials. */
  readonly url: string;
  readonly method: string;
  /** What the script sends; those of the policy come on top, from `connect`. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  /** As {@link TransportRequest.addresses}. */
  readonly addresses: AddressRules;
  readonly connect: ConnectOptions;
}

/** Receives the answer to an {@link HttpRequest}: `head` once, `data` any number of times, then `end`; or `failed` at any point, last. */
export interface HttpSink {
  /** As {@link TransportSink.reached}. */
  reached(stage: FailureStage): void;
  /** The address is the peer's, where the transport chose it. */
  head(head: HttpHead): void;
  /** Part of the body, decoded from its content coding. The bytes are only valid during the call. */
  data(bytes: Uint8Array<ArrayBufferLike>): void;
  end(): void;
  failed(failure: ConnectionFailure): void;
}

/** Status line and headers of an answer. */
export interface HttpHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly address?: string;
}

/** The local end of an HTTP request. No method throws; after the end they do nothing. */
export interface HttpExchange {
  /** Drops it now: nothing more is reported. */
  abort(): void;
  /** Stops reading the body until {@link HttpExchange.resume}; what was read already may still arrive. */
  pause(): void;
  resume(): void;
}
