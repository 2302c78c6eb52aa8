import { type CloseEventData, EventKind, type HeadEvent, type OpenEvent } from "./boundary.ts";
import type { Guest } from "./engine/guest.ts";
import type { TurnQueue } from "./engine/turn-queue.ts";
import { OutOfMemoryError } from "./engine/values.ts";
import type { NetworkLimits } from "./limits.ts";
import type { GuestClose, GuestSink, Network } from "./network/network.ts";

/** What an {@link Inbox} stands between. */
export interface InboxParts {
  readonly guest: Guest;
  readonly network: Network;
  readonly turns: TurnQueue;
}

/** Options of {@link Inbox}. */
export interface InboxOptions {
  readonly delivery: "auto" | "update";
  readonly limits: Pick<NetworkLimits, "maxQueuedEvents" | "maxInboundBytes">;
  /** Milliseconds since the sandbox started. */
  now(): number;
  /** The parts, which are made after the inbox. */
  parts(): InboxParts;
}

/**
 * What happens on the network, on its way to the guest: as turns, one after another, and with the sockets paused while the script is
 * behind.
 */
export class Inbox implements GuestSink {
  readonly #options: InboxOptions;
  /** Events that were posted and have not begun. The queue's own length would count turns of others, which nobody resumes after. */
  #waiting = 0;
  #madeParts: InboxParts | undefined;
  /** Events that the guest holds until its script calls `update()`, and the bytes of their messages. */
  #heldEvents = 0;
  #heldBytes = 0;
  #isPaused = false;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** Events that wait for the script. */
  get length(): number {
    return this.#waiting + this.#heldEvents;
  }

  get #parts(): InboxParts {
    return (this.#madeParts ??= this.#options.parts());
  }

  open(id: number, protocol: string, extensions: string): void {
    const data: OpenEvent = [protocol, extensions];
    this.#post(EventKind.Open, id, JSON.stringify(data));
  }

  text(id: number, data: Uint8Array | string, bytes: number): void {
    if (typeof data === "string") {
      if (data.includes("\0") || !isWellFormed(data)) this.#postJson(id, data, bytes);
      else this.#postMessage(EventKind.Text, id, data, bytes);
    } else if (data.includes(0)) this.#postJson(id, decodeUtf8(data), bytes);
    else this.#postMessage(EventKind.Text, id, this.#kept(data), bytes);
  }

  binary(id: number, data: Uint8Array): void {
    this.#postMessage(EventKind.Binary, id, this.#kept(data), data.byteLength);
  }

  /** A turn that waits outlives the caller's buffer; a Buffer's own slice would be a view of it. */
  #kept(data: Uint8Array): Uint8Array {
    return this.#parts.turns.isIdle ? data : new Uint8Array(data);
  }

  /** A text that the engine's own conversion would change. */
  #postJson(id: number, text: string, bytes: number): void {
    this.#postMessage(EventKind.JsonText, id, JSON.stringify(text), bytes);
  }

  closed(id: number, { code, reason, wasClean, failed, unsent }: GuestClose): void {
    const data: CloseEventData = [code, reason, wasClean, failed, unsent];
    this.#post(EventKind.Close, id, JSON.stringify(data));
  }

  head(id: number, head: HeadEvent): void {
    this.#postFetch(EventKind.Head, id, JSON.stringify(head));
  }

  data(id: number, data: Uint8Array): void {
    this.#postFetch(EventKind.Data, id, this.#kept(data));
  }

  end(id: number): void {
    this.#postFetch(EventKind.End, id);
  }

  failed(id: number): void {
    this.#postFetch(EventKind.Failure, id);
  }

  /** What comes of a fetch settles promises, also with delivery `"update"`. It is no backlog: the guest says what it has room for. */
  #postFetch(kind: EventKind, id: number, data?: string | Uint8Array): void {
    const { guest, network, turns } = this.#parts;
    turns.post(() => {
      try {
        return guest.deliver(kind, id, this.#options.now(), data);
      } catch (error) {
        // Nothing of it has reached the guest.
        if (!(error instanceof OutOfMemoryError)) throw error;
        network.overflow(id);
        return false;
      }
    });
  }

  /** The script has taken all that the guest held. */
  updated(): void {
    this.#parts.network.delivered(this.#heldBytes);
    this.#heldEvents = 0;
    this.#heldBytes = 0;
    this.#balance();
  }

  #post(kind: EventKind, id: number, data: string): void {
    const { guest, turns } = this.#parts;
    this.#waiting += 1;
    turns.post(() => {
      this.#waiting -= 1;
      const more = guest.deliver(kind, id, this.#options.now(), data);
      this.#delivered(0);
      return more;
    });
    this.#balance();
  }

  /** `bytes` is what the network counts for the message. */
  #postMessage(
    kind: EventKind,
    id: number,
    data: string | Uint8Array<ArrayBufferLike>,
    bytes: number,
  ): void {
    const { guest, network, turns } = this.#parts;
    this.#waiting += 1;
    turns.post(() => {
      this.#waiting -= 1;
      try {
        const more = guest.deliver(kind, id, this.#options.now(), data);
        this.#delivered(bytes);
        return more;
      } catch (error) {
        // Nothing of the message has reached the guest: the sender pays for it, not the script.
        if (!(error instanceof OutOfMemoryError)) throw error;
        network.delivered(bytes);
        network.overflow(id);
        this.#balance();
        return false;
      }
    });
    this.#balance();
  }

  /** The guest has an event: with delivery `"update"` it keeps it. */
  #delivered(bytes: number): void {
    if (this.#options.delivery === "update") {
      this.#heldEvents += 1;
      this.#heldBytes += bytes;
    } else {
      this.#parts.network.delivered(bytes);
    }
    this.#balance();
  }

  /** Pauses the sockets while the script is behind by more events or bytes than it may. */
  #balance(): void {
    const { maxQueuedEvents, maxInboundBytes } = this.#options.limits;
    const { network } = this.#parts;
    const isBehind = this.length > maxQueuedEvents || network.waitingBytes > maxInboundBytes / 2;
    if (isBehind === this.#isPaused) return;
    this.#isPaused = isBehind;
    network.setPaused(isBehind);
  }
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array<ArrayBufferLike>): string {
  return utf8.decode(bytes);
}

/** Whether a text has no lone surrogate. */
function isWellFormed(text: string): boolean {
  // `String.prototype.isWellFormed` is Node 20's, the declarations of es2023 lack it.
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
