import { formatAddress, isInBlock, parseAddress, parseBlock } from "./address.ts";
import type { Address, AddressBlock } from "./address.ts";

/** Schemes of what a script can reach: `ws` and `wss` by `WebSocket`, `http` and `https` by `fetch`. */
export type Scheme = (typeof schemes)[number];

const schemes = ["ws", "wss", "http", "https"] as const;

/** Whether a text is a {@link Scheme}. */
export function isScheme(text: string): text is Scheme {
  return schemes.some((scheme) => scheme === text);
}

/** A parsed pattern of origins, in canonical form: see the grammar at `Grant.origin`. */
export interface OriginPattern {
  readonly scheme: Scheme;
  /** Whether the pattern lets a script put credentials into the URL. */
  readonly urlCredentials: boolean;
  readonly host: HostPattern;
  /** `"any"`, or the one port; `namesPort` tells whether the pattern spells it. */
  readonly port: number | "any";
  readonly namesPort: boolean;
}

/**
 * Hosts that a pattern stands for. In `labels`, `*` as the first label stands for one or more labels and anywhere else for
 * exactly one; `*` alone stands for every host, addresses too.
 */
export type HostPattern =
  | { readonly kind: "any" }
  | { readonly kind: "name"; readonly labels: readonly string[]; readonly exact: boolean }
  | { readonly kind: "block"; readonly block: AddressBlock; readonly text: string };

/** A host of a URL in canonical form. */
export type RequestHost =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "address"; readonly address: Address };

/** What is wrong with a pattern, and what to write in its place. */
export interface PatternProblem {
  readonly problem: string;
}

/** Parses a pattern. */
export function parseOriginPattern(text: string): OriginPattern | PatternProblem {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text);
  const scheme = parts?.[1]?.toLowerCase();
  let rest = parts?.[2] ?? "";
  if (scheme === undefined)
    return problem(
      `has no scheme; write "wss://${text}" or "ws://${text}", or for fetch "https://${text}" or "http://${text}"`,
    );
  if (!isScheme(scheme)) {
    return problem(
      `has the scheme "${scheme}"; write "wss://${rest}", or for fetch "https://${rest}"`,
    );
  }
  const urlCredentials = rest.startsWith("*@");
  if (urlCredentials) rest = rest.slice(2);
  if (rest.includes("@")) {
    return problem(
      `contains credentials; write "${scheme}://*@host" to allow them in URLs, or give them as connect.credentials`,
    );
  }
  const [hostText, portText] = splitPort(rest);
  const port = parsePort(portText, scheme);
  if (typeof port === "object") return port;
  const host = parseHost(hostText, scheme);
  if ("problem" in host) return host;
  return {
    scheme,
    urlCredentials,
    host,
    port,
    namesPort: portText !== undefined && port !== "any",
  };
}

/** Whether a pattern covers an origin. `port` is the effective one. */
export function matchesOrigin(
  pattern: OriginPattern,
  scheme: string,
  host: RequestHost,
  port: number,
): boolean {
  return (
    pattern.scheme === scheme &&
    (pattern.port === "any" || pattern.port === port) &&
    matchesHost(pattern.host, host)
  );
}

/** Brings the host of a URL into canonical form: one trailing dot goes, mapped addresses are IPv4. */
export function canonicalHost(url: URL): RequestHost {
  const address = parseAddress(url.hostname);
  if (address !== undefined) return { kind: "address", address };
  return { kind: "name", name: url.hostname.replace(/\.$/, "") };
}

/** The port that a URL leads to. */
export function effectivePort(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return defaultPort(url.protocol.slice(0, -1));
}

/** Orders patterns: the larger, the more a pattern says about host and port. */
export function specificity(pattern: OriginPattern): number {
  const port = pattern.namesPort ? 2 : pattern.port === "any" ? 0 : 1;
  return hostSpecificity(pattern.host) * 4 + port;
}

function hostSpecificity(host: HostPattern): number {
  switch (host.kind) {
    case "any":
      return 0;
    case "name":
      // An exact name is more than any number of labels with a wildcard: a name has at most 127.
      return host.exact ? 1_000 : 1 + host.labels.length;
    case "block":
      return 1 + host.block.bits;
  }
}

function matchesHost(pattern: HostPattern, host: RequestHost): boolean {
  switch (pattern.kind) {
    case "any":
      return true;
    case "block":
      return host.kind === "address" && isInBlock(host.address, pattern.block);
    case "name":
      return host.kind === "name" && matchesLabels(pattern, host.name.split("."));
  }
}

function matchesLabels(
  pattern: { readonly labels: readonly string[]; readonly exact: boolean },
  labels: readonly string[],
): boolean {
  const surplus = labels.length - pattern.labels.length;
  const leading = pattern.labels[0] === "*";
  if (leading ? surplus < 0 : surplus !== 0) return false;
  // Compare from the end, so that a leading wildcard takes whatever is left over.
  return pattern.labels.every(
    (label, index) =>
      (leading && index === 0) || label === "*" || label === labels[index + surplus],
  );
}

function splitPort(text: string): readonly [host: string, port: string | undefined] {
  // In brackets colons belong to the address; outside, the last colon starts the port.
  const parts = /^(\[[^\]]*\][^:]*|[^:]*)(?::(.*))?$/s.exec(text);
  return [parts?.[1] ?? text, parts?.[2]];
}

function defaultPort(scheme: string): number {
  return scheme === "wss" || scheme === "https" ? 443 : 80;
}

function parsePort(text: string | undefined, scheme: Scheme): number | "any" | PatternProblem {
  if (text === undefined) return defaultPort(scheme);
  if (text === "*") return "any";
  const slash = text.search(/[/?#]/);
  if (slash > 0)
    return problem(`has a path; write the origin only, with the port "${text.slice(0, slash)}"`);
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) {
    return problem(
      text.includes(":")
        ? "has an IPv6 address without brackets; write it as in [::1]"
        : `has the port "${text}"; write a number from 1 to 65535, or "*" for any`,
    );
  }
  return port;
}

function parseHost(text: string, scheme: string): HostPattern | PatternProblem {
  if (text === "") return problem(`has no host; write "${scheme}://host"`);
  if (text === "*") return { kind: "any" };
  const [base, prefix] = splitBlock(text);
  if (/[?#\\]|\/.*\//.test(text)) {
    return problem(`has a path; write the origin only, as in "${scheme}://api.example.com"`);
  }
  if (/[^.]\*|\*[^.]/.test(text)) {
    return problem(
      `uses "*" for a part of a label; "*" stands for whole labels, as in "${scheme}://*.example.com"`,
    );
  }
  const hostname = canonicalName(base);
  if (hostname === undefined) {
    return problem(
      `has the host "${text}", which no URL can have; write a name such as device.local, or an address`,
    );
  }
  return isAddress(hostname)
    ? parseAddressHost(hostname, prefix)
    : parseName(hostname, prefix, scheme);
}

function parseAddressHost(
  hostname: string,
  prefix: string | undefined,
): HostPattern | PatternProblem {
  const bare = hostname.replace(/^\[|\]$/g, "");
  const block = parseBlock(prefix === undefined ? bare : `${bare}/${prefix}`);
  if (typeof block === "string") return problem(block);
  const text = formatAddress(block.address);
  return { kind: "block", block, text: block.single ? text : `${text}/${block.bits}` };
}

function parseName(
  hostname: string,
  prefix: string | undefined,
  scheme: string,
): HostPattern | PatternProblem {
  if (prefix !== undefined) return problem(`has a path; write "${scheme}://${hostname}"`);
  const labels = hostname.replace(/\.$/, "").split(".");
  if (labels.includes("")) return problem("has an empty label; write a name such as device.local");
  if (labels.some(isNumber) && labels.every((label) => label === "*" || isNumber(label))) {
    return problem('has a wildcard in an address; write a block such as "192.168.0.0/16"');
  }
  return { kind: "name", labels, exact: !labels.includes("*") };
}

function isNumber(label: string): boolean {
  return /^\d+$/.test(label);
}

function canonicalName(host: string): string | undefined {
  // Whatever else could steer the parser was refused above, except white space, which it would drop.
  if (/[\s@]/.test(host)) return undefined;
  try {
    return new URL(`ws://${host}`).hostname;
  } catch {
    // No URL can have this host: the caller says so.
    return undefined;
  }
}

function isAddress(hostname: string): boolean {
  return parseAddress(hostname) !== undefined;
}

/** Splits the prefix length off: within the brackets of IPv6, or behind the address. */
function splitBlock(text: string): readonly [base: string, prefix: string | undefined] {
  const bracketed = /^\[([^/\]]*)\/([^\]]*)\]$/.exec(text);
  if (bracketed !== null) return [`[${bracketed[1]}]`, bracketed[2]];
  const slash = text.indexOf("/");
  return slash < 0 ? [text, undefined] : [text.slice(0, slash), text.slice(slash + 1)];
}

function problem(text: string): PatternProblem {
  return { problem: text };
}
