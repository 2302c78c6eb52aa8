import type { SandboxEvent } from "../events.ts";
import type { FromWorker } from "./messages.ts";
import { Cell } from "./shared-state.ts";

/** So many events within so many milliseconds are posted at once: what a script says before it hangs in a native call is heard. */
const maxPrompt = 16;
const promptTime = 10;

/** Bytes of events after which a batch is posted in the middle of a turn. */
const batchBytes = 65_536;

/** Options of {@link Outbox}. */
export interface OutboxOptions {
  readonly state: Int32Array<SharedArrayBuffer>;
  /** Bytes that may be under way before the thread waits for the observer. */
  readonly maxBacklog: number;
  post(message: FromWorker): void;
  /** Is told how long the thread waited. */
  waited(ms: number): void;
}

/**
 * Posts a sandbox's events in batches and waits, inside the script's turn if need be, for an observer that cannot keep up:
 * so a million lines to a slow pipe take bounded memory.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #events: SandboxEvent[] = [];
  #bytes = 0;
  /** Bytes posted in all, modulo 2^32. */
  #posted = 0;
  #isFlushPlanned = false;
  #promptSince = Number.NEGATIVE_INFINITY;
  #prompt = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  add(event: SandboxEvent): void {
    this.#events.push(event);
    this.#bytes += eventBytes(event);
    // The turn that follows may never end: what is known of a connection is known outside.
    if (
      this.#bytes >= Math.min(batchBytes, this.#options.maxBacklog) ||
      isLifeEvent(event) ||
      this.#isPrompt()
    ) {
      this.flush();
      this.#waitForRoom();
    } else if (!this.#isFlushPlanned) {
      this.#isFlushPlanned = true;
      queueMicrotask(() => this.flush());
    }
  }

  /** Posts what there is, so that it arrives before what is posted next. */
  flush(): void {
    this.#isFlushPlanned = false;
    if (this.#events.length === 0) return;
    const [events, bytes] = [this.#events, this.#bytes];
    this.#events = [];
    this.#bytes = 0;
    this.#posted = (this.#posted + bytes) | 0;
    this.#options.post({ type: "events", events, bytes });
  }

  #isPrompt(): boolean {
    const now = performance.now();
    if (now - this.#promptSince > promptTime) {
      this.#promptSince = now;
      this.#prompt = 0;
    }
    this.#prompt += 1;
    return this.#prompt <= maxPrompt;
  }

  #waitForRoom(): void {
    const { state, maxBacklog, waited } = this.#options;
    let observed = Atomics.load(state, Cell.Observed);
    if (((this.#posted - observed) | 0) <= maxBacklog) return;
    const start = performance.now();
    Atomics.store(state, Cell.Blocked, 1);
    while (((this.#posted - observed) | 0) > maxBacklog) {
      Atomics.wait(state, Cell.Observed, observed);
      observed = Atomics.load(state, Cell.Observed);
    }
    Atomics.store(state, Cell.Blocked, 0);
    waited(performance.now() - start);
  }
}

/** Counts events as observed; called outside. */
export function acknowledge(state: Int32Array<SharedArrayBuffer>, bytes: number): void {
  Atomics.add(state, Cell.Observed, bytes);
  Atomics.notify(state, Cell.Observed);
}

/** Whether an event tells of the life of a connection or request: there are few of them. */
function isLifeEvent({ type }: SandboxEvent): boolean {
  return lifeEvents.has(type);
}

const lifeEvents: ReadonlySet<SandboxEvent["type"]> = new Set([
  "connecting",
  "open",
  "closed",
  "request",
  "response",
  "finished",
]);

/** Roughly what an event takes in memory. */
function eventBytes(event: SandboxEvent): number {
  const overhead = 100;
  switch (event.type) {
    case "console":
    case "alert":
      return overhead + textBytes(event.message);
    case "sent":
    case "received":
      return (
        overhead + (typeof event.data === "string" ? textBytes(event.data) : event.data.byteLength)
      );
    case "error": {
      const { name, message, stack, position } = event.exception;
      return overhead * 2 + textBytes(name, message, stack, position?.file);
    }
    case "connecting":
      return overhead * 4 + textBytes(event.url, ...event.protocols);
    case "closing":
      return overhead * 4 + textBytes(event.reason);
    case "request":
    case "redirect":
    case "response": {
      const { headers } = event;
      const texts = event.type === "response" ? [event.statusText] : [event.method, event.url];
      return overhead * (4 + headers.length) + textBytes(...texts, ...headers.flat());
    }
    case "requestBody":
    case "responseBody":
      return overhead + event.data.byteLength;
    case "open":
      return overhead * 4 + textBytes(event.protocol, event.extensions);
    case "closed":
    case "finished": {
      const { message, host, address, systemCode } = event.failure ?? {};
      const reason = event.type === "closed" ? event.reason : "";
      return overhead * 4 + textBytes(reason, message, host, address, systemCode);
    }
    case "limit":
      return overhead * 4;
    case "killed":
      return overhead * 4 + textBytes(event.message);
  }
}

function textBytes(...texts: readonly (string | undefined)[]): number {
  return texts.reduce((bytes, text = "") => bytes + text.length * 2, 0);
}
