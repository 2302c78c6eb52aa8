import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classifyAddress } from "../../src/policy/address-class.ts";
import { findAddressRefusal } from "../../src/policy/address-rules.ts";
import { formatAddress, parseAddress, parseBlock } from "../../src/policy/address.ts";

function classOf(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? "none" : classifyAddress(address);
}

describe("classifyAddress", () => {
  test.each([
    [
      "public",
      [
        "8.8.8.8",
        "172.15.0.1",
        "172.32.0.1",
        "100.63.255.255",
        "100.128.0.0",
        "2606:4700::1111",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
      ],
    ],
    [
      "private",
      [
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.255.255",
        "100.64.0.1",
        "169.254.1.1",
        "fd12::1",
        "fc00::",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
      ],
    ],
    [
      "loopback",
      ["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "0:0:0:0:0:ffff:7f00:0001"],
    ],
    [
      "metadata",
      [
        "169.254.169.254",
        "fd00:ec2::254",
        "168.63.129.16",
        "100.100.100.200",
        "::ffff:a9fe:a9fe",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "::169.254.169.254",
      ],
    ],
    ["unspecified", ["0.0.0.0", "0.1.2.3", "::"]],
    ["multicast", ["224.0.0.1", "239.255.255.255", "ff02::1"]],
    ["broadcast", ["255.255.255.255"]],
    [
      "reserved",
      [
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "2001::1",
        "2001:db8::1",
        "fec0::1",
        "100::1",
        "4000::1",
        "5f00::1",
      ],
    ],
    [
      "none",
      [
        "",
        "localhost",
        "1.2.3",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "1.2.3.4.5",
        "256.1.1.1",
        "::g",
        "1.2.3.4/32",
      ],
    ],
  ])("%s", (expected, addresses) => {
    expect(addresses.map((address) => [address, classOf(address)])).toEqual(
      addresses.map((address) => [address, expected]),
    );
  });
});

describe("findAddressRefusal", () => {
  function allows(address: string, rules: Parameters<typeof findAddressRefusal>[1]): boolean {
    return findAddressRefusal(address, rules) === undefined;
  }

  test("without rules only public addresses are allowed", () => {
    expect(
      ["8.8.8.8", "10.0.0.1", "127.0.0.1", "fd00::1", "nonsense"].filter((a) => allows(a, {})),
    ).toEqual(["8.8.8.8"]);
  });

  test("private and loopback addresses are opened apart", () => {
    expect(allows("10.0.0.1", { privateNetworks: true })).toBe(true);
    expect(allows("127.0.0.1", { privateNetworks: true })).toBe(false);
    expect(allows("127.0.0.1", { loopback: true })).toBe(true);
    expect(allows("10.0.0.1", { loopback: true })).toBe(false);
  });

  test("metadata, unspecified, multicast and broadcast addresses need an entry of their own", () => {
    const wide = { privateNetworks: true, loopback: true, allow: ["0.0.0.0/0", "::/0"] };
    const addresses = [
      "169.254.169.254",
      "100.100.100.200",
      "0.0.0.0",
      "::",
      "224.0.0.1",
      "255.255.255.255",
    ];

    expect(addresses.filter((address) => allows(address, wide))).toEqual([]);
    expect(addresses.filter((address) => allows(address, { allow: [address] }))).toEqual(addresses);
  });

  test("allowed blocks open any other class", () => {
    expect(allows("198.18.0.1", { allow: ["198.18.0.0/15"] })).toBe(true);
    expect(allows("127.0.0.5", { allow: ["127.0.0.0/8"] })).toBe(true);
    expect(allows("128.0.0.5", { allow: ["127.0.0.0/8"] })).toBe(true);
    expect(allows("126.0.0.5", { allow: ["10.0.0.0/8"], deny: ["126.0.0.0/8"] })).toBe(false);
  });

  test("refused blocks win over everything and reach into wrapped addresses", () => {
    const rules = { allow: ["8.8.8.8"], deny: ["8.8.0.0/16"] };

    expect(
      ["8.8.8.8", "::ffff:808:808", "64:ff9b::808:808"].filter((a) => allows(a, rules)),
    ).toEqual([]);
    expect(allows("8.9.8.8", rules)).toBe(true);
  });

  test("rules that cannot be read allow nothing", () => {
    expect(allows("8.8.8.8", { allow: ["8.8.8.8/x"] })).toBe(false);
    expect(allows("8.8.8.8", { deny: ["nonsense"] })).toBe(false);
  });

  test("no rules of blocks open an IPv4 address of another verdict when it is written as mapped IPv6", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.boolean(), fc.boolean(), (address, privateNetworks, loopback) => {
        const rules = { privateNetworks, loopback };
        expect(allows(`::ffff:${address}`, rules)).toBe(allows(address, rules));
      }),
    );
  });

  test("no wrapping of a refused IPv4 address is allowed", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        fc.pre(!allows(address, {}));
        const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
        const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
        for (const form of [
          `::${hex}`,
          `::ffff:${hex}`,
          `::ffff:0:${hex}`,
          `64:ff9b::${hex}`,
          `2002:${hex}::`,
          `64:ff9b:1::${hex}`,
        ]) {
          expect([form, allows(form, {})]).toEqual([form, false]);
        }
      }),
    );
  });
});

describe("parseBlock", () => {
  test.each([
    "10.0.0.0/8",
    "1.2.3.4",
    "0.0.0.0/0",
    "fd00::/8",
    "::1",
    "2001:db8::/32",
    "::ffff:10.0.0.0/104",
  ])("%s is a block", (text) => {
    expect(parseBlock(text)).toBeTypeOf("object");
  });

  test.each([
    "",
    "10.0.0.1/8",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "fd00::/129",
    "::ffff:10.0.0.0/8",
    "name/8",
    "1.2.3/8",
  ])("%s is none", (text) => {
    expect(parseBlock(text)).toBeTypeOf("string");
  });

  test("a mapped block is one of IPv4", () => {
    const block = parseBlock("::ffff:10.0.0.0/104");

    expect(typeof block === "object" && `${formatAddress(block.address)}/${block.bits}`).toBe(
      "10.0.0.0/8",
    );
  });
});
