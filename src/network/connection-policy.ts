import type { Clock } from "../clock.ts";
import { findAddressRefusal } from "../policy/address-rules.ts";
import type { NetworkPolicy } from "../policy/policy.ts";
import type { WebSocketUrl } from "../websocket/url.ts";
import { askPolicy, type Permission } from "./ask-policy.ts";
import { isSameAddresses, isSameConnect } from "./same-permission.ts";

/** What a {@link ConnectionPolicy} asks with. */
export interface ConnectionPolicyOptions {
  /** The policy as it is now. */
  policy(): NetworkPolicy;
  readonly target: Omit<WebSocketUrl, "origin">;
  readonly protocols: readonly string[];
  readonly clock: Clock;
  /** Milliseconds that a review may take. */
  readonly timeout: number;
}

/** What the policy says of one connection, at first and after it has changed. */
export class ConnectionPolicy {
  readonly #options: ConnectionPolicyOptions;
  /** Aborted when nobody waits for the answer to the last question any more: only that one counts. */
  #question: AbortController | undefined;
  /** Ends the review under way: another question has taken its place, or there is nothing left to review. */
  #endReview: () => void = () => {};
  #granted: Granted | undefined;

  constructor(options: ConnectionPolicyOptions) {
    this.#options = options;
  }

  /** Whether the policy has allowed the connection. */
  get isGranted(): boolean {
    return this.#granted !== undefined;
  }

  /** Asks. The answer comes at most once: not when the question is asked again meanwhile, nor when the connection is over. */
  ask(answer: (permission: Permission) => void): void {
    const { target, protocols, policy } = this.#options;
    const { url, username, password } = target;
    this.stop();
    const question = new AbortController();
    this.#question = question;
    askPolicy(policy(), {
      url,
      protocols,
      credentials: username === "" && password === "" ? undefined : { username, password },
      signal: question.signal,
      answer: (permission) => {
        if (question.signal.aborted) return;
        this.#question = undefined;
        if (permission.allow) this.#granted = permission;
        answer(permission);
      },
    });
  }

  /**
   * Asks again about a connection that was allowed. `revoked` is told why it is not any more as it is; `address` answers its peer's, where that
   * is known. Settles when the connection is known to be allowed, is over, or is asked about anew.
   */
  async review(
    address: () => string | undefined,
    revoked: (reason: string) => void,
  ): Promise<void> {
    const { clock, timeout } = this.#options;
    const before = this.#granted;
    if (before === undefined) return;
    await new Promise<void>((resolve) => {
      this.stop();
      const deadline = clock.schedule(
        () => revoked(`the policy gave no answer within ${timeout} ms`),
        timeout,
      );
      const end = (): void => {
        deadline[Symbol.dispose]();
        resolve();
      };
      this.ask((permission) => {
        this.#endReview = () => {};
        const reason = findDifference(before, permission, address());
        if (reason !== undefined) revoked(reason);
        end();
      });
      // The answer of rules is there already.
      if (this.#question !== undefined) this.#endReview = end;
    });
  }

  /** Waits for no answer any more. */
  stop(): void {
    const endReview = this.#endReview;
    this.#endReview = () => {};
    this.#question?.abort();
    this.#question = undefined;
    endReview();
  }
}

/** A permission that is one. */
type Granted = Permission & { readonly allow: true };

/** Why a connection that was made by one permission is not allowed by another. */
function findDifference(
  before: Granted,
  now: Permission,
  address: string | undefined,
): string | undefined {
  if (!now.allow) return now.message;
  if (!isSameConnect(now.connect, before.connect)) {
    return "it grants the host with other connect options";
  }
  if (address !== undefined) return findAddressRefusal(address, now.addresses);
  return isSameAddresses(now.addresses, before.addresses)
    ? undefined
    : "it grants the host with other address rules";
}
