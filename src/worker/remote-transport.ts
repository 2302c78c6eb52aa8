import type { NetworkLimits } from "../limits.ts";
import type { Transport, TransportConnection, TransportSink } from "../transport/transport.ts";
import { HostedConnection } from "./hosted-connection.ts";
import type { TransportCommand, TransportEvent } from "./messages.ts";

/** Inside the sandbox's thread: a transport whose connections are made outside. */
export class RemoteTransport implements Transport {
  readonly #post: (command: TransportCommand) => void;
  readonly #connections = new Map<number, RemoteConnection>();
  #next = 1;

  constructor(post: (command: TransportCommand) => void) {
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

  /** Passes on what happened outside. */
  receive(event: TransportEvent): void {
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

/** Outside: makes the connections of a {@link RemoteTransport} with the embedder's transport, which never throws (`containedTransport`). */
export class TransportHost {
  readonly #transport: Transport;
  readonly #maxInboundBytes: number;
  readonly #post: (event: TransportEvent) => void;
  readonly #connections = new Map<number, HostedConnection>();

  constructor(
    transport: Transport,
    { maxInboundBytes }: Pick<NetworkLimits, "maxInboundBytes">,
    post: (event: TransportEvent) => void,
  ) {
    this.#transport = transport;
    this.#maxInboundBytes = maxInboundBytes;
    this.#post = post;
  }

  receive(command: TransportCommand): void {
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
  }
}
