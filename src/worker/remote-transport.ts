import type { ConnectionFailure } from "../events.ts";
import type {
  CloseInfo,
  Transport,
  TransportConnection,
  TransportRequest,
  TransportSink,
} from "../transport/transport.ts";
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
      case "received":
        sink.received(event.pendingBytes);
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
        sink.sent(event.bytes);
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

/** Bytes of messages on their way into the thread before a connection is paused: the thread may be busy with a script. */
const maxUnderWay = 2 ** 20;

/** What one message takes beside its payload. */
const messageOverhead = 256;

/** Outside: makes the connections of a {@link RemoteTransport} with the embedder's transport. */
export class TransportHost {
  readonly #transport: Transport;
  readonly #post: (event: TransportEvent) => void;
  readonly #connections = new Map<number, HostedConnection>();

  constructor(transport: Transport, post: (event: TransportEvent) => void) {
    this.#transport = transport;
    this.#post = post;
  }

  receive(command: TransportCommand): void {
    if (command.type === "connect") {
      this.#connect(command.connection, command.request);
      return;
    }
    const hosted = this.#connections.get(command.connection);
    if (hosted === undefined) return;
    const { connection } = hosted;
    switch (command.type) {
      case "send":
        connection.send(command.data);
        break;
      case "disconnect":
        connection.close(command.code, command.reason);
        break;
      case "abort":
        connection.abort();
        break;
      case "pause":
      case "resume":
        hosted.isPausedInside = command.type === "pause";
        balance(hosted);
        break;
      case "taken":
        hosted.underWay -= command.bytes;
        balance(hosted);
        break;
      case "ping":
        connection.ping?.();
        break;
    }
  }

  /** The sandbox is gone: drops all connections. */
  abortAll(): void {
    for (const { connection } of this.#connections.values()) connection.abort();
    this.#connections.clear();
  }

  #connect(id: number, request: TransportRequest): void {
    try {
      const connection = this.#transport.connect(request, this.#sink(id));
      this.#connections.set(id, {
        connection,
        underWay: 0,
        isPausedInside: false,
        isPaused: false,
      });
    } catch (error) {
      // The contract forbids it, but the transport is the embedder's and the sandbox is not to blame.
      const failure: ConnectionFailure = {
        stage: "connect",
        code: "ERR_CONNECT",
        message: `The transport threw: ${error instanceof Error ? error.message : String(error)}`,
        host: new URL(request.url).host,
      };
      const close: CloseInfo = { code: 1006, reason: "", wasClean: false, failure };
      this.#post({ type: "disconnected", connection: id, close });
    }
  }

  #sink(connection: number): TransportSink {
    const post = this.#post;
    const count = (data: string | Uint8Array): number => {
      const bytes = data.length + messageOverhead;
      const hosted = this.#connections.get(connection);
      if (hosted !== undefined) {
        hosted.underWay += bytes;
        balance(hosted);
      }
      return bytes;
    };
    return {
      opened: (handshake) => {
        const canPing = this.#connections.get(connection)?.connection.ping !== undefined;
        post({ type: "opened", connection, handshake, canPing });
      },
      received: (pendingBytes) => post({ type: "received", connection, pendingBytes }),
      text: (data) =>
        post({
          type: "text",
          connection,
          data: typeof data === "string" ? data : copy(data),
          bytes: count(data),
        }),
      binary: (data) => post({ type: "binary", connection, data: copy(data), bytes: count(data) }),
      sent: (bytes) => post({ type: "sent", connection, bytes }),
      closed: (close: CloseInfo) => {
        this.#connections.delete(connection);
        post({ type: "disconnected", connection, close });
      },
    };
  }
}

interface HostedConnection {
  readonly connection: TransportConnection;
  /** Bytes that were posted and not taken. */
  underWay: number;
  /** Whether the sandbox wants no more for now. */
  isPausedInside: boolean;
  /** Whether the transport was told to pause. */
  isPaused: boolean;
}

/** Pauses or resumes a connection as both its ends want it. */
function balance(hosted: HostedConnection): void {
  const { connection, underWay, isPausedInside, isPaused } = hosted;
  const shouldPause = isPausedInside || underWay > (isPaused ? maxUnderWay / 2 : maxUnderWay);
  if (shouldPause === isPaused) return;
  hosted.isPaused = shouldPause;
  if (shouldPause) connection.pause();
  else connection.resume();
}

/** Exactly these bytes: posting a view of a pooled buffer would clone its neighbours too. */
function copy(data: Uint8Array<ArrayBufferLike>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data);
}
