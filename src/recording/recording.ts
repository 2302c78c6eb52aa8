/** What went over the network in one session: what {@link parseHar} reads and {@link replayPeers} plays. Times are milliseconds since its start. */
export interface Recording {
  /** Milliseconds since 1970 of its start; absent where the archive has no dates. */
  readonly startedAt?: number;
  /** WebSocket connections, in the order in which they were opened. */
  readonly connections: readonly RecordedConnection[];
  /** HTTP requests, in the order in which they were made. */
  readonly exchanges: readonly RecordedExchange[];
  /** When the last thing happened. */
  readonly duration: number;
}

/** One WebSocket connection of a {@link Recording}. */
export interface RecordedConnection {
  /** Scheme `ws` or `wss`. */
  readonly url: string;
  /** Subprotocols that were offered; absent where the recording does not tell. */
  readonly protocols?: readonly string[];
  /** Subprotocol that the server chose, or `""`. */
  readonly protocol: string;
  readonly started: number;
  /** When the handshake ended well; absent when it did not. */
  readonly opened?: number;
  /** Status of the server's answer: 101, or what it refused with; 0 when there was none. */
  readonly status: number;
  /** Code of the failure that kept the connection from opening. */
  readonly failure?: string;
  readonly events: readonly RecordedEvent[];
  readonly ended: number;
}

/** What happened on an open connection. */
export type RecordedEvent =
  | {
      readonly type: "sent" | "received";
      readonly time: number;
      readonly data: string | Uint8Array<ArrayBuffer>;
    }
  | {
      readonly type: "closed";
      readonly time: number;
      /** Who started the closing handshake: the script's side or the server. */
      readonly by: "client" | "server";
      /** Absent when the close frame had none. */
      readonly code?: number;
      readonly reason: string;
    }
  | { readonly type: "failed"; readonly time: number; readonly failure: string };

/** One HTTP request of a {@link Recording}, with its answer. */
export interface RecordedExchange {
  readonly method: string;
  /** Scheme `http` or `https`. */
  readonly url: string;
  readonly started: number;
  /** Body of the request; absent when it had none. */
  readonly sent?: string | Uint8Array<ArrayBuffer>;
  /** 0 when there was no answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly received: string | Uint8Array<ArrayBuffer>;
  /** Code of the failure that ended it before its time. */
  readonly failure?: string;
  readonly ended: number;
}
