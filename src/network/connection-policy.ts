import type { Clock } from "../clock.ts";
import { findAddressRefusal } from "../policy/address-rules.ts";
import type { NetworkPolicy } from "../policy/policy.ts";
import type { WebSocketUrl } from "../websocket/url.ts";
import { askPolicy, type Permission } from "./ask-policy.ts";

/** What a {@link ConnectionPolicy} asks with. */
export interface ConnectionPolicyOptions {
  /** The policy as it is now. */
  policy(): NetworkPolicy;
  readonly target: WebSocketUrl;
  readonly protocols: readonly string[];
  /** Aborted when the connection is over. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Milliseconds that a review may take. */
  readonly timeout: number;
}

/** What the policy says of one connection, at first and after it has changed. */
export class ConnectionPolicy {
  readonly #options: ConnectionPolicyOptions;
  /** Counts the questions: only the answer to the last one counts. */
  #question = 0;
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
    const { target, protocols, signal, policy } = this.#options;
    const { url, username, password } = target;
    this.#question += 1;
    const question = this.#question;
    askPolicy(policy(), {
      url,
      protocols,
      credentials: username === "" && password === "" ? undefined : { username, password },
      signal,
      answer: (permission) => {
        if (question !== this.#question || signal.aborted) return;
        if (permission.allow) this.#granted = permission;
        answer(permission);
      },
    });
  }

  /**
   * Asks again about a connection that was allowed. `revoked` is told why it is not any more as it is; `address` is its peer's, where that is
   * known. Settles when the connection is known to be allowed, or is over.
   */
  async review(address: string | undefined, revoked: (reason: string) => void): Promise<void> {
    const { clock, signal, timeout } = this.#options;
    const before = this.#granted;
    if (before === undefined || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const deadline = clock.schedule(
        () => revoked(`the policy gave no answer within ${timeout} ms`),
        timeout,
      );
      signal.addEventListener("abort", settle, { once: true });
      function settle(): void {
        deadline[Symbol.dispose]();
        resolve();
      }
      this.ask((permission) => {
        const reason = findDifference(before, permission, address);
        if (reason !== undefined) revoked(reason);
        settle();
      });
    });
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
  if (!isSame(now.connect, before.connect)) return "it grants the host with other connect options";
  if (address !== undefined) return findAddressRefusal(address, now.addresses);
  return isSame(now.addresses, before.addresses)
    ? undefined
    : "it grants the host with other address rules";
}

/** Whether two values are the same plain data. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
