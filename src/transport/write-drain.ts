import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { FrameMemory } from "./frame-memory.ts";
import { FrameWriter } from "./frame-writer.ts";

/** What a {@link WriteDrain} writes to. */
export interface WriteDrainOptions {
  readonly webSocket: WebSocket;
  readonly socket: Socket;
  readonly memory: FrameMemory;
  /** Milliseconds; see `TransportRequest.closeTimeout`. */
  readonly closeTimeout: number;
  /** Is called when messages have left: how many, and their payload in bytes. */
  sent(bytes: number, messages: number): void;
}

/**
 * The writing half of an open connection: writes the messages of one turn together, knows how many have not left, and closes behind
 * the last of them.
 */
export class WriteDrain implements Disposable {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #options: WriteDrainOptions;
  /** Writes data; absent when messages are compressed, which `ws` does. */
  readonly #frames: FrameWriter | undefined;
  #isCorked = false;
  #waiting = 0;
  /** Messages that have left. */
  #left = 0;
  #closing: (() => void) | undefined;
  #timeout: NodeJS.Timeout | undefined;
  /** How far the data had got when a ping was asked for that has not left. */
  #pingProgress: string | undefined;

  constructor(options: WriteDrainOptions) {
    const { webSocket, socket, memory } = options;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#options = options;
    if (webSocket.extensions === "") {
      this.#frames = new FrameWriter(socket, memory, (bytes, count) => this.#onSent(bytes, count));
    }
  }

  /** Sends a message: text as a string or in UTF-8, or binary data. Bytes need only be valid during the call. */
  send(data: string | Uint8Array<ArrayBuffer>, isText: boolean): void {
    // After a close frame nothing may follow.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#waiting += 1;
    if (this.#frames !== undefined) {
      this.#frames.write(typeof data === "string" ? Buffer.from(data) : data, isText);
      return;
    }
    this.#cork();
    const copy = typeof data === "string" ? Buffer.from(data) : Buffer.from(new Uint8Array(data));
    this.#webSocket.send(copy, { binary: !isText }, (error) => {
      // What failed to leave stays in the count for good; the connection ends for the same reason.
      if (!error) this.#onSent(copy.length, 1);
    });
  }

  #onSent(bytes: number, messages: number): void {
    this.#waiting -= messages;
    this.#left += messages;
    this.#options.sent(bytes, messages);
    if (this.#waiting === 0) this.#closing?.();
  }

  /**
   * Sends a close frame once all messages have left, so that the peer's time to answer starts when it can. `expired` is called when
   * the peer neither takes data nor answers for the whole close timeout.
   */
  close(code: number | undefined, reason: string | undefined, expired: () => void): void {
    this.#closing = () => {
      this.#closing = undefined;
      this.#arm(expired, this.#progress());
      this.#webSocket.close(code, reason);
    };
    if (this.#waiting === 0) this.#closing();
    else this.#arm(expired, this.#progress());
  }

  /**
   * Sends a ping. One that has to wait behind data asks nothing: as long as the data leaves, the peer is there, and `moved` is
   * called.
   */
  ping(moved: () => void): void {
    const progress = this.#progress();
    if (this.#pingProgress !== undefined) {
      if (this.#pingProgress !== progress) moved();
      this.#pingProgress = progress;
      return;
    }
    this.#pingProgress = progress;
    this.#webSocket.ping(undefined, true, () => {
      this.#pingProgress = undefined;
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timeout);
    this.#closing = undefined;
  }

  #arm(expired: () => void, before: string): void {
    clearTimeout(this.#timeout);
    this.#timeout = setTimeout(() => {
      const now = this.#progress();
      // A slow peer may still be taking a large message.
      if (this.#closing !== undefined && now !== before) this.#arm(expired, now);
      else expired();
    }, this.#options.closeTimeout);
  }

  /** A text that changes as data leaves: by messages, and by parts of them where the system tells. */
  #progress(): string {
    // Not declared: how much the system has not taken yet. Node's own idle timeouts look at it. Below TLS it is the connection's.
    const { _handle: handle } = this.#socket as { readonly _handle?: WriteHandle | null };
    return `${this.#left} ${(handle?._parent ?? handle)?.writeQueueSize ?? 0}`;
  }

  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }
}

/** What Node's sockets write through. */
interface WriteHandle {
  readonly writeQueueSize?: number;
  /** The connection that carries TLS. */
  readonly _parent?: WriteHandle;
}
