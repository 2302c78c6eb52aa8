import type { ConnectionFailure, FailureCode, FailureStage } from "../events.ts";
import { effectivePort } from "../policy/origin-pattern.ts";
import type { CloseInfo, TransportConnection } from "../transport/transport.ts";
import {
  abnormalCloseCode,
  goingAwayCode,
  isCloseReason,
  isScriptCloseCode,
} from "../websocket/close-code.ts";
import type { WebSocketUrl } from "../websocket/url.ts";
import { utf8Length } from "../websocket/utf8-length.ts";
import { askPolicy } from "./ask-policy.ts";
import type { Permission } from "./ask-policy.ts";
import type { NetworkDependencies } from "./network.ts";

/** What a {@link Connection} is told when it starts. */
export interface ConnectionStart {
  /** Whether it only exists to fail: there are too many already. */
  readonly isOverLimit: boolean;
  readonly isPaused: boolean;
  /** Is called once, when the network is no longer used. */
  released(): void;
  /** Is called once, when nothing of the connection is left to be told. */
  ended(): void;
}

type State = "connecting" | "open" | "closing" | "closed";

/**
 * One connection: the policy before it, its limits, what it buffers, and what guest and observer are told of it. The guest is
 * never told anything from inside a call, and nothing after {@link Connection.abort}.
 */
export class Connection {
  readonly #id: number;
  readonly #target: WebSocketUrl;
  readonly #protocols: readonly string[];
  readonly #dependencies: NetworkDependencies;
  readonly #abandoned = new AbortController();
  #state: State = "connecting";
  #transport: TransportConnection | undefined;
  #deadline: Disposable | undefined;
  #buffered = 0;
  /** Messages that were sent and have not left. */
  #unsent = 0;
  #isPaused = false;
  #isSilent = false;
  #start: ConnectionStart | undefined;

  constructor(
    id: number,
    target: WebSocketUrl,
    protocols: readonly string[],
    dependencies: NetworkDependencies,
  ) {
    this.#id = id;
    this.#target = target;
    this.#protocols = [...protocols];
    this.#dependencies = dependencies;
  }

  /** Payload bytes that were sent and have not left. */
  get bufferedAmount(): number {
    return this.#buffered;
  }

  start(start: ConnectionStart): void {
    const { clock, limits, policy } = this.#dependencies;
    const { url, username, password } = this.#target;
    this.#isPaused = start.isPaused;
    this.#start = start;
    this.#emit({
      type: "connecting",
      connection: this.#id,
      url: url.href,
      protocols: this.#protocols,
    });
    if (start.isOverLimit) {
      this.#exceed("maxConnections", "ERR_LIMIT", "limit");
      return;
    }
    this.#deadline = clock.schedule(() => {
      const message = `the connection was not open after ${limits.handshakeTimeout} ms`;
      this.#fail("ERR_HANDSHAKE_TIMEOUT", message);
    }, limits.handshakeTimeout);
    const credentials = username === "" && password === "" ? undefined : { username, password };
    askPolicy(policy, {
      url,
      protocols: this.#protocols,
      credentials,
      signal: this.#abandoned.signal,
      answer: (permission) => this.#onPermission(permission),
    });
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#state !== "open" && this.#state !== "closing") return;
    const { maxMessageBytes, maxBufferedBytes } = this.#dependencies.limits;
    const bytes = this.#bytesOf(data);
    this.#buffered += bytes;
    // As the standard says: what is sent while closing counts and goes nowhere.
    if (this.#state === "closing") return;
    if (bytes > maxMessageBytes) {
      this.#exceed("maxMessageBytes", "ERR_MESSAGE_TOO_LARGE");
    } else if (
      this.#buffered > maxBufferedBytes ||
      this.#unsent >= maxUnsentMessages(maxBufferedBytes)
    ) {
      this.#exceed("maxBufferedBytes", "ERR_LIMIT");
    } else {
      this.#unsent += 1;
      this.#trace("sent", data);
      this.#transport?.send(data);
    }
  }

  close(code: number | undefined, reason: string): void {
    if (this.#state === "connecting") {
      this.#fail("ERR_CLOSED_BY_SCRIPT", "the script closed the connection before it was open");
    } else if (this.#state === "open") {
      // Checked in the guest already; a tampered guest gets nothing.
      if ((code !== undefined && !isScriptCloseCode(code)) || !isCloseReason(reason)) return;
      // A close frame cannot carry a reason alone.
      this.#startClosing(code ?? (reason === "" ? undefined : 1000), reason);
    }
  }

  abort(): void {
    this.#isSilent = true;
    this.#fail("ERR_ABORTED", "the connection was dropped by the script or with its sandbox");
  }

  /** Goes away politely: the guest hears nothing more. */
  leave(): void {
    this.#isSilent = true;
    if (this.#state === "connecting") this.abort();
    else if (this.#state === "open") this.#startClosing(goingAwayCode, "");
  }

  setPaused(paused: boolean): void {
    this.#isPaused = paused;
    if (this.#state !== "open") return;
    if (paused) this.#transport?.pause();
    else this.#transport?.resume();
  }

  #startClosing(code: number | undefined, reason: string): void {
    this.#state = "closing";
    // Messages are dropped from now on, and a paused socket would never see the peer's close frame.
    this.#transport?.resume();
    this.#transport?.close(code, reason);
  }

  #onPermission(permission: Permission): void {
    if (this.#state !== "connecting") return;
    if (!permission.allow) {
      const { code, message, address } = permission;
      this.#settle(this.#failed({ stage: "policy", code, message, address }), "later");
      return;
    }
    const { transport, limits } = this.#dependencies;
    const request = {
      url: this.#target.url.href,
      protocols: this.#protocols,
      maxMessageBytes: limits.maxMessageBytes,
      closeTimeout: limits.closeTimeout,
      addresses: permission.addresses,
      connect: permission.connect,
    };
    try {
      this.#transport = transport.connect(request, {
        opened: (handshake) => this.#onOpened(handshake.protocol, handshake.extensions),
        text: (data) => this.#onMessage(data, "text"),
        binary: (data) => this.#onMessage(data, "binary"),
        sent: (bytes) => {
          this.#buffered = Math.max(0, this.#buffered - bytes);
          this.#unsent = Math.max(0, this.#unsent - 1);
        },
        closed: (close) => this.#onClosed(close),
      });
    } catch (error) {
      this.#fail("ERR_CONNECT", `the transport threw: ${String(error)}`);
    }
  }

  #onOpened(protocol: string, extensions: string): void {
    if (this.#state !== "connecting") return;
    this.#state = "open";
    this.#deadline?.[Symbol.dispose]();
    if (this.#isPaused) this.#transport?.pause();
    this.#emit({ type: "open", connection: this.#id, protocol, extensions });
    this.#dependencies.guest.open(this.#id, protocol, extensions);
  }

  #onMessage(data: Uint8Array | string, kind: "text" | "binary"): void {
    // A transport may deliver what it had read already: after close() the standard drops it.
    if (this.#state !== "open") return;
    const { guest, limits } = this.#dependencies;
    const bytes = this.#bytesOf(data);
    if (bytes > limits.maxMessageBytes) {
      this.#exceed("maxMessageBytes", "ERR_MESSAGE_TOO_LARGE");
      return;
    }
    this.#trace("received", kind === "text" && typeof data !== "string" ? decode(data) : data);
    if (kind === "text") guest.text(this.#id, data);
    else if (typeof data !== "string") guest.binary(this.#id, data);
  }

  #onClosed(close: CloseInfo): void {
    this.#transport = undefined;
    if (close.wasClean && this.#state !== "connecting") {
      this.#settle({ close, failure: undefined }, "now");
      return;
    }
    const failure =
      close.failure ?? this.#explain("ERR_CONNECTION_LOST", "the connection was lost");
    this.#settle({ close: lost, failure }, "now");
  }

  /** Ends the connection because of a limit. */
  #exceed(
    limit: "maxConnections" | "maxMessageBytes" | "maxBufferedBytes",
    code: FailureCode,
    stage?: FailureStage,
  ): void {
    const message = `limits.${limit} of ${this.#dependencies.limits[limit]} was exceeded`;
    this.#emit({ type: "limit", limit, connection: this.#id });
    this.#fail(code, message, stage);
  }

  #fail(code: FailureCode, message: string, stage?: FailureStage): void {
    const failure = this.#explain(code, message, stage);
    this.#settle({ close: lost, failure }, "later");
  }

  #failed(
    failure: Omit<ConnectionFailure, "host" | "address"> & { address: string | undefined },
  ): End {
    const { address, ...rest } = failure;
    const { host } = this.#explain(failure.code, failure.message);
    return {
      close: lost,
      failure: { ...rest, host, ...(address === undefined ? {} : { address }) },
    };
  }

  #explain(code: FailureCode, message: string, stage?: FailureStage): ConnectionFailure {
    const { url } = this.#target;
    const host = `${url.hostname}:${effectivePort(url)}`;
    return { stage: stage ?? this.#stage(), code, message, host };
  }

  #stage(): FailureStage {
    if (this.#state === "open" || this.#state === "closing") return this.#state;
    return this.#transport === undefined ? "policy" : (this.#transport.stage ?? "handshake");
  }

  /** Ends the connection for all who know of it. `"later"` keeps the guest waiting until the present call is over. */
  #settle({ close, failure }: End, when: "now" | "later"): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#deadline?.[Symbol.dispose]();
    this.#abandoned.abort();
    this.#transport?.abort();
    this.#transport = undefined;
    this.#start?.released();
    const { code, reason, wasClean } = close;
    this.#emit({
      type: "closed",
      connection: this.#id,
      code,
      reason,
      wasClean,
      ...(failure === undefined ? {} : { failure }),
    });
    const failed = failure !== undefined;
    const tell = (): void => {
      if (!this.#isSilent) {
        const unsent = this.#buffered;
        this.#dependencies.guest.closed(this.#id, { code, reason, wasClean, failed, unsent });
      }
      this.#start?.ended();
    };
    if (when === "now") tell();
    else queueMicrotask(tell);
  }

  #bytesOf(data: string | Uint8Array): number {
    if (typeof data !== "string") return data.byteLength;
    return (this.#dependencies.utf8Length ?? utf8Length)(data);
  }

  #trace(type: "sent" | "received", data: string | Uint8Array): void {
    if (!this.#dependencies.trace) return;
    // A copy: the bytes go on to somebody else.
    const copy = typeof data === "string" ? data : new Uint8Array(data);
    this.#emit({ type, connection: this.#id, data: copy });
  }

  #emit(event: Parameters<NetworkDependencies["emit"]>[0]): void {
    this.#dependencies.emit(event);
  }
}

interface End {
  readonly close: CloseInfo;
  readonly failure: ConnectionFailure | undefined;
}

/** Messages that may wait, so that a flood of empty ones cannot grow without bound: each costs some 256 bytes on the host. */
function maxUnsentMessages(maxBufferedBytes: number): number {
  return Math.max(1_024, Math.floor(maxBufferedBytes / 256));
}

/** What guest and observer are told of every connection that failed. */
const lost: CloseInfo = { code: abnormalCloseCode, reason: "", wasClean: false };

function decode(data: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
}
