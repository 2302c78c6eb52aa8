import type { AddressRules, ConnectOptions } from "../policy/policy.ts";

/** Whether two grants lead to the same handshake, however they are written. */
export function isSameConnect(one: ConnectOptions, other: ConnectOptions): boolean {
  return textOfConnect(one) === textOfConnect(other);
}

/** Whether two sets of rules allow the same addresses, as far as they say the same in another order. */
export function isSameAddresses(one: AddressRules, other: AddressRules): boolean {
  return textOfAddresses(one) === textOfAddresses(other);
}

function textOfConnect({
  headers = {},
  origin,
  credentials,
  tls = {},
  perMessageDeflate = false,
}: ConnectOptions): string {
  const { ca, cert, key, passphrase, servername } = tls;
  return JSON.stringify([
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value])
      .toSorted(([one = ""], [other = ""]) => compare(one, other)),
    [origin],
    [credentials?.username, credentials?.password],
    [typeof ca === "string" ? [ca] : ca, cert, key, passphrase, servername],
    perMessageDeflate,
  ]);
}

function textOfAddresses({
  privateNetworks = false,
  loopback = false,
  allow = [],
  deny = [],
}: AddressRules): string {
  return JSON.stringify([privateNetworks, loopback, allow.toSorted(), deny.toSorted()]);
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
