import { type Clock, systemClock } from "../clock.ts";
import type { CloseInfo, Transport } from "../transport/transport.ts";
import {
  type DownItem,
  type Filter,
  type Link,
  type MessageData,
  notCounted,
  Relay,
  type UpItem,
} from "./relay.ts";

/** One connection between a script and a server, in the hands of a test. */
export interface InterceptedConnection {
  /** 1 for the first of the transport. */
  readonly id: number;
  readonly url: string;
  /** Subprotocols that the script offers. */
  readonly protocols: readonly string[];
  /** The connection is open, for the script from now on. */
  onopen: ((protocol: string) => void) | null;
  /**
   * Takes a message of the script, which then reaches the server only by {@link InterceptedConnection.sendToServer}: with other data, later,
   * several times, or never. Without a handler messages pass.
   */
  onsend: ((data: MessageData) => void) | null;
  /** The same for a message of the server, and {@link InterceptedConnection.sendToScript}. */
  onreceive: ((data: MessageData) => void) | null;
  /** The connection has ended by the script or the server; the script is told when this returns. */
  onclose: ((close: CloseInfo) => void) | null;
  /** Sends the server a message, in place of the script's or beside them. Before the connection is open it does nothing. */
  sendToServer(data: MessageData): void;
  /** Sends the script a message, in place of the server's or beside them. Before the connection is open it does nothing. */
  sendToScript(data: MessageData): void;
  /** Ends the connection for the script as if the server had closed it; the server sees it dropped. */
  close(code?: number, reason?: string): void;
  /** Breaks the connection for both, without a close frame. */
  drop(): void;
}

/** Options of {@link interceptTransport}. */
export interface InterceptOptions {
  /** The time of the transport. @defaultValue {@link systemClock} */
  readonly clock?: Clock;
}

/**
 * Lets a test observe, change, delay, drop and inject messages of another transport's connections, in both directions. HTTP requests
 * pass as they are.
 *
 * A handler that throws breaks the connection, and the error is thrown out of a callback of the clock: it surfaces in the test.
 *
 * @param intercept is called with each connection before it is made, to set its handlers
 *
 * @example
 * ```ts
 * const transport = interceptTransport(wsTransport(), (connection) => {
 *   connection.onreceive = (data) => connection.sendToScript(String(data).replace("21", "99"));
 * });
 * const sandbox = await createSandbox({ transport, policy });
 * ```
 */
export function interceptTransport(
  transport: Transport,
  intercept: (connection: InterceptedConnection) => void,
  { clock = systemClock }: InterceptOptions = {},
): Transport {
  let lastId = 0;
  const relay: Transport = {
    connect(request, sink) {
      lastId += 1;
      const id = lastId;
      return new Relay({
        transport,
        request,
        sink,
        clock,
        admit: (_link, pass) => pass(),
        filter: (link) => new Interception(id, link, clock, intercept),
      });
    },
  };
  if (transport.request !== undefined) relay.request = transport.request.bind(transport);
  return relay;
}

class Interception implements Filter, InterceptedConnection {
  readonly id: number;
  readonly url: string;
  readonly protocols: readonly string[];
  onopen: InterceptedConnection["onopen"] = null;
  onsend: InterceptedConnection["onsend"] = null;
  onreceive: InterceptedConnection["onreceive"] = null;
  onclose: InterceptedConnection["onclose"] = null;
  readonly #link: Link;
  readonly #clock: Clock;
  #isOpen = false;

  constructor(
    id: number,
    link: Link,
    clock: Clock,
    intercept: (connection: InterceptedConnection) => void,
  ) {
    this.id = id;
    this.url = link.url;
    this.protocols = link.protocols;
    this.#link = link;
    this.#clock = clock;
    this.#guarded(() => intercept(this));
  }

  up(item: UpItem, pass: (item: UpItem) => void): void {
    if (this.onsend === null) pass(item);
    // Later: handlers may do anything, and the script is in the middle of its send() now. Also of what follows, to keep the order.
    else this.#clock.schedule(() => this.#take(item, pass), 0);
  }

  down(item: DownItem, pass: (item: DownItem) => void): void {
    switch (item.type) {
      case "opened":
        this.#isOpen = true;
        pass(item);
        this.#guarded(() => this.onopen?.(item.handshake.protocol));
        break;
      case "message":
        if (this.onreceive === null) pass(item);
        else this.#guarded(() => this.onreceive?.(item.data));
        break;
      case "received":
        pass(item);
        break;
      case "closed":
        this.#isOpen = false;
        this.#guarded(() => this.onclose?.(item.close));
        pass(item);
        break;
    }
  }

  sendToServer(data: MessageData): void {
    if (this.#isOpen) this.#link.passUp({ type: "message", data: copyOf(data), bytes: notCounted });
  }

  sendToScript(data: MessageData): void {
    if (this.#isOpen) this.#link.passDown({ type: "message", data: copyOf(data) });
  }

  close(code: number = 1005, reason: string = ""): void {
    this.#link.end({ code, reason, wasClean: true });
  }

  drop(): void {
    this.#link.fail("ERR_CONNECTION_LOST", "the test dropped the connection");
  }

  #take(item: UpItem, pass: (item: UpItem) => void): void {
    if (item.type !== "message" || this.onsend === null) {
      pass(item);
      return;
    }
    this.#link.countSent(item.bytes);
    this.#guarded(() => this.onsend?.(item.data));
  }

  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#link.fail("ERR_CONNECTION_LOST", "a handler of the test threw");
      this.#clock.schedule(() => {
        throw error;
      }, 0);
    }
  }
}

function copyOf(data: MessageData): MessageData {
  return typeof data === "string" ? data : new Uint8Array(data);
}
