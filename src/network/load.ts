/** What the connections of one guest hold together: limits bound the sum, so that many connections are no way around them. */
export interface Load {
  /** Payload bytes that were sent and have not left. */
  bufferedBytes: number;
  /** Messages that were sent and have not left. */
  unsentMessages: number;
  /** Bytes of messages that are not complete. */
  pendingBytes: number;
  /** Bytes of complete messages that the guest has not been given. */
  waitingBytes: number;
}

/** Nothing held. */
export function createLoad(): Load {
  return { bufferedBytes: 0, unsentMessages: 0, pendingBytes: 0, waitingBytes: 0 };
}

/** What one connection holds of a {@link Load}. */
export class LoadShare {
  readonly #load: Load;
  #bytes = 0;
  #messages = 0;
  #pending = 0;

  constructor(load: Load) {
    this.#load = load;
  }

  /** A message was sent. */
  add(bytes: number): void {
    this.#hold(bytes, 1);
  }

  /** Messages of so many bytes have left. Answers how many of them were held: a transport may be wrong. */
  remove(bytes: number, messages: number): number {
    const held = Math.min(bytes, this.#bytes);
    this.#hold(-held, -Math.min(messages, this.#messages));
    return held;
  }

  /** Bytes of a message that is not complete. Setting the same again does nothing. */
  set pending(bytes: number) {
    this.#load.pendingBytes += bytes - this.#pending;
    this.#pending = bytes;
  }

  get pending(): number {
    return this.#pending;
  }

  /** Gives everything back. */
  release(): void {
    this.#hold(-this.#bytes, -this.#messages);
    this.pending = 0;
  }

  #hold(bytes: number, messages: number): void {
    this.#bytes += bytes;
    this.#messages += messages;
    this.#load.bufferedBytes += bytes;
    this.#load.unsentMessages += messages;
  }
}
