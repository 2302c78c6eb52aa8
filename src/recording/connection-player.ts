import type { SimulatedPeer } from "../simulators/simulator.ts";
import { noCloseCode } from "./close-frame.ts";
import { createDrift, type Drift, showClose, showMessage } from "./drift.ts";
import { asRecorded, type RecordedData, type MessageMatcher } from "./message-match.ts";
import type { RecordedConnection, RecordedEvent } from "./recording.ts";

/** What a {@link ConnectionPlayer} needs. */
export interface ConnectionPlayerOptions {
  readonly peer: SimulatedPeer;
  readonly recorded: RecordedConnection;
  /** For people: which connection this is. */
  readonly place: string;
  readonly matches: MessageMatcher;
  /** Is told of the first difference. */
  drifted(drift: Drift): void;
}

type DriftDetails = Parameters<typeof createDrift>[2];
type Closed = Extract<RecordedEvent, { readonly type: "closed" }>;

/**
 * Plays the server's side of one recorded connection.
 *
 * What the script sends is compared in its own order: a message of the server that was on its way at the same time does not count as
 * a difference. What the server sent comes when all that the script had sent before has been sent, after the recorded time.
 */
export class ConnectionPlayer {
  readonly #options: ConnectionPlayerOptions;
  readonly #events: readonly RecordedEvent[];
  /** Places in `events` of what the script sent. */
  readonly #sent: readonly number[];
  /** When the script sent what it has sent so far. */
  readonly #sentAt: number[] = [];
  #index = 0;
  /** Sent messages before `index`. */
  #passed = 0;
  /** When the event before `index` happened, in the time of the replay and in that of the recording. */
  #last: { readonly now: number; readonly recorded: number };
  #timer: Disposable | undefined;
  #isStopped = false;
  #hasEnded = false;

  constructor(options: ConnectionPlayerOptions) {
    const { peer, recorded } = options;
    this.#options = options;
    this.#events = recorded.events;
    this.#sent = recorded.events.flatMap(({ type }, index) => (type === "sent" ? [index] : []));
    this.#last = { now: peer.clock.now(), recorded: recorded.started };
    peer.onmessage = (data) => this.#onMessage(data);
    peer.onclose = (code, reason) => this.#onClose(code, reason);
    this.#shakeHands();
  }

  /** Whether nothing of the recording is left. */
  get isDone(): boolean {
    return this.#index >= this.#events.length;
  }

  /** What is left, if anything is. */
  get unused(): Drift | undefined {
    const event = this.#events[this.#index];
    if (event === undefined) return undefined;
    const rest = this.#events.length - this.#index;
    const what = rest === 1 ? "it is the last one" : `${rest} are left`;
    return this.#drift("unused", this.#index, { expected: `${showEvent(event)}; ${what}` });
  }

  /** Does and says nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
  }

  #shakeHands(): void {
    const { peer, recorded } = this.#options;
    const { opened, status, failure } = recorded;
    if (opened !== undefined) {
      const protocol = chosenProtocol(peer, recorded);
      const answer = protocol === undefined ? {} : { protocol };
      this.#after(opened, () => {
        peer.accept(answer);
        this.#play();
      });
    } else if (status >= 200 && status <= 599) {
      this.#after(recorded.ended, () => peer.refuse({ status }));
    } else if (failure === undefined || silentFailures.has(failure) || ownFailures.has(failure)) {
      peer.silence();
    } else this.#after(recorded.ended, () => peer.drop());
  }

  /** Goes on with the recording as far as the script has. */
  #play(): void {
    for (let event = this.#current(); event !== undefined; event = this.#current()) {
      switch (event.type) {
        case "sent": {
          const at = this.#sentAt[this.#passed];
          if (at === undefined) return;
          this.#passed++;
          this.#advance(event.time, Math.max(at, this.#last.now));
          break;
        }
        case "received":
          this.#after(event.time, () => this.#perform(event));
          return;
        case "closed":
          if (!isEndOfSession(event)) {
            if (event.by === "server") this.#after(event.time, () => this.#perform(event));
            return;
          }
          this.#advance(event.time, this.#last.now);
          break;
        case "failed":
          if (!ownFailures.has(event.failure)) {
            if (silentFailures.has(event.failure)) this.#perform(event);
            else this.#after(event.time, () => this.#perform(event));
            return;
          }
          this.#advance(event.time, this.#last.now);
          break;
      }
    }
  }

  #current(): RecordedEvent | undefined {
    return this.#isStopped || this.#timer !== undefined ? undefined : this.#events[this.#index];
  }

  #advance(recorded: number, now: number): void {
    this.#index++;
    this.#last = { now, recorded };
  }

  /** Does what the server did. */
  #perform(event: RecordedEvent): void {
    const { peer } = this.#options;
    this.#advance(event.time, peer.clock.now());
    if (event.type === "received") peer.send(event.data);
    else if (event.type === "closed") peer.close(event.code, event.reason);
    else if (event.type === "failed" && silentFailures.has(event.failure)) peer.silence();
    else peer.drop();
    this.#play();
  }

  /** Calls back at a time of the recording, relative to the event before. */
  #after(recorded: number, callback: () => void): void {
    const { clock } = this.#options.peer;
    const due = this.#last.now + Math.max(0, recorded - this.#last.recorded);
    this.#timer = clock.schedule(
      () => {
        this.#timer = undefined;
        if (!this.#isStopped && !this.#hasEnded) callback();
      },
      Math.max(0, due - clock.now()),
    );
  }

  #onMessage(data: RecordedData): void {
    if (this.#isStopped) return;
    const index = this.#sent[this.#sentAt.length];
    const event = index === undefined ? undefined : this.#events[index];
    if (index === undefined || event?.type !== "sent") {
      this.#report("extra", this.#events.length, { found: showMessage(data) });
      return;
    }
    const differences = this.#options.matches(data, event.data);
    if (differences !== undefined) {
      // Reports end up in logs: what is a secret in the recording stays one.
      const found = showMessage(asRecorded(data, event.data));
      const expected = showMessage(event.data);
      this.#report("message", index, { expected, found, differences });
      return;
    }
    this.#sentAt.push(this.#options.peer.clock.now());
    this.#play();
  }

  #onClose(code: number, reason: string): void {
    this.#hasEnded = true;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    // 1001: the sandbox goes, which is no doing of the script.
    if (this.#isStopped || this.isDone || code === 1001) return;
    const event = this.#events[this.#index];
    const found = showClose(code === noCloseCode ? undefined : code, reason);
    if (event?.type !== "closed" || event.by !== "client") {
      const expected = event === undefined ? {} : { expected: showEvent(event) };
      this.#report("close", this.#index, { ...expected, found });
    } else if (
      code !== (event.code ?? noCloseCode) ||
      asRecorded(reason, event.reason) !== event.reason
    ) {
      this.#report("close", this.#index, { expected: showClose(event.code, event.reason), found });
    } else this.#index++;
  }

  #report(kind: Drift["kind"], index: number, details: DriftDetails): void {
    this.#options.drifted(this.#drift(kind, index, details));
  }

  #drift(kind: Drift["kind"], index: number, details: DriftDetails): Drift {
    const total = this.#events.length;
    const which =
      index < total ? `event ${index + 1} of ${total}` : `after event ${total} of ${total}`;
    return createDrift(kind, `${this.#options.place}, ${which}`, details);
  }
}

/** Where the recording does not tell, the first that is offered: a client fails when it is answered with none. */
function chosenProtocol(peer: SimulatedPeer, recorded: RecordedConnection): string | undefined {
  if (recorded.protocol !== "") return recorded.protocol;
  return recorded.protocols === undefined ? peer.protocols[0] : undefined;
}

/** Failures that the sandbox itself caused, by its script or by its limits: they happen again by themselves, if at all. */
const ownFailures: ReadonlySet<string> = new Set([
  "ERR_ABORTED",
  "ERR_CLOSED_BY_SCRIPT",
  "ERR_LIMIT",
  "ERR_MESSAGE_TOO_LARGE",
  "ERR_POLICY_REVOKED",
]);

/** Failures of a peer that says nothing any more. */
const silentFailures: ReadonlySet<string> = new Set([
  "ERR_CLOSE_TIMEOUT",
  "ERR_HANDSHAKE_TIMEOUT",
  "ERR_KEEPALIVE_TIMEOUT",
]);

/** Scripts cannot close with 1001: the recording ended there. */
function isEndOfSession({ by, code }: Closed): boolean {
  return by === "client" && code === 1001;
}

function showEvent(event: RecordedEvent): string {
  switch (event.type) {
    case "sent":
      return `the script sends ${showMessage(event.data)}`;
    case "received":
      return `the server sends ${showMessage(event.data)}`;
    case "closed":
      return `${event.by === "client" ? "the script" : "the server"} sends ${showClose(event.code, event.reason)}`;
    case "failed":
      return `the connection fails with ${event.failure}`;
  }
}
