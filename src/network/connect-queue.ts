import type { Clock } from "../clock.ts";
import type { NetworkLimits } from "../limits.ts";

/** Options of {@link ConnectQueue}. */
export interface ConnectQueueOptions {
  readonly limits: Pick<NetworkLimits, "maxConnecting" | "maxConnectRate" | "maxConnectDelay">;
  readonly clock: Clock;
  /** A number from 0 up to 1. @defaultValue `Math.random` */
  readonly random?: () => number;
  /** Is called with the first connection: nobody begins before what it answers has settled. It never rejects. @defaultValue nothing */
  readonly prepare?: () => Promise<void> | undefined;
}

/** A place in a {@link ConnectQueue}. */
export interface ConnectTicket {
  /** Gives the place back: the handshake has ended, or nobody wants it any more. Does nothing the second time. */
  done(outcome: "opened" | "failed" | "abandoned"): void;
}

/**
 * Decides when the next connection may begin: at most so many at a time, so many in a minute, and later and later while they
 * fail. Whoever cannot begin waits, in order.
 *
 * The wait after failures follows what Chromium does for a page: a random time below the longest one, times two for each failure
 * per success of the last minutes, reaching the longest after sixteen. Deviation: connections that are pending do not count as
 * failures, because `maxConnecting` bounds them.
 */
export class ConnectQueue implements Disposable {
  readonly #options: ConnectQueueOptions;
  readonly #random: () => number;
  // Linked, so that a place can be given up without looking through all of them.
  #first: Place | undefined;
  #last: Place | undefined;
  #connecting = 0;
  /** When the places of a minute will all be free again, if nobody begins. */
  #freeAt = 0;
  /** The same for connections that are dropped before they begin. */
  #droppedUntil = 0;
  #outcomes: Outcomes = { period: 0, opened: 0, failed: 0, openedBefore: 0, failedBefore: 0 };
  #timer: Disposable | undefined;
  /** Whether what connections need is there, or was asked for. */
  #readiness: "none" | "loading" | "ready" = "none";
  #isPumping = false;
  #isDisposed = false;

  constructor(options: ConnectQueueOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  /** How many connections were dropped before they began beyond what a minute has places for: fewer as time goes on. */
  get overdraft(): number {
    const { clock, limits } = this.#options;
    const ahead = this.#droppedUntil - minute - clock.now();
    return Math.max(0, Math.ceil((ahead * limits.maxConnectRate) / minute));
  }

  /** Calls `begin` when the connection may begin: before it returns, or later. */
  enter(begin: (ticket: ConnectTicket) => void): ConnectTicket {
    const ticket: ConnectTicket = { done: (outcome) => this.#done(place, outcome) };
    const place: Place = {
      begin: () => begin(ticket),
      notBefore: this.#options.clock.now() + this.#delay(),
      state: "waiting",
      before: this.#last,
      next: undefined,
    };
    if (this.#last === undefined) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
    this.#prepare();
    this.#pump();
    return ticket;
  }

  /** Lets nobody begin any more. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#isDisposed = true;
    this.#first = this.#last = undefined;
  }

  #prepare(): void {
    if (this.#readiness !== "none") return;
    const preparation = this.#options.prepare?.();
    this.#readiness = preparation === undefined ? "ready" : "loading";
    if (preparation !== undefined) void this.#beginAfter(preparation);
  }

  async #beginAfter(preparation: Promise<void>): Promise<void> {
    await preparation;
    this.#readiness = "ready";
    this.#pump();
  }

  #done(place: Place, outcome: "opened" | "failed" | "abandoned"): void {
    const { state } = place;
    if (state === "done") return;
    place.state = "done";
    if (this.#isDisposed) return;
    if (state === "waiting") {
      this.#remove(place);
      // Counted apart, so that the next one waits no longer for it.
      this.#droppedUntil = this.#after(this.#droppedUntil);
    } else this.#connecting -= 1;
    if (outcome !== "abandoned") {
      this.#roll();
      this.#outcomes[outcome] += 1;
    }
    this.#pump();
  }

  #pump(): void {
    if (this.#isPumping || this.#isDisposed || this.#readiness !== "ready") return;
    this.#isPumping = true;
    try {
      this.#begin();
    } finally {
      this.#isPumping = false;
    }
  }

  #begin(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const { clock, limits } = this.#options;
    while (
      !this.#isDisposed &&
      this.#first !== undefined &&
      this.#connecting < limits.maxConnecting
    ) {
      const wait = Math.max(this.#first.notBefore - clock.now(), this.#waitForRate());
      if (wait > 0) {
        this.#timer = clock.schedule(() => this.#pump(), Math.ceil(wait));
        break;
      }
      const place = this.#first;
      this.#remove(place);
      place.state = "connecting";
      this.#connecting += 1;
      this.#freeAt = this.#after(this.#freeAt);
      place.begin();
    }
  }

  /** When a minute's places will all be free again that were to be free at `time`, with one more of them taken. */
  #after(time: number): number {
    const { clock, limits } = this.#options;
    return Math.max(time, clock.now()) + minute / limits.maxConnectRate;
  }

  /** Milliseconds until one of a minute's places is free. */
  #waitForRate(): number {
    const { clock, limits } = this.#options;
    return this.#freeAt - minute + minute / limits.maxConnectRate - clock.now();
  }

  #delay(): number {
    this.#roll();
    const { opened, failed, openedBefore, failedBefore } = this.#outcomes;
    const doublings = Math.min(maxDoublings, (failed + failedBefore) / (opened + openedBefore + 1));
    const longest = this.#options.limits.maxConnectDelay * (0.2 + 0.8 * this.#random());
    return Math.floor(longest * 2 ** (Math.floor(doublings) - maxDoublings));
  }

  /** Forgets outcomes after two periods. */
  #roll(): void {
    const period = Math.floor(this.#options.clock.now() / outcomePeriod);
    const { period: before, opened, failed } = this.#outcomes;
    if (period === before) return;
    const isNext = period === before + 1;
    this.#outcomes = {
      period,
      opened: 0,
      failed: 0,
      openedBefore: isNext ? opened : 0,
      failedBefore: isNext ? failed : 0,
    };
  }

  #remove(place: Place): void {
    const { before, next } = place;
    if (before === undefined) this.#first = next;
    else before.next = next;
    if (next === undefined) this.#last = before;
    else next.before = before;
    place.before = place.next = undefined;
  }
}

interface Place {
  readonly begin: () => void;
  readonly notBefore: number;
  state: "waiting" | "connecting" | "done";
  before: Place | undefined;
  next: Place | undefined;
}

/** How connections of the present period and of the one before it ended. */
interface Outcomes {
  readonly period: number;
  opened: number;
  failed: number;
  readonly openedBefore: number;
  readonly failedBefore: number;
}

const minute = 60_000;

/** Milliseconds after which outcomes count as those of the period before. */
const outcomePeriod = 3 * minute;

/** Failures per success that lead to the longest wait. */
const maxDoublings = 16;
