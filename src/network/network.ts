import type { ConnectAnswer } from "../boundary.ts";
import type { Clock } from "../clock.ts";
import type { SandboxEventDetail } from "../events.ts";
import type { NetworkLimits } from "../limits.ts";
import type { NetworkPolicy } from "../policy/policy.ts";
import type { LoadableTransport } from "../transport/transport.ts";
import { findSubprotocolError } from "../websocket/subprotocol.ts";
import { parseWebSocketUrl } from "../websocket/url.ts";
import { ConnectQueue } from "./connect-queue.ts";
import { Connection, type ConnectionDependencies } from "./connection.ts";
import { Keepalive } from "./keepalive.ts";
import { createLoad, type Load } from "./load.ts";
import { maxRequestBytes, requestBytes } from "./request-bytes.ts";

/** Receives what the guest is told. Never called from inside a call of {@link Network}. Bytes are only valid during the call. */
export interface GuestSink {
  open(id: number, protocol: string, extensions: string): void;
  /** `bytes` is what the text takes in UTF-8. The message counts as waiting until {@link Network.delivered} says otherwise. */
  text(id: number, data: Uint8Array | string, bytes: number): void;
  /** As `text`. */
  binary(id: number, data: Uint8Array): void;
  /** The last call for `id`. */
  closed(id: number, close: GuestClose): void;
}

/** How a connection ended, as the guest may know it. */
export interface GuestClose {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /** Whether `error` fires first. */
  readonly failed: boolean;
  /** The final `bufferedAmount`. */
  readonly unsent: number;
}

/** What a {@link Network} works with. */
export interface NetworkDependencies {
  readonly policy: NetworkPolicy;
  readonly limits: NetworkLimits;
  readonly transport: LoadableTransport;
  readonly clock: Clock;
  readonly guest: GuestSink;
  /** Is told everything that happens, synchronously. Must not throw. */
  emit(event: SandboxEventDetail): void;
  /** Whether `sent` and `received` are told too. */
  readonly trace: boolean;
  readonly baseUrl?: string;
  /** Bytes of a text in UTF-8. @defaultValue a count in plain JavaScript, ten times slower than a platform's own */
  readonly utf8Length?: (text: string) => number;
  /** A number from 0 up to 1. @defaultValue `Math.random` */
  readonly random?: () => number;
  /** Is called when {@link Network.connections} has changed. */
  changed(): void;
}

/**
 * Connections beyond the limit that may exist for the moment until the guest is told of their end, or that were dropped
 * before their turn. The guest is told after its turn, so that a loop in one turn could make any number of them.
 */
const maxFailing = 1_024;

/** The connections of one guest. */
export class Network {
  readonly #dependencies: NetworkDependencies;
  readonly #shared: ConnectionDependencies;
  readonly #queue: ConnectQueue;
  readonly #keepalive: Keepalive;
  readonly #load: Load = createLoad();
  readonly #connections = new Map<number, Connection>();
  #policy: NetworkPolicy;
  #lastId = 0;
  /** What the URLs and subprotocols of all connections take. */
  #requestBytes = 0;
  /** Connections that use the network; those that only wait to tell their end do not. */
  #active = 0;
  /** Whether the script was refused one connection more: that is told once, until one has ended. */
  #isFull = false;
  #isPaused = false;
  #isClosed = false;
  #drained: (() => void)[] = [];

  constructor(dependencies: NetworkDependencies) {
    const { clock, limits, policy, transport } = dependencies;
    this.#dependencies = dependencies;
    this.#policy = policy;
    this.#queue = new ConnectQueue({
      ...dependencies,
      // With the first connection, also one that will be refused: the time it takes must not tell them apart.
      prepare: () => transport.load?.(),
    });
    this.#keepalive = new Keepalive(clock, limits);
    this.#shared = {
      ...dependencies,
      policy: () => this.#policy,
      queue: this.#queue,
      keepalive: this.#keepalive,
      load: this.#load,
    };
  }

  /** Connections whose end the guest has not been told yet. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Payload bytes that wait for the network. */
  get bufferedBytes(): number {
    return this.#load.bufferedBytes;
  }

  /** Bytes of complete messages that the guest has not been given. */
  get waitingBytes(): number {
    return this.#load.waitingBytes;
  }

  /**
   * Puts another policy in force. Connections that it does not allow as they are fail. Settles when that is known of all.
   */
  async setPolicy(policy: NetworkPolicy): Promise<void> {
    this.#policy = policy;
    await Promise.all(
      Array.from(this.#connections.values(), (connection) => connection.reconsider()),
    );
  }

  /** The guest has got messages of so many bytes, or they went nowhere. */
  delivered(bytes: number): void {
    this.#load.waitingBytes -= bytes;
  }

  /** The guest has no room for a message of the connection. */
  overflow(id: number): void {
    this.#connections.get(id)?.overflow();
  }

  /** Starts a connection, or says why the URL or the subprotocols are a `SyntaxError` or the script has to wait. */
  connect(url: string, protocols: readonly string[]): ConnectAnswer {
    const target = parseWebSocketUrl(url, this.#dependencies.baseUrl);
    if ("error" in target) return [0, target.error];
    const protocolError = findSubprotocolError(protocols);
    if (protocolError !== undefined) return [0, protocolError];
    const { limits } = this.#dependencies;
    if (this.#connections.size + this.#queue.overdraft >= limits.maxConnections + maxFailing) {
      return this.#refuse(
        `More than ${maxFailing} connections wait to fail, or were dropped in this minute`,
      );
    }
    const bytes = requestBytes(target, protocols);
    if (this.#requestBytes + bytes > maxRequestBytes(limits.maxConnections)) {
      return this.#refuse("The URLs and subprotocols of all connections are too long together");
    }
    // A guest that is going away gets a connection that never does anything.
    this.#lastId += 1;
    const id = this.#lastId;
    if (!this.#isClosed)
      this.#start(id, new Connection(id, target, protocols, this.#shared), bytes);
    return [id, target.url.href, target.origin];
  }

  /** Sends text, as a well-formed string or in UTF-8, or binary data. Bytes need only be valid during the call. */
  send(
    id: number,
    data: string | Uint8Array<ArrayBuffer>,
    isText: boolean = typeof data === "string",
  ): void {
    this.#connections.get(id)?.send(data, isText);
  }

  /** Starts the closing handshake, or fails a connection that is not open yet. */
  close(id: number, code: number | undefined, reason: string): void {
    this.#connections.get(id)?.close(code, reason);
  }

  /** Drops a connection; the guest hears nothing more of it. */
  abort(id: number): void {
    this.#connections.get(id)?.abort();
  }

  /** Payload bytes of one connection that wait for the network. */
  bufferedAmount(id: number): number {
    return this.#connections.get(id)?.bufferedAmount ?? 0;
  }

  /** Stops or resumes reading from all connections. */
  setPaused(paused: boolean): void {
    if (paused === this.#isPaused) return;
    this.#isPaused = paused;
    for (const connection of this.#connections.values()) connection.setPaused(paused);
  }

  /**
   * Closes open connections with 1001 and drops the others; what is left after `graceMs` is dropped too. Settles when all are gone.
   * The guest hears nothing of it, and of nothing afterwards.
   */
  async closeAll(graceMs: number): Promise<void> {
    this.#isClosed = true;
    this.#queue[Symbol.dispose]();
    this.#keepalive[Symbol.dispose]();
    for (const connection of this.#connections.values()) connection.leave();
    if (this.#connections.size === 0) return;
    const deadline = this.#dependencies.clock.schedule(() => {
      for (const connection of this.#connections.values()) connection.abort();
    }, graceMs);
    await new Promise<void>((resolve) => {
      this.#drained.push(resolve);
    });
    deadline[Symbol.dispose]();
  }

  #refuse(message: string): ConnectAnswer {
    if (!this.#isFull) this.#dependencies.emit({ type: "limit", limit: "maxConnections" });
    this.#isFull = true;
    return [-1, message];
  }

  #start(id: number, connection: Connection, bytes: number): void {
    const { limits, changed } = this.#dependencies;
    this.#requestBytes += bytes;
    this.#connections.set(id, connection);
    const isOverLimit = this.#active >= limits.maxConnections;
    if (!isOverLimit) this.#active += 1;
    connection.start({
      isOverLimit,
      isPaused: this.#isPaused,
      released: () => {
        if (!isOverLimit) this.#active -= 1;
      },
      ended: () => {
        this.#connections.delete(id);
        this.#requestBytes -= bytes;
        this.#isFull = false;
        if (this.#connections.size === 0) this.#settleDrained();
        changed();
      },
    });
    changed();
  }

  #settleDrained(): void {
    const drained = this.#drained;
    this.#drained = [];
    for (const resolve of drained) resolve();
  }
}
