import type { NetworkLimits } from "../limits.ts";
import type {
  HttpExchange,
  HttpSink,
  Transport,
  TransportConnection,
  TransportSink,
} from "../transport/transport.ts";
import { HostedConnection } from "./hosted-connection.ts";
import { HostedExchange } from "./hosted-exchange.ts";
import type {
  ExchangeCommand,
  ExchangeEvent,
  TransportCommand,
  TransportEvent,
} from "./messages.ts";

/** Inside the sandbox's thread: a transport whose connections are made outside. */
export class RemoteTransport implements Transport {
  readonly #post: (command: TransportCommand | ExchangeCommand) => void;
  readonly #connections = new Map<number, RemoteConnection>();
  readonly #exchanges = new Map<number, HttpSink>();
  #next = 1;

  constructor(post: (command: TransportCommand | ExchangeCommand) => void) {
    this.#post = post;
  }

  connect(...[request, sink]: Parameters<Transport["connect"]>): TransportConnection {
    const connection = this.#next;
    this.#next += 1;
    const post = this.#post;
    const local: RemoteConnection["local"] = {
      send: (data) => post({ type: "send", connection, data }),
      close: (code, reason) => post({ type: "disconnect", connection, code, reason }),
      abort: () => post({ type: "abort", connection }),
      pause: () => post({ type: "pause", connection }),
      resume: () => post({ type: "resume", connection }),
    };
    this.#connections.set(connection, { sink, local });
    post({ type: "connect", connection, request });
    return local;
  }

  request(...[request, sink]: Parameters<Transport["request"] & object>): HttpExchange {
    const exchange = this.#next;
    this.#next += 1;
    const post = this.#post;
    this.#exchanges.set(exchange, sink);
    // How far it gets is told later.
    sink.reached("connect");
    post({ type: "request", exchange, request });
    return {
      abort: () => {
        this.#exchanges.delete(exchange);
        post({ type: "exchangeAbort", exchange });
      },
      pause: () => post({ type: "exchangePause", exchange }),
      resume: () => post({ type: "exchangeResume", exchange }),
    };
  }

  /** Passes on what happened outside. */
  receive(event: TransportEvent | ExchangeEvent): void {
    if ("exchange" in event) this.#receiveAnswer(event);
    else this.#receiveEvent(event);
  }

  #receiveAnswer(event: ExchangeEvent): void {
    const { exchange } = event;
    const sink = this.#exchanges.get(exchange);
    if (sink === undefined) return;
    switch (event.type) {
      case "exchangeReached":
        sink.reached(event.stage);
        break;
      case "head":
        sink.head(event.head);
        break;
      case "body":
        sink.data(event.data);
        this.#post({ type: "exchangeTaken", exchange, bytes: event.bytes });
        break;
      case "exchangeEnd":
        this.#exchanges.delete(exchange);
        sink.end();
        break;
      case "exchangeFailed":
        this.#exchanges.delete(exchange);
        sink.failed(event.failure);
        break;
    }
  }

  #receiveEvent(event: TransportEvent): void {
    const { connection } = event;
    const remote = this.#connections.get(connection);
    if (remote === undefined) return;
    const { sink, local } = remote;
    switch (event.type) {
      case "opened":
        if (event.canPing) local.ping = () => this.#post({ type: "ping", connection });
        sink.opened(event.handshake);
        break;
      case "reached":
        sink.reached(event.stage);
        break;
      case "received":
        sink.received(event.pendingBytes);
        this.#post({ type: "heard", connection });
        break;
      case "text":
        sink.text(event.data);
        this.#take(event.connection, event.bytes);
        break;
      case "binary":
        // The sender only posts bytes for binary messages.
        if (typeof event.data !== "string") sink.binary(event.data);
        this.#take(event.connection, event.bytes);
        break;
      case "sent":
        sink.sent(event.bytes, event.messages);
        break;
      case "disconnected":
        this.#connections.delete(connection);
        sink.closed(event.close);
        break;
    }
  }

  #take(connection: number, bytes: number): void {
    this.#post({ type: "taken", connection, bytes });
  }
}

interface RemoteConnection {
  readonly sink: TransportSink;
  /** Can ask for a sign of life once it is known that the transport can. */
  readonly local: TransportConnection & { ping?(): void };
}

/** Outside: makes the connections and requests of a {@link RemoteTransport} with the embedder's transport, which never throws (`containedTransport`). */
export class TransportHost {
  readonly #transport: Transport;
  readonly #maxInboundBytes: number;
  readonly #post: (event: TransportEvent | ExchangeEvent) => void;
  readonly #connections = new Map<number, HostedConnection>();
  readonly #exchanges = new Map<number, HostedExchange>();

  constructor(
    transport: Transport,
    { maxInboundBytes }: Pick<NetworkLimits, "maxInboundBytes">,
    post: (event: TransportEvent | ExchangeEvent) => void,
  ) {
    this.#transport = transport;
    this.#maxInboundBytes = maxInboundBytes;
    this.#post = post;
  }

  receive(command: TransportCommand | ExchangeCommand): void {
    if ("exchange" in command) this.#receiveRequest(command);
    else this.#receiveCommand(command);
  }

  #receiveRequest(command: ExchangeCommand): void {
    const { exchange: id } = command;
    if (command.type !== "request") {
      this.#exchanges.get(id)?.receive(command);
      return;
    }
    let isOver = false;
    const hosted = new HostedExchange({
      id,
      transport: this.#transport,
      request: command.request,
      maxInboundBytes: this.#maxInboundBytes,
      post: this.#post,
      ended: () => {
        isOver = true;
        this.#exchanges.delete(id);
      },
    });
    if (!isOver) this.#exchanges.set(id, hosted);
  }

  #receiveCommand(command: TransportCommand): void {
    const { connection: id } = command;
    if (command.type !== "connect") {
      this.#connections.get(id)?.receive(command);
      return;
    }
    const hosted = new HostedConnection({
      id,
      transport: this.#transport,
      request: command.request,
      maxInboundBytes: this.#maxInboundBytes,
      post: this.#post,
      ended: () => this.#connections.delete(id),
    });
    this.#connections.set(id, hosted);
  }

  /** The sandbox is gone: drops all connections. */
  abortAll(): void {
    for (const hosted of this.#connections.values()) hosted.abort();
    this.#connections.clear();
    for (const hosted of this.#exchanges.values()) hosted.abort();
    this.#exchanges.clear();
  }
}
