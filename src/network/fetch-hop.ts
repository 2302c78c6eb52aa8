import { describeError } from "../errors.ts";
import type { ConnectionFailure, FailureCode, FailureStage } from "../events.ts";
import { effectivePort } from "../policy/origin-pattern.ts";
import type { HttpExchange, HttpHead } from "../transport/transport.ts";
import type { Permission } from "./ask-policy.ts";
import type { ConnectTicket } from "./connect-queue.ts";
import { ConnectionPolicy } from "./connection-policy.ts";
import { type ConnectionDependencies, failureTime } from "./connection.ts";
import type { FetchRequest } from "./fetch-rules.ts";

/** What is told of a {@link FetchHop}: `head` once, `data` any number of times, then `end`; or `failed`, last. */
export interface HopListener {
  head(head: HttpHead): void;
  data(bytes: Uint8Array): void;
  end(): void;
  failed(failure: ConnectionFailure): void;
}

/**
 * One request of a fetch, which may lead to another: waits for its turn, asks the policy, and keeps the time. Of an end that it tells
 * itself, it is the caller who disposes of it.
 */
export class FetchHop {
  readonly #request: FetchRequest;
  readonly #dependencies: ConnectionDependencies;
  readonly #listener: HopListener;
  readonly #policy: ConnectionPolicy;
  #ticket: ConnectTicket | undefined;
  #hasBegun = false;
  #exchange: HttpExchange | undefined;
  /** How far the request has got. */
  #reached: FailureStage = "policy";
  /** Whether the transport has told how far. */
  #isTold = false;
  #address: string | undefined;
  #deadline: Disposable | undefined;
  /** When the peer was last heard of, or was asked for more. */
  #heardAt = 0;
  #isPaused = false;
  #isOver = false;
  /** Runs until the guest may be told that the request failed. */
  #floor: Disposable | undefined;
  #tell: (() => void) | undefined;

  constructor(request: FetchRequest, dependencies: ConnectionDependencies, listener: HopListener) {
    const { clock, limits } = dependencies;
    this.#request = request;
    this.#dependencies = dependencies;
    this.#listener = listener;
    this.#policy = new ConnectionPolicy({
      policy: () => dependencies.policy(),
      target: request.target,
      protocols: [],
      clock,
      timeout: limits.handshakeTimeout,
    });
  }

  /** Waits for its turn. `refuse` ends a request that only exists to fail: it takes its turn, too. */
  start(refuse: (() => void) | undefined): void {
    this.#ticket = this.#dependencies.queue.enter((ticket) => {
      this.#ticket = ticket;
      this.#begin(refuse);
    });
  }

  /** Asks the policy again, because it has changed. Settles when the request is known to be allowed, or is over. */
  async reconsider(): Promise<void> {
    if (this.#isOver || !this.#hasBegun) return;
    if (this.#policy.isGranted) {
      await this.#policy.review(
        () => this.#address,
        (reason) => this.#fail("ERR_POLICY_REVOKED", `the policy was changed: ${reason}`),
      );
    } else this.#policy.ask((permission) => this.#onPermission(permission));
  }

  /** Stops or goes on reading the body; while it is stopped, the peer may be silent. */
  setPaused(paused: boolean): void {
    if (paused === this.#isPaused || this.#isOver) return;
    this.#isPaused = paused;
    if (this.#reached !== "open") return;
    if (paused) {
      this.#deadline?.[Symbol.dispose]();
      this.#exchange?.pause();
    } else {
      this.#awaitPeer();
      this.#exchange?.resume();
    }
  }

  /** Ends it now; nothing more is told. */
  release(): void {
    this.#isOver = true;
    this.#deadline?.[Symbol.dispose]();
    this.#policy.stop();
    this.#exchange?.abort();
    this.#exchange = undefined;
  }

  /** Gives its place in the queue back: nobody wants it any more. */
  leave(): void {
    this.#endFloor();
    this.#tell = undefined;
    this.#ticket?.done("abandoned");
  }

  /** Calls back when the guest may be told of the failure, and the next one may begin: never at once. */
  whenTellable(tell: () => void): void {
    this.#tell = () => {
      this.#tell = undefined;
      this.#ticket?.done("failed");
      tell();
    };
    if (this.#floor === undefined) queueMicrotask(() => this.#tell?.());
  }

  /** Explains a failure at the present stage. */
  explain(
    code: FailureCode,
    message: string,
    stage: FailureStage = this.#reached,
  ): ConnectionFailure {
    const { url } = this.#request.target;
    return { stage, code, message, host: `${url.hostname}:${effectivePort(url)}` };
  }

  #begin(refuse: (() => void) | undefined): void {
    const { clock, limits } = this.#dependencies;
    // For every request, so that the time of a failure does not depend on what failed.
    this.#floor = clock.schedule(() => {
      this.#floor = undefined;
      this.#tell?.();
    }, failureTime);
    if (refuse !== undefined) {
      refuse();
      return;
    }
    this.#hasBegun = true;
    this.#deadline = clock.schedule(() => {
      const message = `the request was not sent after ${limits.handshakeTimeout} ms`;
      this.#fail("ERR_HANDSHAKE_TIMEOUT", message);
    }, limits.handshakeTimeout);
    this.#policy.ask((permission) => this.#onPermission(permission));
  }

  #onPermission(permission: Permission): void {
    if (!permission.allow) {
      const { code, message, address } = permission;
      const failure = this.explain(code, message, "policy");
      this.#failWith(address === undefined ? failure : { ...failure, address });
      return;
    }
    const { transport } = this.#dependencies;
    const { target, method, headers, body } = this.#request;
    const { addresses, connect } = permission;
    const request = { url: target.url.href, method, headers, body, addresses, connect };
    this.#reached = "connect";
    if (transport.request === undefined) {
      this.#fail("ERR_CONNECT", "the transport has no request(): it cannot fetch");
      return;
    }
    try {
      const exchange = transport.request(request, {
        reached: (stage) => this.#onReached(stage),
        head: (head) => this.#onHead(head),
        data: (bytes) => this.#onData(bytes),
        end: () => this.#onEnd(),
        failed: (failure) => this.#failWith(failure),
      });
      // A transport of the embedder's may have ended the sandbox meanwhile.
      if (this.#isOver) exchange.abort();
      else this.#exchange = exchange;
    } catch (error) {
      this.#fail("ERR_CONNECT", `the transport threw: ${describeError(error)}`);
      return;
    }
    // One that cannot tell is taken to have sent the request.
    if (!this.#isTold) this.#onReached("handshake");
  }

  #onReached(stage: FailureStage): void {
    this.#isTold = true;
    if (this.#isOver || this.#reached === "open") return;
    if (stage === "handshake" && this.#reached !== "handshake") this.#awaitPeer();
    this.#reached = stage;
  }

  #onHead(head: HttpHead): void {
    if (this.#isOver || this.#reached === "open") return;
    this.#reached = "open";
    this.#address = head.address;
    this.#endFloor();
    this.#ticket?.done("opened");
    this.#deadline?.[Symbol.dispose]();
    if (this.#isPaused) this.#exchange?.pause();
    else this.#awaitPeer();
    this.#listener.head(head);
  }

  #onData(bytes: Uint8Array): void {
    if (this.#isOver || this.#reached !== "open") return;
    this.#heardAt = this.#dependencies.clock.now();
    this.#listener.data(bytes);
  }

  #onEnd(): void {
    if (this.#isOver) return;
    if (this.#reached !== "open") {
      this.#fail("ERR_RESPONSE_INVALID", "the answer ended before it began");
      return;
    }
    this.#exchange = undefined;
    this.release();
    this.#listener.end();
  }

  /** Bounds the silence of the peer from now on. */
  #awaitPeer(): void {
    const { clock, limits } = this.#dependencies;
    this.#heardAt = clock.now();
    this.#watch(limits.responseTimeout);
  }

  /** Looks at the silence after `delay`: a timer for each chunk would cost more than the chunk. */
  #watch(delay: number): void {
    const { clock, limits } = this.#dependencies;
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = clock.schedule(() => {
      const left = this.#heardAt + limits.responseTimeout - clock.now();
      if (left > 0) {
        this.#watch(left);
        return;
      }
      const message = `the server sent nothing for ${limits.responseTimeout} ms`;
      this.#fail("ERR_RESPONSE_TIMEOUT", message);
    }, delay);
  }

  #fail(code: FailureCode, message: string): void {
    this.#failWith(this.explain(code, message));
  }

  #failWith(failure: ConnectionFailure): void {
    if (this.#isOver) return;
    this.release();
    this.#listener.failed(failure);
  }

  #endFloor(): void {
    this.#floor?.[Symbol.dispose]();
    this.#floor = undefined;
  }
}
