import { describeError } from "../errors.ts";
import type { ConnectionFailure, FailureStage } from "../events.ts";
import { effectivePort } from "../policy/origin-pattern.ts";
import { isPromise, settlePromise } from "./settle-promise.ts";

/**
 * Holds one connection or request of a transport of the embedder's to its contract: one that throws or rejects, tells what is no value,
 * or tells it too early, is dropped and fails, once.
 */
export class Containment<Inner extends { abort(): void }> {
  inner: Inner | undefined;
  stage: FailureStage = "connect";
  isOver = false;
  readonly #url: string;
  readonly #method: "connect" | "request";
  readonly #failed: (failure: ConnectionFailure) => void;

  /** @param failed is told what broke; never from inside a call of the transport */
  constructor(
    url: string,
    method: "connect" | "request",
    failed: (failure: ConnectionFailure) => void,
  ) {
    this.#url = url;
    this.#method = method;
    this.#failed = failed;
  }

  /** Has the transport make what is contained. */
  begin(start: () => Inner): void {
    this.attempt(() => {
      this.inner = start();
    });
    // It may have broken its contract before it was there to be dropped.
    if (this.isOver) this.drop();
  }

  /** Calls the transport, whose methods may also be `async`. */
  attempt(work: () => unknown): void {
    if (this.isOver) return;
    try {
      const result = work();
      if (isPromise(result)) void settlePromise(result, (error) => this.#failThrown(error));
    } catch (error) {
      this.#failThrown(error);
    }
  }

  /** Passes on what the transport told, if it is what it should be. */
  receive<Value>(check: () => Value, pass: (value: Value) => void, isEarlyAllowed = false): void {
    if (this.isOver) return;
    let value: Value;
    try {
      if (this.inner === undefined && !isEarlyAllowed) {
        throw new TypeError(`it reported before ${this.#method}() had returned`);
      }
      value = check();
    } catch (error) {
      this.#fail(`the transport broke its contract: ${describeError(error)}`);
      return;
    }
    pass(value);
  }

  drop(): void {
    const ignore = (): void => {
      // What cannot be dropped either is left to the embedder.
    };
    try {
      void settlePromise(this.inner?.abort(), ignore);
    } catch {
      ignore();
    }
  }

  #failThrown(error: unknown): void {
    this.#fail(`the transport threw: ${describeError(error)}`);
  }

  #fail(message: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.drop();
    const { stage } = this;
    const url = new URL(this.#url);
    const host = `${url.hostname}:${effectivePort(url)}`;
    const code = stage === "connect" ? "ERR_CONNECT" : "ERR_CONNECTION_LOST";
    // As the contract says: never from inside a call.
    queueMicrotask(() => this.#failed({ stage, code, message, host }));
  }
}
