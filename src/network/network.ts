import type { ConnectAnswer, HeadEvent } from "../boundary.ts";
import type { Clock } from "../clock.ts";
import type { SandboxEventDetail } from "../events.ts";
import type { NetworkLimits } from "../limits.ts";
import type { NetworkPolicy } from "../policy/policy.ts";
import type { LoadableTransport } from "../transport/transport.ts";
import { findSubprotocolError } from "../websocket/subprotocol.ts";
import { parseWebSocketUrl } from "../websocket/url.ts";
import { ConnectQueue } from "./connect-queue.ts";
import { Connection, type ConnectionDependencies } from "./connection.ts";
import { readRequest } from "./fetch-rules.ts";
import { Fetch } from "./fetch.ts";
import { Keepalive } from "./keepalive.ts";
import { createLoad, type Load } from "./load.ts";
import { Places } from "./places.ts";
import { requestBytes } from "./request-bytes.ts";

/** Receives what the guest is told. Never called from inside a call of {@link Network}. Bytes are only valid during the call. */
export interface GuestSink {
  open(id: number, protocol: string, extensions: string): void;
  /** `bytes` is what the text takes in UTF-8. The message counts as waiting until {@link Network.delivered} says otherwise. */
  text(id: number, data: Uint8Array | string, bytes: number): void;
  /** As `text`. */
  binary(id: number, data: Uint8Array): void;
  /** The last call for `id`. */
  closed(id: number, close: GuestClose): void;
  /** A fetch has an answer. */
  head(id: number, head: HeadEvent): void;
  /** Part of its body. */
  data(id: number, data: Uint8Array): void;
  /** Its end: the last call for `id`. */
  end(id: number): void;
  /** Its failure: the last call for `id`. */
  failed(id: number): void;
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

/** The connections and fetches of one guest. */
export class Network {
  readonly #dependencies: NetworkDependencies;
  readonly #shared: ConnectionDependencies;
  readonly #queue: ConnectQueue;
  readonly #keepalive: Keepalive;
  readonly #load: Load = createLoad();
  readonly #places: Places;
  readonly #connections = new Map<number, Connection>();
  readonly #fetches = new Map<number, Fetch>();
  #policy: NetworkPolicy;
  #lastId = 0;
  #isPaused = false;
  #isClosed = false;

  constructor(dependencies: NetworkDependencies) {
    const { clock, limits, policy, transport } = dependencies;
    this.#dependencies = dependencies;
    this.#policy = policy;
    this.#queue = new ConnectQueue({
      ...dependencies,
      // With the first connection, also one that will be refused: the time it takes must not tell them apart.
      prepare: () => transport.load?.(),
    });
    this.#places = new Places({
      limits,
      queue: this.#queue,
      refused: () => dependencies.emit({ type: "limit", limit: "maxConnections" }),
      changed: () => dependencies.changed(),
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

  /** Connections and fetches whose end the guest has not been told yet. */
  get connections(): number {
    return this.#places.count;
  }

  /** Whether nothing will happen unless the guest asks for it: all that is left are answers that it does not read. */
  get isIdle(): boolean {
    if (this.#connections.size > 0) return false;
    for (const fetch of this.#fetches.values()) if (!fetch.isHeld) return false;
    return true;
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
    const all = [...this.#connections.values(), ...this.#fetches.values()];
    await Promise.all(all.map((one) => one.reconsider()));
  }

  /** The guest has got messages of so many bytes, or they went nowhere. */
  delivered(bytes: number): void {
    this.#load.waitingBytes -= bytes;
  }

  /** The guest has no room for a message of the connection, or for the answer to a fetch. */
  overflow(id: number): void {
    this.#connections.get(id)?.overflow();
    this.#fetches.get(id)?.overflow();
  }

  /** Starts a connection, or says why the URL or the subprotocols are a `SyntaxError` or the script has to wait. */
  connect(url: string, protocols: readonly string[]): ConnectAnswer {
    const target = parseWebSocketUrl(url, this.#dependencies.baseUrl);
    if ("error" in target) return [0, target.error];
    const protocolError = findSubprotocolError(protocols);
    if (protocolError !== undefined) return [0, protocolError];
    const bytes = requestBytes(target, protocols);
    const refusal = this.#places.findRefusal(bytes);
    if (refusal !== undefined) return [-1, refusal];
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

  /** Starts a fetch of what {@link readRequest} reads, and answers its id; 0 for what is no request, -1 when the script has to wait. */
  fetch(texts: readonly string[], body: Uint8Array<ArrayBuffer> | undefined): number {
    const request = readRequest(texts, body, this.#dependencies.baseUrl);
    if (request === undefined) return 0;
    const bytes = requestBytes(request.target, request.headers.flat());
    if (this.#places.findRefusal(bytes) !== undefined) return -1;
    this.#lastId += 1;
    const id = this.#lastId;
    if (this.#isClosed) return id;
    const place = this.#places.take(bytes, () => this.#fetches.delete(id));
    const fetch = new Fetch(id, request, this.#shared, place);
    this.#fetches.set(id, fetch);
    fetch.start();
    this.#dependencies.changed();
    return id;
  }

  /** The guest has taken what came of the body of a fetch. */
  fetchRead(id: number): void {
    this.#fetches.get(id)?.read();
  }

  /** Drops a fetch; the guest hears nothing more of it. */
  fetchAbort(id: number): void {
    this.#fetches.get(id)?.abort();
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
    for (const fetch of this.#fetches.values()) fetch.abort();
    for (const connection of this.#connections.values()) connection.leave();
    if (this.#places.count === 0) return;
    const deadline = this.#dependencies.clock.schedule(() => {
      for (const connection of this.#connections.values()) connection.abort();
    }, graceMs);
    await this.#places.whenEmpty();
    deadline[Symbol.dispose]();
  }

  #start(id: number, connection: Connection, bytes: number): void {
    this.#connections.set(id, connection);
    const place = this.#places.take(bytes, () => this.#connections.delete(id));
    connection.start({ place, isPaused: this.#isPaused });
    this.#dependencies.changed();
  }
}
