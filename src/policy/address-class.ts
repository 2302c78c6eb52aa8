import ipaddr from "ipaddr.js";
import { isInBlock, parseBlock } from "./address.ts";
import type { Address, AddressBlock } from "./address.ts";

/**
 * What kind of place an address is. `"metadata"` are the addresses where clouds hand out a machine's secrets; `"reserved"`
 * is everything that is neither public unicast nor one of the others, also the forms that wrap an IPv4 address.
 */
export type AddressClass =
  | "public"
  | "private"
  | "loopback"
  | "metadata"
  | "unspecified"
  | "multicast"
  | "broadcast"
  | "reserved";

/** Classifies an address. */
export function classifyAddress(address: Address): AddressClass {
  const wrapped = wrappedAddresses(address);
  if ([address, ...wrapped].some(isMetadata)) return "metadata";
  if (address.kind() === "ipv4") return classOfRange(address.range());
  // A DNS64 resolver answers with the well-known NAT64 prefix: as good as the public IPv4 address in it, and not to be used
  // for any other (RFC 6052, section 3.1). All further wrappings are of the past and refused.
  if (isInAny(address, nat64)) {
    return wrapped.every((inner) => classifyAddress(inner) === "public") ? "public" : "reserved";
  }
  const found = classOfRange(address.range());
  return found === "public" && !isInAny(address, globalUnicast) ? "reserved" : found;
}

/** The IPv4 addresses that an IPv6 address stands for in one of the transition mechanisms. */
export function wrappedAddresses(address: Address): readonly Address[] {
  if (address.kind() === "ipv4") return [];
  const bytes = address.toByteArray();
  const at = (...indices: readonly number[]): Address =>
    ipaddr.fromByteArray(indices.map((index) => bytes[index] ?? 0));
  const last = at(12, 13, 14, 15);
  if (isInAny(address, lastBytes)) return [last];
  // Byte 8 is no part of the address: one for each length of prefix from 48 bits on (RFC 6052, section 2.2).
  if (isInAny(address, localNat64)) {
    return [at(6, 7, 9, 10), at(7, 9, 10, 11), at(9, 10, 11, 12), last];
  }
  if (isInAny(address, sixToFour)) return [at(2, 3, 4, 5)];
  if (isInAny(address, teredo)) {
    const client = ipaddr.fromByteArray(last.toByteArray().map((byte) => byte ^ 0xff));
    return [at(4, 5, 6, 7), client];
  }
  return [];
}

/**
 * Ranges of `ipaddr.js` that are one of our classes; the others are reserved. So are the few that are globally reachable but where
 * no server lives, such as AS112, AMT and the anycast addresses of the nearest gateway.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const classes: Readonly<Record<string, AddressClass>> = {
  unicast: "public",
  private: "private",
  carrierGradeNat: "private",
  linkLocal: "private",
  uniqueLocal: "private",
  loopback: "loopback",
  unspecified: "unspecified",
  multicast: "multicast",
  broadcast: "broadcast",
};

function classOfRange(range: string): AddressClass {
  return classes[range] ?? "reserved";
}

const nat64: readonly AddressBlock[] = blocks("64:ff9b::/96");
const localNat64: readonly AddressBlock[] = blocks("64:ff9b:1::/48");
const sixToFour: readonly AddressBlock[] = blocks("2002::/16");
const teredo: readonly AddressBlock[] = blocks("2001::/32");
const globalUnicast: readonly AddressBlock[] = blocks("2000::/3");
/** NAT64, IPv4-compatible and IPv4-translated addresses carry the IPv4 address in their last four bytes. */
const lastBytes: readonly AddressBlock[] = blocks("64:ff9b::/96", "::/96", "::ffff:0:0:0/96");

const metadata: readonly AddressBlock[] = blocks(
  // Common to most clouds.
  "169.254.169.254",
  "fe80::a9fe:a9fe",
  // Amazon, then the credentials of containers there.
  "fd00:ec2::254",
  "169.254.170.2",
  "169.254.170.23",
  "fd00:ec2::23",
  // Google, Azure, Oracle, Alibaba, Scaleway, Akamai, Tencent. Only what no device of a local network chooses by itself.
  "fd20:ce::254",
  "168.63.129.16",
  "192.0.0.192",
  "fd00:c1::a9fe:a9fe",
  "100.100.100.200",
  "fd00:100::100:200",
  "169.254.42.42",
  "fd00:42::42",
  "fd00:a9fe:a9fe::1",
  "169.254.0.23",
);

function isMetadata(address: Address): boolean {
  return isInAny(address, metadata);
}

function isInAny(address: Address, list: readonly AddressBlock[]): boolean {
  return list.some((block) => isInBlock(address, block));
}

function blocks(...texts: readonly string[]): readonly AddressBlock[] {
  return texts.map(parseBlock).filter((block) => typeof block !== "string");
}
