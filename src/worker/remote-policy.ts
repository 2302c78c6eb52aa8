import type { ConnectionRequest, PolicyFunction, Verdict } from "../policy/policy.ts";
import type { FromWorker } from "./messages.ts";

/** Asks the embedder's policy function, which lives outside, once per connection. */
export class RemotePolicy {
  readonly #post: (message: FromWorker) => void;
  readonly #waiting = new Map<number, PendingDecision>();
  #next = 1;

  constructor(post: (message: FromWorker) => void) {
    this.#post = post;
  }

  readonly decide: PolicyFunction = (request: ConnectionRequest) => {
    const id = this.#next;
    this.#next += 1;
    const { url, protocols, hasUrlCredentials, signal } = request;
    this.#post({ type: "decide", request: id, url: url.href, protocols, hasUrlCredentials });
    signal.addEventListener("abort", () => {
      if (this.#waiting.delete(id)) this.#post({ type: "undecide", request: id });
    });
    return new Promise<Verdict>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
  };

  decided(id: number, verdict: Verdict): void {
    this.#take(id)?.resolve(verdict);
  }

  failed(id: number, message: string): void {
    this.#take(id)?.reject(new Error(message));
  }

  #take(id: number): PendingDecision | undefined {
    const pending = this.#waiting.get(id);
    this.#waiting.delete(id);
    return pending;
  }
}

interface PendingDecision {
  resolve(verdict: Verdict): void;
  reject(error: Error): void;
}
