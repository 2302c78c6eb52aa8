import type { NetworkLimits } from "../limits.ts";
import type { ConnectQueue } from "./connect-queue.ts";
import { maxRequestBytes } from "./request-bytes.ts";

/** What {@link Places} needs. */
export interface PlacesOptions {
  readonly limits: Pick<NetworkLimits, "maxConnections">;
  readonly queue: ConnectQueue;
  /** Is told that a script was refused one more: once, until one has ended. */
  refused(): void;
  /** Is told that the number of places has changed, or that one waits for its script. */
  changed(): void;
}

/** The place of one connection or fetch. */
export interface Place {
  /** Whether it only exists to fail: there are too many already. */
  readonly isOverLimit: boolean;
  /** It does not use the network any more. */
  released(): void;
  /** Nothing of it is left to be told. */
  ended(): void;
  /** It waits for its script. */
  held(): void;
}

/**
 * Connections beyond the limit that may exist for the moment until the guest is told of their end, or that were dropped
 * before their turn. The guest is told after its turn, so that a loop in one turn could make any number of them.
 */
const maxFailing = 1_024;

/** How many connections and fetches one guest has, and what they keep of what was asked for. */
export class Places {
  readonly #options: PlacesOptions;
  #count = 0;
  /** Those that use the network; those that only wait to tell their end do not. */
  #active = 0;
  /** What the URLs, subprotocols and headers of all take. */
  #requestBytes = 0;
  /** Whether the script was refused one more: that is told once, until one has ended. */
  #isFull = false;
  #emptied: (() => void)[] = [];

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Those whose end the guest has not been told yet. */
  get count(): number {
    return this.#count;
  }

  /** Why there can be no further one now, if so. */
  findRefusal(bytes: number): string | undefined {
    const { limits, queue } = this.#options;
    const message =
      this.#count + queue.overdraft >= limits.maxConnections + maxFailing
        ? `More than ${maxFailing} connections wait to fail, or were dropped in this minute`
        : this.#requestBytes + bytes > maxRequestBytes(limits.maxConnections)
          ? "The URLs and subprotocols of all connections are too long together"
          : undefined;
    if (message !== undefined) {
      if (!this.#isFull) this.#options.refused();
      this.#isFull = true;
    }
    return message;
  }

  /** Takes a place. `ended` is called once. */
  take(bytes: number, ended: () => void): Place {
    const { limits, changed } = this.#options;
    const isOverLimit = this.#active >= limits.maxConnections;
    if (!isOverLimit) this.#active += 1;
    this.#count += 1;
    this.#requestBytes += bytes;
    return {
      isOverLimit,
      held: changed,
      released: () => {
        if (!isOverLimit) this.#active -= 1;
      },
      ended: () => {
        ended();
        this.#count -= 1;
        this.#requestBytes -= bytes;
        this.#isFull = false;
        if (this.#count === 0) this.#settleEmptied();
        changed();
      },
    };
  }

  /** Settles when the last one has ended. */
  async whenEmpty(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.#emptied.push(resolve);
    });
  }

  #settleEmptied(): void {
    const emptied = this.#emptied;
    this.#emptied = [];
    for (const resolve of emptied) resolve();
  }
}
