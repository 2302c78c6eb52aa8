import { describeError } from "../errors.ts";
import type { ConnectionFailure, FailureCode, FailureStage } from "../events.ts";
import { effectivePort } from "../policy/origin-pattern.ts";
import type { NetworkPolicy } from "../policy/policy.ts";
import type { CloseInfo, Handshake, TransportConnection } from "../transport/transport.ts";
import {
  abnormalCloseCode,
  goingAwayCode,
  isCloseReason,
  isScriptCloseCode,
} from "../websocket/close-code.ts";
import type { WebSocketUrl } from "../websocket/url.ts";
import { utf8Length } from "../websocket/utf8-length.ts";
import type { Permission } from "./ask-policy.ts";
import type { ConnectQueue, ConnectTicket } from "./connect-queue.ts";
import { ConnectionPolicy } from "./connection-policy.ts";
import type { Keepalive, KeepaliveEntry } from "./keepalive.ts";
import { type Load, LoadShare } from "./load.ts";
import type { NetworkDependencies } from "./network.ts";
import type { Place } from "./places.ts";

/** What a {@link Connection} shares with the others of its guest. */
export interface ConnectionDependencies extends Omit<
  NetworkDependencies,
  "policy" | "baseUrl" | "changed" | "random"
> {
  /** The policy as it is now. */
  policy(): NetworkPolicy;
  readonly queue: ConnectQueue;
  readonly keepalive: Keepalive;
  readonly load: Load;
}

/** What a {@link Connection} is told when it starts. */
export interface ConnectionStart {
  readonly place: Place;
  readonly isPaused: boolean;
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
  readonly #dependencies: ConnectionDependencies;
  #state: State = "connecting";
  #ticket: ConnectTicket | undefined;
  /** Whether the policy has been asked. */
  #hasBegun = false;
  readonly #policy: ConnectionPolicy;
  #transport: TransportConnection | undefined;
  /** How far the handshake has got. */
  #reached: FailureStage = "policy";
  /** The peer's address, while the connection is open and the transport knows it. */
  #address: string | undefined;
  #alive: KeepaliveEntry | undefined;
  #deadline: Disposable | undefined;
  readonly #share: LoadShare;
  #buffered = 0;
  #isPaused = false;
  #isSilent = false;
  /** Runs until the guest may be told that the connection failed. */
  #floor: Disposable | undefined;
  /** Tells the end that the guest is not told yet. */
  #tell: (() => void) | undefined;
  #start: ConnectionStart | undefined;

  constructor(
    id: number,
    target: WebSocketUrl,
    protocols: readonly string[],
    dependencies: ConnectionDependencies,
  ) {
    this.#id = id;
    this.#target = target;
    this.#protocols = [...protocols];
    this.#dependencies = dependencies;
    this.#share = new LoadShare(dependencies.load);
    this.#policy = new ConnectionPolicy({
      policy: () => dependencies.policy(),
      target,
      protocols: this.#protocols,
      clock: dependencies.clock,
      timeout: dependencies.limits.handshakeTimeout,
    });
  }

  /** Payload bytes that were sent and have not left. */
  get bufferedAmount(): number {
    return this.#buffered;
  }

  start(start: ConnectionStart): void {
    const { queue } = this.#dependencies;
    const { url } = this.#target;
    this.#isPaused = start.isPaused;
    this.#start = start;
    this.#emit({
      type: "connecting",
      connection: this.#id,
      url: url.href,
      protocols: this.#protocols,
    });
    // Whoever was told may have ended it.
    if (this.#state === "connecting") {
      this.#ticket = queue.enter((ticket) => this.#begin(ticket));
    }
  }

  send(data: string | Uint8Array<ArrayBuffer>, isText: boolean): void {
    if (this.#state !== "open" && this.#state !== "closing") return;
    const { limits, load } = this.#dependencies;
    const bytes = this.#bytesOf(data);
    this.#buffered += bytes;
    // As the standard says: what is sent while closing counts and goes nowhere.
    if (this.#state === "closing") return;
    if (bytes > limits.maxMessageBytes) {
      this.#exceed("maxMessageBytes", "ERR_MESSAGE_TOO_LARGE");
    } else if (
      load.bufferedBytes + bytes > limits.maxBufferedBytes ||
      load.unsentMessages >= maxUnsentMessages(limits.maxBufferedBytes)
    ) {
      this.#exceed("maxBufferedBytes", "ERR_LIMIT");
    } else {
      this.#share.add(bytes);
      this.#trace("sent", data, isText);
      this.#transmit(data, isText);
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
    // It may have failed before, and only wait for its time to tell.
    this.#endFloor();
    this.#tell?.();
  }

  /** Goes away politely: the guest hears nothing more. */
  leave(): void {
    this.#isSilent = true;
    if (this.#state === "open") this.#startClosing(goingAwayCode, "");
    else if (this.#state !== "closing") this.abort();
  }

  /** Ends the connection because the guest has no room for a message of it. */
  overflow(): void {
    // A message that came before the script closed is nobody's any more.
    if (this.#state === "open") this.#exceed("maxMemory", "ERR_MESSAGE_TOO_LARGE");
  }

  setPaused(paused: boolean): void {
    this.#isPaused = paused;
    if (this.#state !== "open") return;
    this.#alive?.setPaused(paused);
    if (paused) this.#transport?.pause();
    else this.#transport?.resume();
  }

  /** Asks the policy again, because it has changed. Settles when the connection is known to be allowed, or is over. */
  async reconsider(): Promise<void> {
    // One that waits for its turn will ask the new policy anyway.
    if (this.#state === "closed" || !this.#hasBegun) return;
    if (this.#policy.isGranted) {
      await this.#policy.review(
        () => this.#address,
        (reason) => this.#fail("ERR_POLICY_REVOKED", `the policy was changed: ${reason}`),
      );
    } else this.#policy.ask((permission) => this.#onPermission(permission));
  }

  #begin(ticket: ConnectTicket): void {
    const { clock, limits } = this.#dependencies;
    this.#ticket = ticket;
    // For every connection, so that the time of a failure does not depend on what failed.
    this.#floor = clock.schedule(() => {
      this.#floor = undefined;
      this.#tell?.();
    }, failureTime);
    // It takes its turn, too: to fail costs the host as much as to be refused.
    if (this.#start?.place.isOverLimit === true) {
      this.#exceed("maxConnections", "ERR_LIMIT", "limit");
      return;
    }
    this.#hasBegun = true;
    this.#deadline = clock.schedule(() => {
      const message = `the connection was not open after ${limits.handshakeTimeout} ms`;
      this.#fail("ERR_HANDSHAKE_TIMEOUT", message);
    }, limits.handshakeTimeout);
    this.#policy.ask((permission) => this.#onPermission(permission));
  }

  #startClosing(code: number | undefined, reason: string): void {
    this.#state = "closing";
    this.#traceClosing(code, reason);
    this.#alive?.[Symbol.dispose]();
    // Messages are dropped from now on, and a paused socket would never see the peer's close frame.
    this.#transport?.resume();
    this.#transport?.close(code, reason);
  }

  #onPermission(permission: Permission): void {
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
      maxFragments: limits.maxFragments,
      closeTimeout: limits.closeTimeout,
      addresses: permission.addresses,
      connect: permission.connect,
    };
    this.#reached = "handshake";
    try {
      const connection = transport.connect(request, {
        reached: (stage) => {
          this.#reached = stage;
        },
        opened: (handshake) => this.#onOpened(handshake),
        received: (pendingBytes) => this.#onReceived(pendingBytes),
        text: (data) => this.#onMessage(data, "text"),
        binary: (data) => this.#onMessage(data, "binary"),
        sent: (bytes, messages = 1) => this.#onSent(bytes, messages),
        closed: (close) => this.#onClosed(close),
      });
      // A transport of the embedder's may have ended the sandbox meanwhile.
      if (this.#isOver) connection.abort();
      else this.#transport = connection;
    } catch (error) {
      this.#fail("ERR_CONNECT", `the transport threw: ${describeError(error)}`, "connect");
    }
  }

  #onOpened({ protocol, extensions, address }: Handshake): void {
    if (this.#state !== "connecting") return;
    this.#state = "open";
    this.#endFloor();
    this.#ticket?.done("opened");
    this.#deadline?.[Symbol.dispose]();
    this.#address = address;
    if (this.#isPaused) this.#transport?.pause();
    this.#watchPeer();
    this.#emit({ type: "open", connection: this.#id, protocol, extensions });
    this.#dependencies.guest.open(this.#id, protocol, extensions);
  }

  #watchPeer(): void {
    if (this.#transport?.ping === undefined) return;
    const { keepalive, limits } = this.#dependencies;
    this.#alive = keepalive.watch({
      ping: () => this.#transport?.ping?.(),
      expired: () =>
        this.#fail(
          "ERR_KEEPALIVE_TIMEOUT",
          `the peer gave no sign of life for ${limits.keepaliveTimeout} ms after a ping`,
        ),
    });
    if (this.#isPaused) this.#alive.setPaused(true);
  }

  #onReceived(pendingBytes: number): void {
    if (this.#state !== "open") return;
    this.#alive?.heard();
    if (pendingBytes === this.#share.pending) return;
    this.#share.pending = pendingBytes;
    this.#checkInbound(0);
  }

  #onMessage(data: Uint8Array | string, kind: "text" | "binary"): void {
    // A transport may deliver what it had read already: after close() the standard drops it.
    if (this.#state !== "open") return;
    const { guest, limits, load } = this.#dependencies;
    const bytes = this.#bytesOf(data);
    this.#share.pending = 0;
    if (bytes > limits.maxMessageBytes) {
      this.#exceed("maxMessageBytes", "ERR_MESSAGE_TOO_LARGE");
      return;
    }
    if (!this.#checkInbound(bytes)) return;
    load.waitingBytes += bytes;
    this.#trace("received", data, kind === "text");
    if (kind === "text") guest.text(this.#id, data, bytes);
    else if (typeof data !== "string") guest.binary(this.#id, data);
  }

  /** Fails the connection when all of the guest's have received more than it may hold. */
  #checkInbound(bytes: number): boolean {
    const { limits, load } = this.#dependencies;
    if (load.waitingBytes + load.pendingBytes + bytes <= limits.maxInboundBytes) return true;
    this.#exceed("maxInboundBytes", "ERR_LIMIT");
    return false;
  }

  #onSent(bytes: number, messages: number): void {
    if (this.#state !== "closed") this.#buffered -= this.#share.remove(bytes, messages);
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
  #exceed(limit: ConnectionLimit, code: FailureCode, stage?: FailureStage): void {
    if (this.#state === "closed") return;
    const message =
      limit === "maxMemory"
        ? "the script has no room for the message within limits.maxMemory"
        : `limits.${limit} of ${this.#dependencies.limits[limit]} was exceeded`;
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

  get #isOver(): boolean {
    return this.#state === "closed";
  }

  #stage(): FailureStage {
    if (this.#state === "open" || this.#state === "closing") return this.#state;
    return this.#reached;
  }

  /**
   * Ends the connection for all who know of it. `"later"` keeps the guest waiting until the present call is over. A connection that
   * was never open is told of no earlier than {@link failureTime} after it began, so that a refusal takes as long as a failure.
   */
  #settle({ close, failure }: End, when: "now" | "later"): void {
    if (this.#state === "closed") return;
    const { guest } = this.#dependencies;
    const isOwn = failure !== undefined && ownFailures.has(failure.code);
    if (isOwn) this.#endFloor();
    this.#state = "closed";
    this.#release();
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
    const unsent = this.#buffered;
    const tell = (): void => {
      this.#tell = undefined;
      // Now, not when it failed: how soon the next connection begins must not tell either why this one failed.
      this.#ticket?.done(isOwn ? "abandoned" : "failed");
      if (!this.#isSilent) guest.closed(this.#id, { code, reason, wasClean, failed, unsent });
      this.#start?.place.ended();
    };
    if (this.#floor !== undefined) this.#tell = tell;
    else if (when === "now") tell();
    else queueMicrotask(tell);
  }

  #endFloor(): void {
    this.#floor?.[Symbol.dispose]();
    this.#floor = undefined;
  }

  /** Gives back everything that the connection takes. */
  #release(): void {
    this.#deadline?.[Symbol.dispose]();
    this.#alive?.[Symbol.dispose]();
    this.#policy.stop();
    this.#transport?.abort();
    this.#transport = undefined;
    this.#share.release();
    this.#start?.place.released();
  }

  #bytesOf(data: string | Uint8Array): number {
    if (typeof data !== "string") return data.byteLength;
    return (this.#dependencies.utf8Length ?? utf8Length)(data);
  }

  #transmit(data: string | Uint8Array<ArrayBuffer>, isText: boolean): void {
    const transport = this.#transport;
    if (typeof data === "string") transport?.send(data);
    else if (transport?.write !== undefined) transport.write(data, isText);
    else transport?.send(copyOf(data, isText));
  }

  #trace(type: "sent" | "received", data: string | Uint8Array, isText: boolean): void {
    if (!this.#dependencies.trace) return;
    this.#emit({ type, connection: this.#id, data: copyOf(data, isText) });
  }

  #traceClosing(code: number | undefined, reason: string): void {
    if (!this.#dependencies.trace) return;
    const given = code === undefined ? {} : { code };
    this.#emit({ type: "closing", connection: this.#id, ...given, reason });
  }

  #emit(event: Parameters<NetworkDependencies["emit"]>[0]): void {
    this.#dependencies.emit(event);
  }
}

/** Limits that end a connection. */
type ConnectionLimit =
  | "maxConnections"
  | "maxMessageBytes"
  | "maxBufferedBytes"
  | "maxInboundBytes"
  | "maxMemory";

interface End {
  readonly close: CloseInfo;
  readonly failure: ConnectionFailure | undefined;
}

/** Messages that may wait, so that a flood of empty ones cannot grow without bound: each costs some 256 bytes on the host. */
function maxUnsentMessages(maxBufferedBytes: number): number {
  return Math.max(1_024, Math.floor(maxBufferedBytes / 256));
}

/** Milliseconds before which no script learns that its connection failed: longer than a machine nearby takes to refuse one. */
export const failureTime: number = 20;

/** Failures that the script itself caused. */
const ownFailures: ReadonlySet<FailureCode> = new Set(["ERR_CLOSED_BY_SCRIPT", "ERR_ABORTED"]);

/** What guest and observer are told of every connection that failed. */
const lost: CloseInfo = { code: abnormalCloseCode, reason: "", wasClean: false };

/** A message for others: the bytes themselves are only valid for a moment. */
function copyOf(data: string | Uint8Array, isText: boolean): string | Uint8Array<ArrayBuffer> {
  if (typeof data === "string") return data;
  if (!isText) return new Uint8Array(data);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
}
