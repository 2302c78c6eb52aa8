import { describeError } from "../errors.ts";
import { findAddressRefusal } from "../policy/address-rules.ts";
import { formatAddress } from "../policy/address.ts";
import { decide } from "../policy/decide.ts";
import { canonicalHost, effectivePort } from "../policy/origin-pattern.ts";
import { checkVerdict, formatPath, PolicyError } from "../policy/policy-check.ts";
import type { Decision } from "../policy/policy-check.ts";
import type { AddressRules, ConnectOptions, NetworkPolicy } from "../policy/policy.ts";

/** A question to a policy. */
export interface PolicyQuestion {
  readonly url: URL;
  readonly protocols: readonly string[];
  /** User name and password of the URL, which the policy is not told. */
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Is called at most once: at once for rules, later for functions. */
  answer(permission: Permission): void;
}

/** What a transport may do, or why it may not. */
export type Permission =
  | {
      readonly allow: true;
      readonly addresses: AddressRules;
      readonly connect: ConnectOptions;
    }
  | {
      readonly allow: false;
      readonly code: "ERR_POLICY_REFUSED" | "ERR_ADDRESS_REFUSED" | "ERR_POLICY_FAILED";
      readonly message: string;
      readonly address: string | undefined;
    };

/** Asks a policy of either kind. A function that throws, rejects or answers something else refuses. */
export function askPolicy(policy: NetworkPolicy, question: PolicyQuestion): void {
  const { url, protocols, credentials, signal, answer } = question;
  const hasUrlCredentials = credentials !== undefined;
  if (typeof policy !== "function") {
    answer(permit(decide(policy, { url, hasUrlCredentials }), question));
    return;
  }
  // The function gets a URL of its own: it might change it.
  const request = { url: new URL(url), protocols: [...protocols], hasUrlCredentials, signal };
  // Started in the turn of the call, so that the answer of a function that need not wait is not late.
  const verdict = (async () => policy(request))();
  void verdict.then(
    (value) => answer(readVerdict(value, question)),
    (error: unknown) => answer(policyFailed(`the policy threw: ${describeError(error)}`)),
  );
}

function readVerdict(value: unknown, question: PolicyQuestion): Permission {
  try {
    return permit(checkVerdict(value), question);
  } catch (error) {
    const where = error instanceof PolicyError ? formatPath(error.path) : "";
    const message = `${where === "" ? "" : `${where}: `}${describeError(error)}`;
    return policyFailed(`the policy's answer is not a verdict: ${message}`);
  }
}

function permit(verdict: Decision, { url, credentials }: PolicyQuestion): Permission {
  if (!verdict.allow) {
    const { reason: message, address } = verdict;
    const code = address === undefined ? "ERR_POLICY_REFUSED" : "ERR_ADDRESS_REFUSED";
    return { allow: false, code, message, address };
  }
  const { addresses = {}, connect = {}, urlCredentials = false } = verdict;
  if (credentials !== undefined && !urlCredentials)
    return refused("the URL may not carry credentials");
  if (effectivePort(url) === 0) return refused("port 0 cannot be connected to");
  const host = canonicalHost(url);
  if (host.kind === "address") {
    const address = formatAddress(host.address);
    const message = findAddressRefusal(address, addresses);
    if (message !== undefined)
      return { allow: false, code: "ERR_ADDRESS_REFUSED", message, address };
  }
  // The embedder's credentials come before those that a script knows.
  const complete =
    credentials === undefined || hasCredentials(connect) ? connect : { ...connect, credentials };
  return { allow: true, addresses: { ...nothingMore, ...addresses }, connect: complete };
}

/** Whether the embedder says already what the `Authorization` header is. */
function hasCredentials({ credentials, headers = {} }: ConnectOptions): boolean {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  return credentials !== undefined || names.includes("authorization");
}

/** Address rules in full, so that two that say the same are the same. */
const nothingMore = { privateNetworks: false, loopback: false, allow: [], deny: [] };

function refused(message: string): Permission {
  return { allow: false, code: "ERR_POLICY_REFUSED", message, address: undefined };
}

function policyFailed(message: string): Permission {
  return { allow: false, code: "ERR_POLICY_FAILED", message, address: undefined };
}
