/** An HTTP Archive 1.2, as browsers' developer tools import and export it. What begins with `_` is theirs, not the format's. */
export interface Har {
  readonly log: HarLog;
}

/** @see http://www.softwareishard.com/blog/har-12-spec/ */
export interface HarLog {
  readonly version: "1.2";
  readonly creator: { readonly name: string; readonly version: string };
  readonly pages: readonly [];
  readonly entries: readonly HarEntry[];
  readonly comment?: string;
}

/** One request with its answer; for a WebSocket the handshake, with all messages in `_webSocketMessages`. */
export interface HarEntry {
  readonly startedDateTime: string;
  /** Milliseconds. */
  readonly time: number;
  readonly request: HarRequest;
  readonly response: HarResponse;
  readonly cache: Readonly<Record<string, never>>;
  readonly timings: HarTimings;
  readonly _resourceType: "websocket" | "fetch";
  readonly _webSocketMessages?: readonly HarMessage[];
}

/** Milliseconds; -1 for what is not known. */
export interface HarTimings {
  readonly blocked: number;
  readonly dns: number;
  readonly connect: number;
  readonly ssl: number;
  readonly send: number;
  readonly wait: number;
  readonly receive: number;
}

/** The request of a {@link HarEntry}. */
export interface HarRequest {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly headers: readonly HarPair[];
  readonly queryString: readonly HarPair[];
  readonly cookies: readonly [];
  readonly headersSize: number;
  readonly bodySize: number;
  readonly postData?: {
    readonly mimeType: string;
    readonly text: string;
    /** Of this project: how bytes are written that are no text. */
    readonly _encoding?: "base64";
  };
}

/** The response of a {@link HarEntry}; status 0 when there was none. */
export interface HarResponse {
  readonly status: number;
  readonly statusText: string;
  readonly httpVersion: string;
  readonly headers: readonly HarPair[];
  readonly cookies: readonly [];
  readonly content: {
    readonly size: number;
    readonly mimeType: string;
    readonly text?: string;
    readonly encoding?: "base64";
  };
  readonly redirectURL: string;
  readonly headersSize: number;
  readonly bodySize: number;
  readonly _transferSize: number;
  readonly _error: string | null;
}

/** A header or a parameter. */
export interface HarPair {
  readonly name: string;
  readonly value: string;
}

/** A frame of a WebSocket. */
export interface HarMessage {
  readonly type: "send" | "receive" | "error";
  /** Seconds since 1970. */
  readonly time: number;
  /** 1 text, 2 binary, 8 close, 9 ping, 10 pong; -1 for an error. */
  readonly opcode: number;
  /** Text as it is, everything else in base64. */
  readonly data: string;
}
