import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classifyAddress, type AddressClass } from "../../src/policy/address-class.ts";
import { parseAddress } from "../../src/policy/address.ts";
import {
  blockOf,
  numberOf,
  textOf,
  type NumberedAddress,
  type NumberedBlock,
} from "../support/address-numbers.ts";

/** What a registry says in its column "Globally Reachable"; `"n/a"` where an entry has ended or cannot be said to be either. */
type Reachable = boolean | "n/a";

/**
 * What an address of a block must be. `"mapped"` is whatever the IPv4 address in its last four bytes is, and `"translated"` is
 * public when that one is public, metadata when it is that, and reserved otherwise.
 */
type Expected = AddressClass | "mapped" | "translated";

type Entry = readonly [block: string, name: string, reachable: Reachable, expected: Expected];

/**
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 *
 * The entries that are globally reachable are reserved all the same: no server for WebSockets lives there. The addresses of AS112
 * answer DNS queries for private names and those of AMT relay multicast, each from the nearest of many machines of volunteers; the
 * anycast addresses for port control and TURN end at the nearest gateway, which as a rule is one of the local network.
 * Who needs one grants its block.
 */
const ipv4Registry: readonly Entry[] = [
  ["0.0.0.0/8", "this network", false, "unspecified"],
  ["0.0.0.0/32", "this host on this network", false, "unspecified"],
  ["10.0.0.0/8", "private use", false, "private"],
  ["100.64.0.0/10", "shared address space", false, "private"],
  ["127.0.0.0/8", "loopback", false, "loopback"],
  ["169.254.0.0/16", "link local", false, "private"],
  ["172.16.0.0/12", "private use", false, "private"],
  ["192.0.0.0/24", "IETF protocol assignments", false, "reserved"],
  ["192.0.0.0/29", "service continuity", false, "reserved"],
  ["192.0.0.8/32", "dummy address", false, "reserved"],
  ["192.0.0.9/32", "port control anycast", true, "reserved"],
  ["192.0.0.10/32", "TURN anycast", true, "reserved"],
  ["192.0.0.170/32", "NAT64 discovery", false, "reserved"],
  ["192.0.0.171/32", "NAT64 discovery", false, "reserved"],
  ["192.0.2.0/24", "documentation", false, "reserved"],
  ["192.31.196.0/24", "AS112", true, "reserved"],
  ["192.52.193.0/24", "AMT", true, "reserved"],
  ["192.88.99.0/24", "6to4 relay anycast, deprecated", "n/a", "reserved"],
  ["192.88.99.2/32", "6a44 relay anycast", false, "reserved"],
  ["192.168.0.0/16", "private use", false, "private"],
  ["192.175.48.0/24", "AS112, delegated directly", true, "reserved"],
  ["198.18.0.0/15", "benchmarking", false, "reserved"],
  ["198.51.100.0/24", "documentation", false, "reserved"],
  ["203.0.113.0/24", "documentation", false, "reserved"],
  ["240.0.0.0/4", "reserved", false, "reserved"],
  ["255.255.255.255/32", "limited broadcast", false, "broadcast"],
];

/**
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 *
 * Reserved although globally reachable, beside those of {@link ipv4Registry}: identifiers that are no locations (ORCHIDv2, drone
 * identifiers) and the anycast address of service registration. A mapped address never travels: systems write an IPv4 address
 * so, and it is judged as that address.
 */
const ipv6Registry: readonly Entry[] = [
  ["::1/128", "loopback", false, "loopback"],
  ["::/128", "unspecified", false, "unspecified"],
  ["::ffff:0:0/96", "IPv4-mapped", false, "mapped"],
  ["64:ff9b::/96", "IPv4 translation", true, "translated"],
  ["64:ff9b:1::/48", "IPv4 translation, local use", false, "reserved"],
  ["100::/64", "discard only", false, "reserved"],
  ["100:0:0:1::/64", "dummy prefix", false, "reserved"],
  ["2001::/23", "IETF protocol assignments", false, "reserved"],
  ["2001::/32", "Teredo", "n/a", "reserved"],
  ["2001:1::1/128", "port control anycast", true, "reserved"],
  ["2001:1::2/128", "TURN anycast", true, "reserved"],
  ["2001:1::3/128", "service registration anycast", true, "reserved"],
  ["2001:2::/48", "benchmarking", false, "reserved"],
  ["2001:3::/32", "AMT", true, "reserved"],
  ["2001:4:112::/48", "AS112", true, "reserved"],
  ["2001:10::/28", "ORCHID, deprecated", "n/a", "reserved"],
  ["2001:20::/28", "ORCHIDv2", true, "reserved"],
  ["2001:30::/28", "drone identifiers", true, "reserved"],
  ["2001:db8::/32", "documentation", false, "reserved"],
  ["2002::/16", "6to4", "n/a", "reserved"],
  ["2620:4f:8000::/48", "AS112, delegated directly", true, "reserved"],
  ["3fff::/20", "documentation", false, "reserved"],
  ["5f00::/16", "segment routing", false, "reserved"],
  ["fc00::/7", "unique local", false, "private"],
  ["fe80::/10", "link local", false, "private"],
];

/** Blocks that other documents set apart, and what is left of IPv6 outside of its global unicast addresses. */
const otherBlocks: readonly Entry[] = [
  ["224.0.0.0/4", "multicast", false, "multicast"],
  ["ff00::/8", "multicast", false, "multicast"],
  ["fec0::/10", "site local, deprecated", false, "reserved"],
  ["::/96", "IPv4-compatible, deprecated", false, "reserved"],
  ["::ffff:0:0:0/96", "IPv4-translated", false, "reserved"],
  ["::/3", "not global unicast", false, "reserved"],
  ["4000::/2", "not global unicast", false, "reserved"],
  ["8000::/1", "not global unicast", false, "reserved"],
];

/** Addresses where clouds answer a machine's questions about itself. */
const metadata: readonly Entry[] = [
  ["100.100.100.200", "Alibaba", false, "metadata"],
  ["168.63.129.16", "Azure", false, "metadata"],
  ["169.254.0.23", "Tencent", false, "metadata"],
  ["169.254.42.42", "Scaleway", false, "metadata"],
  ["169.254.169.254", "most clouds", false, "metadata"],
  ["169.254.170.2", "Amazon, containers", false, "metadata"],
  ["169.254.170.23", "Amazon, containers", false, "metadata"],
  ["192.0.0.192", "Oracle", false, "metadata"],
  ["fd00:42::42", "Scaleway", false, "metadata"],
  ["fd00:100::100:200", "Alibaba", false, "metadata"],
  ["fd00:a9fe:a9fe::1", "Akamai", false, "metadata"],
  ["fd00:c1::a9fe:a9fe", "Oracle", false, "metadata"],
  ["fd00:ec2::23", "Amazon, containers", false, "metadata"],
  ["fd00:ec2::254", "Amazon", false, "metadata"],
  ["fd20:ce::254", "Google", false, "metadata"],
  ["fe80::a9fe:a9fe", "OpenStack", false, "metadata"],
];

const entries: readonly Entry[] = [...ipv4Registry, ...ipv6Registry, ...otherBlocks, ...metadata];

describe("An address is of the class that the special-purpose registries give it", () => {
  test.each(entries)("at both ends, in the middle and around %s (%s)", (block) => {
    const addresses = landmarks(blockOf(block)).map(textOf);

    expect(addresses.map((address) => [address, classOf(address)])).toEqual(
      addresses.map((address) => [address, expectedClass(address)]),
    );
  });

  test("wherever it lies", () => {
    const anywhere = fc.oneof(
      fc.bigInt(0n, 2n ** 32n - 1n).map((value) => textOf({ value, width: 32 })),
      fc.bigInt(0n, 2n ** 128n - 1n).map((value) => textOf({ value, width: 128 })),
    );
    const insideABlock = fc
      .tuple(fc.constantFrom(...entries), fc.bigInt(0n, 2n ** 128n - 1n))
      .map(([[block], offset]) => addressIn(blockOf(block), offset));

    fc.assert(
      fc.property(fc.oneof(anywhere, insideABlock), (address) => {
        expect([address, classOf(address)]).toEqual([address, expectedClass(address)]);
      }),
    );
  });
});

test("What a registry does not call globally reachable is public only as another spelling of an IPv4 address", () => {
  const open = entries.filter(
    ([, , reachable, expected]) => reachable !== true && expected === "public",
  );
  const spellings = entries.filter(
    ([, , reachable, expected]) => reachable !== true && expected === "mapped",
  );

  expect(open).toEqual([]);
  expect(spellings.map(([block]) => block)).toEqual(["::ffff:0:0/96"]);
});

test("What is globally reachable by a registry is reserved, except translated public IPv4 addresses", () => {
  const reachable = entries.filter(([, , isReachable]) => isReachable === true);

  expect(reachable.filter(([, , , expected]) => expected !== "reserved")).toEqual([
    ["64:ff9b::/96", "IPv4 translation", true, "translated"],
  ]);
});

test("The local prefix of NAT64 is metadata when an IPv4 address in any of its places is", () => {
  expect(
    [
      "64:ff9b:1:a9fe:a9:fe00::",
      "64:ff9b:1:a9:fe:a9fe::",
      "64:ff9b:1:0:a9:fea9:fe00:0",
      "64:ff9b:1::a9fe:a9fe",
    ].map(classOf),
  ).toEqual(["metadata", "metadata", "metadata", "metadata"]);
});

function classOf(text: string): AddressClass | "none" {
  const address = parseAddress(text);
  return address === undefined ? "none" : classifyAddress(address);
}

/** The class by the tables above: the smallest block around an address decides. */
function expectedClass(text: string): AddressClass {
  const address = numberOf(text);
  const around = entries
    .filter(([block]) => contains(blockOf(block), address))
    .toSorted(([a], [b]) => blockOf(b).bits - blockOf(a).bits);
  const expected = around[0]?.[3] ?? "public";
  if (expected !== "mapped" && expected !== "translated") {
    return expected === "reserved" ? metadataOrReserved(address) : expected;
  }
  const inner = expectedClass(textOf({ value: address.value & 0xffff_ffffn, width: 32 }));
  if (expected === "mapped" || inner === "public" || inner === "metadata") return inner;
  return "reserved";
}

/** Old wrappings of an IPv4 address are reserved, and metadata when the address in them is. */
function metadataOrReserved(address: NumberedAddress): AddressClass {
  const wrapped = wrappings
    .filter(([block]) => contains(blockOf(block), address))
    .flatMap(([, unwrap]) => unwrap(address.value))
    .map((value) => textOf({ value: value & 0xffff_ffffn, width: 32 }));
  return wrapped.some((inner) => metadata.some(([text]) => text === inner))
    ? "metadata"
    : "reserved";
}

const wrappings: readonly (readonly [
  block: string,
  unwrap: (value: bigint) => readonly bigint[],
])[] = [
  ["::/96", (value) => [value]],
  ["::ffff:0:0:0/96", (value) => [value]],
  ["2002::/16", (value) => [value >> 80n]],
  ["2001::/32", (value) => [value >> 64n, ~value]],
  // RFC 6052, section 2.2: byte 8 is left out, wherever the prefix ends.
  [
    "64:ff9b:1::/48",
    (value) => [
      value,
      ((value >> 64n) << 16n) | ((value >> 40n) & 0xffffn),
      ((value >> 64n) << 24n) | ((value >> 32n) & 0xff_ffffn),
      value >> 24n,
    ],
  ],
];

function contains(block: NumberedBlock, { value, width }: NumberedAddress): boolean {
  return block.width === width && block.first <= value && value <= block.last;
}

/** The ends of a block, its middle, and the addresses just outside that exist. */
function landmarks({ first, last, width }: NumberedBlock): readonly NumberedAddress[] {
  return [first - 1n, first, first + (last - first) / 2n, last, last + 1n]
    .filter((value) => value >= 0n && value < 2n ** BigInt(width))
    .map((value) => ({ value, width }));
}

function addressIn({ first, last, width }: NumberedBlock, offset: bigint): string {
  return textOf({ value: first + (offset % (last - first + 1n)), width });
}
