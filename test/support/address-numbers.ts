/** An IP address as its number; arithmetic of its own, so that tests do not ask the code that they test. */
export interface NumberedAddress {
  readonly value: bigint;
  /** Bits of an address of its kind. */
  readonly width: 32 | 128;
}

/** A block of addresses, from the first to the last. */
export interface NumberedBlock {
  readonly first: bigint;
  readonly last: bigint;
  readonly bits: number;
  readonly width: 32 | 128;
}

/** Reads four decimal parts, or IPv6 in hexadecimal groups with at most one `::`. */
export function numberOf(text: string): NumberedAddress {
  if (!text.includes(":")) return { value: joined(text.split(".").map(BigInt), 8n), width: 32 };
  const [head = "", tail] = text.split("::");
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0n);
  return { value: joined([...before, ...zeros, ...after], 16n), width: 128 };
}

/** Reads `address/bits`, or an address as a block of one. */
export function blockOf(text: string): NumberedBlock {
  const [base = "", prefix] = text.split("/");
  const { value: first, width } = numberOf(base);
  const bits = prefix === undefined ? width : Number(prefix);
  return { first, last: first + 2n ** BigInt(width - bits) - 1n, bits, width };
}

/** Writes an address with all its parts and without leading zeros. */
export function textOf({ value, width }: NumberedAddress): string {
  return width === 32
    ? parts(value, 4, 8n).join(".")
    : parts(value, 8, 16n)
        .map((part) => part.toString(16))
        .join(":");
}

/** Splits a number into `count` parts of `bits` bits, the highest first. */
export function parts(value: bigint, count: number, bits: bigint): readonly bigint[] {
  return Array.from(
    { length: count },
    (_, index) => (value >> (BigInt(count - 1 - index) * bits)) & (2n ** bits - 1n),
  );
}

function joined(values: readonly bigint[], bits: bigint): bigint {
  return values.reduce((sum, part) => (sum << bits) | part, 0n);
}

function groups(text: string): readonly bigint[] {
  return text === "" ? [] : text.split(":").map((group) => BigInt(`0x${group}`));
}
