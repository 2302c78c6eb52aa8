import type { Clock } from "../clock.ts";
import type { NetworkLimits } from "../limits.ts";

/** One open connection, as {@link Keepalive} sees it. */
export interface KeptAlive {
  /** Asks the peer for a sign of life. May call {@link KeepaliveEntry.heard} before it returns. */
  ping(): void;
  /** The peer gave no sign of life in time. */
  expired(): void;
}

/** The place of a connection in a {@link Keepalive}. */
export interface KeepaliveEntry extends Disposable {
  /** The peer gave a sign of life. */
  heard(): void;
  /** While a connection does not read it cannot hear anything, and is left alone. */
  setPaused(paused: boolean): void;
}

/**
 * Finds connections whose peer is gone without a word: one that was silent for `keepaliveInterval` is sent a ping, and fails when
 * nothing comes for `keepaliveTimeout`.
 *
 * One timer serves all connections; without connections there is none. When it goes off late, or the wall clock has run on
 * alone, the machine or the process has slept: answers may wait to be read, so that no connection fails then, and all are pinged at
 * once.
 */
export class Keepalive implements Disposable {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #timeout: number;
  readonly #entries = new Set<Entry>();
  #timer: Disposable | undefined;
  #due = 0;
  #lastLook: Moment;

  constructor(clock: Clock, limits: Pick<NetworkLimits, "keepaliveInterval" | "keepaliveTimeout">) {
    this.#clock = clock;
    this.#interval = limits.keepaliveInterval;
    this.#timeout = limits.keepaliveTimeout;
    this.#lastLook = this.#moment();
  }

  /** Watches a connection until the result is disposed of. */
  watch(connection: KeptAlive): KeepaliveEntry {
    const clock = this.#clock;
    const entry: Entry = {
      connection,
      heardAt: clock.now(),
      pingedAt: undefined,
      pausedAt: undefined,
    };
    if (this.#interval > 0) {
      this.#entries.add(entry);
      if (this.#timer === undefined) {
        this.#lastLook = this.#moment();
        this.#plan(this.#interval);
      }
    }
    return {
      heard() {
        entry.heardAt = clock.now();
        entry.pingedAt = undefined;
      },
      setPaused(paused) {
        const now = clock.now();
        if (paused) entry.pausedAt ??= now;
        else if (entry.pausedAt !== undefined) {
          // The time in between does not count; what went before does, however often a connection pauses.
          const away = now - entry.pausedAt;
          entry.heardAt += away;
          if (entry.pingedAt !== undefined) entry.pingedAt += away;
          entry.pausedAt = undefined;
        }
      },
      [Symbol.dispose]: () => {
        this.#entries.delete(entry);
        if (this.#entries.size === 0) this[Symbol.dispose]();
      },
    };
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#entries.clear();
  }

  #plan(delay: number): void {
    this.#due = this.#clock.now() + delay;
    const look = (): void => this.#look();
    this.#timer = this.#clock.schedule(look, Math.ceil(delay), { background: true });
  }

  #look(): void {
    this.#timer = undefined;
    const hasSlept = this.#hasSlept();
    let delay = this.#interval;
    // A copy: what expires leaves the set.
    for (const entry of [...this.#entries]) {
      // One that is paused now may read again in a moment: it is looked at again soon, and not in step with its pauses.
      const next =
        entry.pausedAt === undefined ? this.#lookAt(entry, hasSlept) : this.#timeout * oddPart;
      delay = Math.min(delay, next);
    }
    if (this.#entries.size > 0) this.#plan(Math.max(1, delay));
  }

  /** Answers the milliseconds until the entry wants to be looked at again. */
  #lookAt(entry: Entry, hasSlept: boolean): number {
    const now = this.#clock.now();
    const { connection, pingedAt } = entry;
    if (pingedAt === undefined || hasSlept) {
      const silence = now - entry.heardAt;
      if (silence < this.#interval && !hasSlept) return this.#interval - silence;
      entry.pingedAt = now;
      connection.ping();
      return this.#timeout / 2;
    }
    // A second ping, for whoever lost the first; and the transport may know that data is still leaving.
    connection.ping();
    if (entry.pingedAt === undefined) return this.#interval;
    const left = pingedAt + this.#timeout - now;
    if (left > 0) return Math.min(left, this.#timeout / 2);
    this.#entries.delete(entry);
    connection.expired();
    return this.#interval;
  }

  #hasSlept(): boolean {
    const { monotonic, wall } = this.#moment();
    const before = this.#lastLook;
    this.#lastLook = { monotonic, wall };
    const isLate = monotonic - this.#due > tolerance;
    // The monotonic clock of some systems stands still while the machine sleeps.
    return isLate || wall - before.wall - (monotonic - before.monotonic) > tolerance;
  }

  #moment(): Moment {
    const monotonic = this.#clock.now();
    return { monotonic, wall: this.#clock.wallNow?.() ?? monotonic };
  }
}

interface Entry {
  readonly connection: KeptAlive;
  heardAt: number;
  pingedAt: number | undefined;
  /** Since when the connection does not read. */
  pausedAt: number | undefined;
}

interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

const oddPart = 0.37;

/** Milliseconds by which timers and clocks may be off on a busy machine. */
const tolerance = 2_000;
