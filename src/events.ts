import type { LogLevel } from "./boundary.ts";
import type { ScriptException } from "./errors.ts";
import type { Limits } from "./limits.ts";

/** Is called synchronously, in order. Must not throw: what it throws is rethrown outside the sandbox's turn. */
export type Observer = (event: SandboxEvent) => void;

/**
 * One fact about a sandbox. Plain data: can be logged, posted to another thread and replayed.
 *
 * Every `connecting` is followed by at most one `open` and exactly one `closed`, every `request` (a `fetch` of the script) by any number of
 * `redirect`, at most one `response` and exactly one `finished`. Connections and requests are numbered together. `killed` comes at most once, when the sandbox ends
 * by itself; only the `closed` of its connections and the `finished` of its requests follow.
 */
export type SandboxEvent = {
  /** Milliseconds since the sandbox started. */
  readonly time: number;
} & SandboxEventDetail;

/** A {@link SandboxEvent} before it gets its time. */
export type SandboxEventDetail =
  | {
      readonly type: "connecting";
      readonly connection: number;
      /** Without credentials. */
      readonly url: string;
      readonly protocols: readonly string[];
    }
  | {
      readonly type: "open";
      readonly connection: number;
      readonly protocol: string;
      readonly extensions: string;
    }
  | {
      readonly type: "sent" | "received";
      readonly connection: number;
      readonly data: string | Uint8Array<ArrayBuffer>;
    }
  | {
      /** The sandbox starts the closing handshake, told of with the messages: the script's `close()`, or 1001 when the sandbox goes. */
      readonly type: "closing";
      readonly connection: number;
      /** Absent where the script gave none. */
      readonly code?: number;
      readonly reason: string;
    }
  | {
      readonly type: "closed";
      readonly connection: number;
      readonly code: number;
      readonly reason: string;
      readonly wasClean: boolean;
      /** Why, when the connection failed or was refused; the script saw only `error` and `close` 1006. */
      readonly failure?: ConnectionFailure;
    }
  | {
      readonly type: "request";
      readonly request: number;
      readonly method: string;
      /** Without credentials. */
      readonly url: string;
      /** What the script sends; not what the policy adds. */
      readonly headers: HeaderList;
    }
  | {
      readonly type: "redirect";
      readonly request: number;
      readonly status: number;
      readonly headers: HeaderList;
      /** Method and URL of the next request. */
      readonly method: string;
      readonly url: string;
    }
  | {
      readonly type: "response";
      readonly request: number;
      readonly status: number;
      readonly statusText: string;
      /** All of them: the script does not see `Set-Cookie`. */
      readonly headers: HeaderList;
    }
  | {
      /** Only with `trace`: the body of a request, and parts of the body of its response, without content codings. */
      readonly type: "requestBody" | "responseBody";
      readonly request: number;
      readonly data: Uint8Array<ArrayBuffer>;
    }
  | {
      readonly type: "finished";
      readonly request: number;
      /** Why, when it failed or was refused; the script saw only a `TypeError`. */
      readonly failure?: ConnectionFailure;
    }
  | { readonly type: "console"; readonly level: LogLevel; readonly message: string }
  | { readonly type: "alert"; readonly message: string }
  | { readonly type: "error"; readonly exception: ScriptException }
  | {
      readonly type: "limit";
      readonly limit: keyof Limits;
      readonly connection?: number;
      readonly request?: number;
    }
  | { readonly type: "killed"; readonly cause: KillCause; readonly message: string };

/** Headers of HTTP, as they were sent: names may come more than once. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/**
 * Why a sandbox was ended by something else than its owner: its turn took too long or too many jobs; its memory is exhausted; the engine
 * broke; its thread ended.
 */
export type KillCause = "cpu" | "memory" | "engine" | "thread";

/**
 * How far a connection got before it failed. A `fetch` is at `"handshake"` from its request to the headers of the answer, and at `"open"`
 * within the body.
 */
export type FailureStage =
  | "policy"
  | "limit"
  | "resolve"
  | "connect"
  | "tls"
  | "handshake"
  | "open"
  | "closing";

/** Why a connection failed. For the host only. */
export interface ConnectionFailure {
  readonly stage: FailureStage;
  /** Stable, for programs. */
  readonly code: FailureCode;
  /** For people: what was expected and what was found. */
  readonly message: string;
  /** Host and port that the script asked for. */
  readonly host: string;
  /** The address that was tried or refused, when one was known. */
  readonly address?: string;
  /** Status of the HTTP answer that was not 101. */
  readonly status?: number;
  /** Code of the system's own error, for example `"ECONNREFUSED"` or `"CERT_HAS_EXPIRED"`. */
  readonly systemCode?: string;
}

/** Stable codes of {@link ConnectionFailure}. */
export type FailureCode =
  /** The policy refused the URL (scheme, host, port, credentials). */
  | "ERR_POLICY_REFUSED"
  /** The policy refused an address that the host has or resolves to. */
  | "ERR_ADDRESS_REFUSED"
  /** The policy function threw or answered something else than a verdict. */
  | "ERR_POLICY_FAILED"
  /** The policy was changed, and the new one does not allow the connection as it is. */
  | "ERR_POLICY_REVOKED"
  /** A limit of the sandbox refused or ended the connection; the message names it. */
  | "ERR_LIMIT"
  /** The name does not resolve. */
  | "ERR_NAME_NOT_RESOLVED"
  /** TCP connection refused, reset or unreachable. */
  | "ERR_CONNECT"
  /** The certificate or the TLS handshake was refused. */
  | "ERR_TLS"
  /** The opening handshake did not end, or the request of a `fetch` was not sent, within `handshakeTimeout`. */
  | "ERR_HANDSHAKE_TIMEOUT"
  /** The server answered with another status than 101; see `status`. */
  | "ERR_HANDSHAKE_STATUS"
  /** The server's 101 answer breaks the protocol (accept key, subprotocol, extension, headers). */
  | "ERR_HANDSHAKE_INVALID"
  /** The answer to a `fetch`, or what was still missing of it, did not come within `responseTimeout`. */
  | "ERR_RESPONSE_TIMEOUT"
  /** The answer to a `fetch` is not valid HTTP, or its body not what its content coding says. */
  | "ERR_RESPONSE_INVALID"
  /** A redirect that the script did not want, that leads nowhere, or one too many. */
  | "ERR_REDIRECT"
  /** The connection was reset or ended without a close frame, or within a body. */
  | "ERR_CONNECTION_LOST"
  /** The peer broke the WebSocket protocol. */
  | "ERR_PROTOCOL"
  /** A message was larger than `maxMessageBytes`. */
  | "ERR_MESSAGE_TOO_LARGE"
  /** The peer gave no sign of life within `keepaliveTimeout` after a ping. */
  | "ERR_KEEPALIVE_TIMEOUT"
  /** The peer did not answer the closing handshake within `closeTimeout`. */
  | "ERR_CLOSE_TIMEOUT"
  /** The script closed the connection before it was open. */
  | "ERR_CLOSED_BY_SCRIPT"
  /** The script destroyed the socket, or the sandbox was closed. */
  | "ERR_ABORTED";
