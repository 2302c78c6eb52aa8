import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findAddressRefusal } from "../../src/policy/address-rules.ts";
import { formatAddress, parseAddress } from "../../src/policy/address.ts";
import { decide } from "../../src/policy/decide.ts";
import type { Decision } from "../../src/policy/policy-check.ts";
import type { PolicyRules } from "../../src/policy/policy.ts";
import { numberOf, parts, textOf } from "../support/address-numbers.ts";
import { arbitraryAddressRules, arbitraryRules } from "../support/policy-rules.ts";

describe("Every spelling of an address in a URL gets the same decision", () => {
  test("for IPv4, in every base, shortened, in wide digits, with a trailing dot and mapped into IPv6", () => {
    const cases = interestingIpv4.chain((address) =>
      fc.tuple(fc.constant(address), ipv4Spelling(address), rulesAbout(address, address)),
    );

    fc.assert(
      fc.property(cases, fc.boolean(), ([address, spelling, rules], hasUrlCredentials) => {
        expect(decisionOn(rules, spelling, hasUrlCredentials)).toEqual(
          decisionOn(rules, address, hasUrlCredentials),
        );
      }),
      { numRuns: 500 },
    );
  });

  test("for IPv6, compressed or not, in capitals, with leading zeros and with a decimal end", () => {
    const cases = interestingIpv6.chain((address) =>
      fc.tuple(fc.constant(address), ipv6Spelling(address), rulesAbout(`[${address}]`, address)),
    );

    fc.assert(
      fc.property(cases, fc.boolean(), ([address, spelling, rules], hasUrlCredentials) => {
        expect(decisionOn(rules, `[${spelling}]`, hasUrlCredentials)).toEqual(
          decisionOn(rules, `[${address}]`, hasUrlCredentials),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe("Every spelling of an address that a resolver may answer gets the same verdict", () => {
  test("for IPv4 and what is mapped from it", () => {
    const cases = interestingIpv4.chain((address) =>
      fc.tuple(fc.constant(address), mappedSpelling(address), arbitraryAddressRules([address])),
    );

    fc.assert(
      fc.property(cases, ([address, spelling, rules]) => {
        expect(findAddressRefusal(spelling, rules) === undefined).toBe(
          findAddressRefusal(address, rules) === undefined,
        );
      }),
      { numRuns: 500 },
    );
  });

  test("for IPv6, with and without brackets", () => {
    const cases = interestingIpv6.chain((address) =>
      fc.tuple(fc.constant(address), ipv6Spelling(address), arbitraryAddressRules([address])),
    );

    fc.assert(
      fc.property(cases, ([address, spelling, rules]) => {
        const isAllowed = findAddressRefusal(address, rules) === undefined;
        expect(findAddressRefusal(spelling, rules) === undefined).toBe(isAllowed);
        expect(findAddressRefusal(`[${spelling}]`, rules) === undefined).toBe(isAllowed);
      }),
      { numRuns: 500 },
    );
  });
});

describe("An address is read as Node reads it", () => {
  test("whatever the text", () => {
    const text = fc.oneof(
      interestingIpv4,
      interestingIpv4.chain(ipv4Spelling),
      interestingIpv6.chain(ipv6Spelling),
      fc
        .tuple(
          fc.constantFrom("", "::", "::ffff:", "::FFFF:0", "64:ff9b::", "1:2:3:4:5:6:"),
          fc.ipV4Extended(),
        )
        .map((halves) => halves.join("")),
      fc.string({ unit: fc.constantFrom(..."0123456789abfF:.x".split("")), maxLength: 40 }),
    );

    fc.assert(
      fc.property(text, (address) => {
        const bare = address.replaceAll(/^\[|\]$/g, "");
        expect([bare, parseAddress(bare) !== undefined]).toEqual([bare, isIP(bare) !== 0]);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(["::ffff:010.0.0.1", "::ffff:0x7f.0.0.1", "::127.0.0.01", "64:ff9b::10.0.0.0x1"])(
    "%s is none, because systems disagree on what it is",
    (text) => {
      expect(parseAddress(text)).toBeUndefined();
      expect(findAddressRefusal(text, { allow: ["0.0.0.0/0", "::/0"] })).toBeTypeOf("string");
    },
  );

  test("and written as URLs write it", () => {
    fc.assert(
      fc.property(interestingIpv6.chain(ipv6Spelling), (spelling) => {
        const address = parseAddress(spelling);
        const hostname = new URL(`ws://[${spelling}]`).hostname;
        expect(address && formatAddress(address)).toBe(
          formatAddress(parseAddress(hostname) ?? expect.fail(hostname)),
        );
      }),
    );
  });
});

/** Addresses of every class, and any others. */
const interestingIpv4: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "0.0.0.0",
    "10.0.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "192.168.1.1",
    "192.0.2.1",
    "224.0.0.1",
    "255.255.255.255",
    "8.8.8.8",
  ),
  fc.bigInt(0n, 2n ** 32n - 1n).map((value) => textOf({ value, width: 32 })),
);

const interestingIpv6: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("::", "::1", "::7f00:1", "fd00:ec2::254", "fe80::1", "ff02::1", "2002:7f00:1::"),
  fc.constantFrom("64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::1", "2606:4700::1111"),
  // Runs of zeros anywhere.
  fc
    .array(fc.constantFrom(0n, 0n, 1n, 0xabcn, 0x2001n, 0xffffn), { minLength: 8, maxLength: 8 })
    .map((groups) => groups.map((group) => group.toString(16)).join(":")),
);

/** Rules that speak of one address, of its surroundings and of others. */
function rulesAbout(host: string, block: string): fc.Arbitrary<PolicyRules> {
  return arbitraryRules([host], [block]);
}

function decisionOn(rules: PolicyRules, host: string, hasUrlCredentials: boolean): object {
  const { reason: _, ...verdict }: Decision & { readonly reason?: string } = decide(rules, {
    url: new URL(`ws://${host}/`),
    hasUrlCredentials,
  });
  return verdict;
}

/** Ways to write an IPv4 address that the URL standard reads. */
function ipv4Spelling(address: string): fc.Arbitrary<string> {
  const { value } = numberOf(address);
  const bytes = parts(value, 4, 8n);
  // The last number stands for all bytes that the others leave.
  const shortened = [4, 3, 2, 1].map((count) => [
    ...bytes.slice(0, count - 1),
    value & (2n ** (8n * BigInt(5 - count)) - 1n),
  ]);
  const numbers = fc
    .constantFrom(...shortened)
    .chain((list) => fc.tuple(...list.map(numberSpelling)))
    .map((list) => list.join("."));
  const dotted = fc
    .tuple(numbers, fc.boolean(), fc.constantFrom("", "."))
    .map(([text, isWide, end]) => (isWide ? widened(text) : text) + end);
  return fc.oneof(
    { weight: 3, arbitrary: dotted },
    { weight: 1, arbitrary: mappedSpelling(address).map((text) => `[${text}]`) },
  );
}

function numberSpelling(value: bigint): fc.Arbitrary<string> {
  return fc.constantFrom(
    value.toString(),
    `0x${value.toString(16)}`,
    `0X000${value.toString(16).toUpperCase()}`,
    `0${value.toString(8)}`,
    `000${value.toString(8)}`,
  );
}

/** Digits and dots of East Asian width, which hosts of URLs may have. */
function widened(text: string): string {
  return text
    .replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)))
    .replaceAll(".", "\u3002");
}

function mappedSpelling(address: string): fc.Arbitrary<string> {
  const { value } = numberOf(address);
  const mapped = textOf({ value: value | (0xffffn << 32n), width: 128 });
  return ipv6Spelling(mapped);
}

/** Ways to write an IPv6 address: of each run of zeros, or none, the short form; long or short groups; a decimal end. */
function ipv6Spelling(address: string): fc.Arbitrary<string> {
  const { value } = numberOf(address);
  const bytes = parts(value & 0xffff_ffffn, 4, 8n).join(".");
  return fc
    .record({
      width: fc.constantFrom(1, 4),
      isUpperCase: fc.boolean(),
      hasDecimalEnd: fc.boolean(),
      run: fc.nat({ max: 7 }),
    })
    .map(({ width, isUpperCase, hasDecimalEnd, run }) => {
      const groups = parts(value, 8, 16n).map((group) => group.toString(16).padStart(width, "0"));
      const list = hasDecimalEnd ? [...groups.slice(0, 6), bytes] : groups;
      const text = compressed(list, run);
      return isUpperCase ? text.toUpperCase() : text;
    });
}

/** Leaves the run of zeros out that starts at or after `from`, if there is one. */
function compressed(groups: readonly string[], from: number): string {
  const start = groups.findIndex((group, index) => index >= from && /^0+$/.test(group));
  if (start === -1) return groups.join(":");
  const length = groups.slice(start).findIndex((group) => !/^0+$/.test(group));
  const end = length === -1 ? groups.length : start + length;
  return `${groups.slice(0, start).join(":")}::${groups.slice(end).join(":")}`;
}
