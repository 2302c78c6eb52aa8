import ipaddr from "ipaddr.js";

/** An IP address or a block of them; IPv4-mapped IPv6 is IPv4 here, so that every spelling of an address is one value. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** All addresses that share the first `bits` bits of `address`. */
export interface AddressBlock {
  readonly address: Address;
  readonly bits: number;
  /** Whether the block was written as one address or holds only one. */
  readonly single: boolean;
}

/** Parses an address as systems and URLs write it: four decimal parts, or IPv6 with or without brackets and zone. */
export function parseAddress(text: string): Address | undefined {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare);
  const hexadecimal = withoutDottedTail(bare);
  // The library reads decimal ends with octal and hexadecimal parts, too, about which systems disagree.
  if (hexadecimal.includes(".") || !ipaddr.IPv6.isValid(hexadecimal)) return undefined;
  const address = ipaddr.IPv6.parse(hexadecimal);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** Parses `address` or `address/bits`. A text as answer says what is wrong with it and what to write, as its predicate. */
export function parseBlock(text: string): AddressBlock | string {
  const [base = "", prefix, ...rest] = text.split("/");
  const address = parseAddress(base);
  if (address === undefined) {
    return 'is not an IP address or a block; write one as in "192.168.1.20" or "192.168.0.0/16"';
  }
  const width = address.kind() === "ipv4" ? 32 : 128;
  if (prefix === undefined) return { address, bits: width, single: true };
  // The prefix of a mapped block counts from the start of the IPv6 form.
  const mapped = base.includes(":") && width === 32 ? 96 : 0;
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) - mapped : Number.NaN;
  if (rest.length > 0 || !(bits >= 0 && bits <= width)) {
    return `has the prefix length ${JSON.stringify([prefix, ...rest].join("/"))}; write a number from ${mapped} to ${width + mapped}`;
  }
  const first = firstOf(address, bits);
  if (!isInBlock(address, { address: first, bits: width, single: true })) {
    return `has bits set behind its prefix; write ${formatAddress(first)}/${bits + mapped} for the block or ${formatAddress(address)} for the one address`;
  }
  return { address, bits, single: bits === width };
}

/** Whether `address` lies in `block`. */
export function isInBlock(address: Address, block: AddressBlock): boolean {
  return address.kind() === block.address.kind() && address.match(block.address, block.bits);
}

/** The canonical text of an address, without brackets. */
export function formatAddress(address: Address): string {
  return address.kind() === "ipv6"
    ? (address as ipaddr.IPv6).toRFC5952String()
    : address.toString();
}

/** Writes the decimal end of an IPv6 address as two groups: the library takes `::1.2.3.4` for a mapped address. */
function withoutDottedTail(text: string): string {
  const parts = /^(.*:)((?:\d+\.){3}\d+)(%.*)?$/.exec(text);
  const [, head = "", tail = "", zone = ""] = parts ?? [];
  if (!ipaddr.IPv4.isValidFourPartDecimal(tail)) return text;
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(tail).octets;
  return `${head}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}${zone}`;
}

function firstOf(address: Address, bits: number): Address {
  const bytes = address.toByteArray().map((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  return ipaddr.fromByteArray(bytes);
}
