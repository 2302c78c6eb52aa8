import type { Socket } from "node:net";
import type { WebSocket } from "ws";

/**
 * The writing half of an open connection: gathers the frames of one turn into one write, knows how much payload has not left, and
 * closes behind the last message.
 */
export class WriteDrain implements Disposable {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #closeTimeout: number;
  #isCorked = false;
  #waiting = 0;
  /** Messages that have left. */
  #left = 0;
  #closing: (() => void) | undefined;
  #timeout: NodeJS.Timeout | undefined;
  /** How far the data had got when a ping was asked for that has not left. */
  #pingProgress: string | undefined;

  constructor(webSocket: WebSocket, socket: Socket, closeTimeout: number) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#closeTimeout = closeTimeout;
  }

  /** Sends a message; `sent` is called with its payload bytes when they have left. */
  send(data: string | Uint8Array<ArrayBuffer>, sent: (bytes: number) => void): void {
    this.#cork();
    const bytes = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
    this.#waiting += 1;
    this.#webSocket.send(data, (error) => {
      this.#waiting -= 1;
      // What failed to leave stays in the count for good; the connection ends for the same reason.
      if (error) return;
      this.#left += 1;
      sent(bytes);
      if (this.#waiting === 0) this.#closing?.();
    });
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
    }, this.#closeTimeout);
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
