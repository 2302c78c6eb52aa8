import { findAddressRefusal } from "./address-rules.ts";
import { formatAddress } from "./address.ts";
import { isBadPort } from "./bad-ports.ts";
import {
  canonicalHost,
  effectivePort,
  isScheme,
  matchesOrigin,
  parseOriginPattern,
  specificity,
} from "./origin-pattern.ts";
import type { OriginPattern, RequestHost } from "./origin-pattern.ts";
import type { Decision } from "./policy-check.ts";
import type { AddressRules, ConnectionRequest, Grant, PolicyRules } from "./policy.ts";

/** What {@link decide} looks at. */
export type DecisionRequest = Pick<ConnectionRequest, "url" | "hasUrlCredentials">;

/**
 * Decides by rules on one connection, from the outside in: scheme, credentials, port, host, address. Deny beats allow; of several
 * grants the one that says most about host and port decides.
 */
export function decide(rules: PolicyRules, request: DecisionRequest): Decision {
  const { url, hasUrlCredentials } = request;
  const scheme = url.protocol.slice(0, -1);
  const origin = `${scheme}://${url.host}`;
  if (!isScheme(scheme)) return refuse(`the scheme ${scheme} is not reachable`);
  const compiled = compile(rules);
  if (compiled === undefined) return refuse("the rules hold a pattern that cannot be read");
  const host = canonicalHost(url);
  const port = effectivePort(url);
  // Some resolvers pass over an empty label, and so would reach what a deny pattern names.
  if (host.kind === "name" && host.name.split(".").includes("")) {
    return refuse(`${origin} has an empty label, which no name can have`);
  }

  const granted = compiled.allow
    .filter(({ pattern }) => matchesOrigin(pattern, scheme, host, port))
    .toSorted((a, b) => specificity(b.pattern) - specificity(a.pattern));
  const withCredentials = granted.filter(
    ({ pattern }) => pattern.urlCredentials || !hasUrlCredentials,
  );
  if (granted.length > 0 && withCredentials.length === 0) {
    return refuse(`no grant lets a URL for ${origin} carry credentials`);
  }
  const usable = withCredentials.filter(({ pattern }) => pattern.namesPort || !isBadPort(port));
  if (port === 0 || (withCredentials.length > 0 && usable.length === 0)) {
    return refuse(`port ${port} is one of the fetch standard's bad ports and no grant names it`);
  }
  const denied = compiled.deny.find(({ pattern }) => matchesOrigin(pattern, scheme, host, port));
  if (denied !== undefined) return refuse(`${origin} is denied by ${denied.text}`);
  const [best] = usable;
  if (best === undefined) return refuse(`no grant covers ${origin}`);

  const addresses = addressRules(best, host, deniedBlocks(compiled.deny, scheme, port));
  if (host.kind === "address") {
    const address = formatAddress(host.address);
    const reason = findAddressRefusal(address, addresses);
    if (reason !== undefined) return { allow: false, reason, address };
  }
  const { connect } = best.grant;
  return {
    allow: true,
    addresses,
    urlCredentials: best.pattern.urlCredentials,
    ...(connect === undefined ? {} : { connect }),
  };
}

interface CompiledGrant {
  readonly grant: Grant;
  readonly pattern: OriginPattern;
}

interface CompiledRules {
  readonly allow: readonly CompiledGrant[];
  readonly deny: readonly { readonly text: string; readonly pattern: OriginPattern }[];
}

/** Rules are plain data that stay what they are, so that each is parsed once. */
const compiledRules = new WeakMap<PolicyRules, CompiledRules>();

/** Parses all patterns, or answers `undefined` when one is wrong: rules of unknown origin then allow nothing. */
function compile(rules: PolicyRules): CompiledRules | undefined {
  const known = compiledRules.get(rules);
  if (known !== undefined) return known;
  const allow: CompiledGrant[] = [];
  for (const grant of rules.allow) {
    const pattern = parseOriginPattern(grant.origin);
    if ("problem" in pattern) return undefined;
    allow.push({ grant, pattern });
  }
  const deny: CompiledRules["deny"][number][] = [];
  for (const text of rules.deny ?? []) {
    const pattern = parseOriginPattern(text);
    if ("problem" in pattern) return undefined;
    deny.push({ text, pattern });
  }
  const compiled = { allow, deny };
  compiledRules.set(rules, compiled);
  return compiled;
}

/** The addresses that a grant means for a host, without those that a deny pattern names. */
function addressRules(
  { grant, pattern }: CompiledGrant,
  host: RequestHost,
  denied: readonly string[],
): AddressRules {
  const given = grant.addresses ?? {};
  const allow = [...(given.allow ?? [])];
  // Who grants an address means this address, whatever its class.
  if (pattern.host.kind === "block") allow.push(pattern.host.text);
  const isExactName = pattern.host.kind === "name" && pattern.host.exact && host.kind === "name";
  const name = isExactName ? host.name : "";
  return {
    privateNetworks: given.privateNetworks ?? isLocalNetworkName(name),
    loopback: given.loopback ?? isLoopbackName(name),
    allow,
    deny: [...(given.deny ?? []), ...denied],
  };
}

/** Addresses that no name may lead to either, because a deny pattern for this scheme and port names them. */
function deniedBlocks(
  deny: CompiledRules["deny"],
  scheme: string,
  port: number,
): readonly string[] {
  return deny.flatMap(({ pattern }) =>
    pattern.host.kind === "block" &&
    pattern.scheme === scheme &&
    (pattern.port === "any" || pattern.port === port)
      ? [pattern.host.text]
      : [],
  );
}

/** `localhost` and names below it: always this machine (RFC 6761). */
function isLoopbackName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

/** Names that only exist in local networks: single labels, multicast DNS, home and company networks. */
function isLocalNetworkName(name: string): boolean {
  if (name === "" || isLoopbackName(name)) return false;
  return !name.includes(".") || /\.(?:local|home\.arpa|internal|lan)$/.test(name);
}

function refuse(reason: string): Decision {
  return { allow: false, reason };
}
