import type { SimulatedRequest, SimulatedResponse } from "../simulators/simulator.ts";
import { createDrift, type Drift, showMessage } from "./drift.ts";
import { asRecorded, type MessageMatcher } from "./message-match.ts";
import type { RecordedExchange } from "./recording.ts";
import { redacted, redactUrl } from "./redact.ts";

/** Answers HTTP requests with what was recorded: the next answer to the same method and URL. */
export class ExchangePlayer {
  readonly #waiting: RecordedExchange[];
  readonly #all: readonly RecordedExchange[];
  readonly #matches: MessageMatcher;
  readonly #drifted: (drift: Drift) => void;

  constructor(
    exchanges: readonly RecordedExchange[],
    matches: MessageMatcher,
    drifted: (drift: Drift) => void,
  ) {
    this.#all = exchanges;
    this.#waiting = [...exchanges];
    this.#matches = matches;
    this.#drifted = drifted;
  }

  get isDone(): boolean {
    return this.#waiting.length === 0;
  }

  get unused(): Drift | undefined {
    const [next] = this.#waiting;
    if (next === undefined) return undefined;
    const expected = `the request; ${this.#waiting.length} of ${this.#all.length} recorded requests are left`;
    return createDrift("unused", `${next.method} ${next.url}`, { expected });
  }

  /** A request that the recording does not have, by its method and URL. */
  unknown(place: string): Drift {
    const all = [...new Set(this.#all.map((exchange) => `${exchange.method} ${exchange.url}`))];
    const expected = `one of the requests of the recording: ${all.slice(0, 10).join(", ") || "none"}`;
    return createDrift("unknown", place, { expected, found: place });
  }

  /** Answers after the recorded time; with `undefined` by breaking the connection off, and never where the script gave up itself. */
  async answer(request: SimulatedRequest): Promise<SimulatedResponse | undefined> {
    const { method, clock } = request;
    const { href } = request.url;
    const place = `${method} ${href}`;
    const index = this.#waiting.findIndex(
      (exchange) => exchange.method === method && isSameUrl(href, exchange.url),
    );
    const [recorded] = index === -1 ? [] : this.#waiting.splice(index, 1);
    if (recorded === undefined) {
      this.#drifted(this.unknown(place));
      return { status: 404 };
    }
    const { sent = "" } = recorded;
    const body = typeof sent === "string" ? new TextDecoder().decode(request.body) : request.body;
    const differences = this.#matches(body, sent);
    if (differences !== undefined) {
      const found = showMessage(asRecorded(body, sent));
      const expected = showMessage(sent);
      this.#drifted(createDrift("message", `${place}, body`, { expected, found, differences }));
    }
    await new Promise<void>((resolve) => {
      clock.schedule(resolve, Math.max(0, recorded.ended - recorded.started));
    });
    if (recorded.failure === "ERR_ABORTED") return new Promise(() => {});
    if (recorded.failure !== undefined || recorded.status === 0) return undefined;
    return { status: recorded.status, headers: recorded.headers, body: recorded.received };
  }
}

/** Whether a URL is a recorded one, from which secrets may be gone. */
export function isSameUrl(found: string, recorded: string): boolean {
  return (recorded.includes(redacted) ? redactUrl(found) : found) === new URL(recorded).href;
}
