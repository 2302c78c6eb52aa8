import { isIP, type LookupFunction } from "node:net";
import { expect, test } from "vitest";
import { allowOrigins } from "../../src/policy/allow-origins.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import { type HostileCase, onBothThreads, openArena } from "./support/arena.ts";
import { failedLines, failing, refused, throwing } from "./support/outcomes.ts";

// A trap listens on 127.0.0.1. The policy lets scripts reach every name and every public address, so that only the check of
// addresses stands between them and the trap.

const { expectContained } = openArena();

const everyHost = ["ws://*:*", "wss://*:*"];
const refusedAddress = { code: "ERR_ADDRESS_REFUSED" } as const;

/** Spellings of addresses: `host` is what stands in the URL, `address` what it means. */
const literals: readonly (readonly [id: string, host: string, address: string])[] = [
  ["dotted-loopback", "127.0.0.1", "127.0.0.1"],
  ["other-loopback", "127.255.255.254", "127.255.255.254"],
  ["decimal-integer", "2130706433", "127.0.0.1"],
  ["octal-octet", "0177.0.0.1", "127.0.0.1"],
  ["octal-integer", "017700000001", "127.0.0.1"],
  ["hexadecimal-short", "0x7f.1", "127.0.0.1"],
  ["hexadecimal-integer", "0x7f000001", "127.0.0.1"],
  ["two-parts", "127.1", "127.0.0.1"],
  ["three-parts", "127.0.1", "127.0.0.1"],
  ["trailing-dot", "127.0.0.1.", "127.0.0.1"],
  ["percent-encoded", "%31%32%37.0.0.1", "127.0.0.1"],
  ["circled-digits", "①②⑦.0.0.1", "127.0.0.1"],
  ["fullwidth-digits-and-dots", "１２７。０。０。１", "127.0.0.1"],
  ["soft-hyphen", "127.0.\u{ad}0.1", "127.0.0.1"],
  ["zero", "0", "0.0.0.0"],
  ["zero-dotted", "0.0.0.0", "0.0.0.0"],
  ["zero-network", "0.1.2.3", "0.1.2.3"],
  ["ipv6-loopback", "[::1]", "::1"],
  ["ipv6-loopback-long", "[0:0:0:0:0:0:0:1]", "::1"],
  ["ipv6-unspecified", "[::]", "::"],
  ["mapped", "[::ffff:7f00:1]", "127.0.0.1"],
  ["mapped-dotted", "[::ffff:127.0.0.1]", "127.0.0.1"],
  ["compatible", "[::127.0.0.1]", "::7f00:1"],
  ["translated", "[::ffff:0:7f00:1]", "::ffff:0:7f00:1"],
  ["nat64-loopback", "[64:ff9b::7f00:1]", "64:ff9b::7f00:1"],
  ["nat64-metadata", "[64:ff9b::a9fe:a9fe]", "64:ff9b::a9fe:a9fe"],
  ["nat64-local-use", "[64:ff9b:1::1]", "64:ff9b:1::1"],
  ["6to4-loopback", "[2002:7f00:1::]", "2002:7f00:1::"],
  ["6to4-metadata", "[2002:a9fe:a9fe::]", "2002:a9fe:a9fe::"],
  ["teredo-loopback", "[2001:0:7f00:1::]", "2001:0:7f00:1::"],
  ["metadata", "169.254.169.254", "169.254.169.254"],
  ["metadata-integer", "2852039166", "169.254.169.254"],
  ["metadata-mapped", "[::ffff:a9fe:a9fe]", "169.254.169.254"],
  ["metadata-ipv6", "[fd00:ec2::254]", "fd00:ec2::254"],
  ["metadata-azure", "168.63.129.16", "168.63.129.16"],
  ["metadata-alibaba", "100.100.100.200", "100.100.100.200"],
  ["private-10", "10.0.0.1", "10.0.0.1"],
  ["private-172", "172.16.0.1", "172.16.0.1"],
  ["private-192", "192.168.0.1", "192.168.0.1"],
  ["shared", "100.64.0.1", "100.64.0.1"],
  ["link-local", "169.254.0.1", "169.254.0.1"],
  ["link-local-ipv6", "[fe80::1]", "fe80::1"],
  ["unique-local", "[fd12:3456::1]", "fd12:3456::1"],
  ["multicast", "224.0.0.1", "224.0.0.1"],
  ["multicast-ipv6", "[ff02::1]", "ff02::1"],
  ["broadcast", "255.255.255.255", "255.255.255.255"],
  ["reserved", "240.0.0.1", "240.0.0.1"],
  ["benchmarking", "198.18.0.1", "198.18.0.1"],
  ["documentation", "192.0.2.1", "192.0.2.1"],
];

const literalCases: readonly HostileCase[] = literals.map(([id, host, address]) => ({
  id: `addresses/${id}`,
  shows: `${JSON.stringify(host)} is refused without a packet while its address is not granted`,
  script: `connect(onPort(${JSON.stringify(host)}))`,
  policy: everyHost,
  outcome: refused({ ...refusedAddress, address }),
}));

/** A transport on the embedder's thread whose resolver gives these answers, one after the other; the last one again and again. */
function resolving(...answers: readonly (readonly string[])[]): () => Transport {
  return () => resolvingOnce(answers);
}

function resolvingOnce(answers: readonly (readonly string[])[]): Transport {
  const waiting = [...answers];
  const lookup: LookupFunction = (_hostname, _options, callback) => {
    const addresses = (waiting.length > 1 ? waiting.shift() : waiting[0]) ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: isIP(address) })),
    );
  };
  return wsTransport({ lookup });
}

const toName = `connect(onPort("name.example"))`;

const names: readonly (readonly [id: string, shows: string, addresses: readonly string[]])[] = [
  ["name-to-loopback", "a name that resolves to a loopback address", ["127.0.0.1"]],
  ["name-to-ipv6-loopback", "a name that resolves to the IPv6 loopback address", ["::1"]],
  ["name-to-mapped", "a name that resolves to a mapped address", ["::ffff:127.0.0.1"]],
  ["name-to-compatible", "a name that resolves to an IPv4-compatible address", ["::127.0.0.1"]],
  ["name-to-nat64", "a name that resolves to NAT64 of a private one", ["64:ff9b::a9fe:a9fe"]],
  ["name-to-6to4", "a name that resolves to 6to4 of a private one", ["2002:a9fe:a9fe::"]],
  ["name-to-metadata", "a name that resolves to the metadata address", ["169.254.169.254"]],
  ["name-to-azure", "a name that resolves to a cloud's own address", ["168.63.129.16"]],
  ["name-to-private", "a name of the public DNS that resolves to a private one", ["10.0.0.7"]],
  ["name-to-unspecified", "a name that resolves to the unspecified address", ["0.0.0.0"]],
  ["name-to-zoned", "a name that resolves to a link-local address with a zone", ["fe80::1%lo"]],
  ["name-to-both", "a name with a public and a private answer", ["93.184.216.34", "127.0.0.1"]],
  ["name-to-path", "a name that resolves to the path of a socket", ["/var/run/docker.sock"]],
  ["name-to-octal", "a name that resolves to an address in octal", ["0177.0.0.1"]],
];

const nameCases: readonly HostileCase[] = names.map(([id, shows, addresses]) => ({
  id: `addresses/${id}`,
  shows: `${shows} is refused without a packet`,
  script: toName,
  policy: everyHost,
  transport: resolving(addresses),
  outcome: refused({ ...refusedAddress, address: addresses.at(-1) ?? "" }),
}));

const otherCases: readonly HostileCase[] = [
  {
    id: "addresses/localhost",
    shows: "localhost is refused without a packet while loopback is not granted",
    script: `connect(onPort("localhost"))`,
    policy: everyHost,
    outcome: refused(refusedAddress),
  },
  {
    id: "addresses/localhost-dot",
    shows: "localhost with the root's dot is refused without a packet",
    script: `connect(onPort("localhost."))`,
    policy: everyHost,
    transport: resolving(["127.0.0.1"]),
    outcome: refused({ ...refusedAddress, address: "127.0.0.1" }),
  },
  {
    id: "addresses/below-localhost",
    shows: "a name below localhost is refused without a packet",
    script: `connect(onPort("lamp.LOCALHOST"))`,
    policy: everyHost,
    outcome: refused(refusedAddress),
  },
  {
    id: "addresses/secure-loopback",
    shows: "wss to a loopback address is refused like ws",
    script: `connect("wss://127.1:" + port)`,
    policy: everyHost,
    outcome: refused({ ...refusedAddress, address: "127.0.0.1" }),
  },
  {
    id: "addresses/denied-in-disguise",
    shows: "a denied address stays denied in the clothes of IPv6, though loopback is granted",
    script: `connect(onPort("[::ffff:7f00:1]")); connect(onPort("0x7f.1"))`,
    policy: allowOrigins([{ origin: "ws://*:*", addresses: { loopback: true } }], {
      deny: ["ws://127.0.0.0/8:1", "ws://127.0.0.1:*"],
    }),
    // The echo server is denied with it.
    outcome: {
      ...refused({}, 2),
      guest: [...failedLines, ...failedLines],
      failures: Array.from({ length: 3 }, () => ({
        stage: "policy" as const,
        code: "ERR_POLICY_REFUSED" as const,
      })),
    },
  },
  {
    id: "addresses/rebinding",
    shows: "a name that changes its answer is looked up once per connection and judged each time",
    script: `connect(onPort("name.example")).addEventListener("close", () => connect(onPort("name.example")))`,
    policy: [{ origin: "ws://name.example:*", addresses: { allow: ["127.0.0.2"] } }],
    transport: resolving(["127.0.0.2"], ["127.0.0.1"]),
    outcome: {
      ...refused({}, 2),
      failures: [
        { stage: "connect", code: "ERR_CONNECT", address: "127.0.0.2" },
        { stage: "policy", code: "ERR_ADDRESS_REFUSED", address: "127.0.0.1" },
      ],
    },
  },
  {
    id: "addresses/name-to-nothing",
    shows: "a name that resolves to nothing fails, and the process goes on",
    script: toName,
    policy: everyHost,
    transport: resolving([]),
    outcome: failing({ stage: "resolve", code: "ERR_NAME_NOT_RESOLVED" }, [], { accepted: 0 }),
  },
  {
    id: "addresses/resolver-throws",
    shows: "a resolver that throws fails the connection, and the process goes on",
    script: toName,
    policy: everyHost,
    transport: () =>
      wsTransport({
        lookup() {
          throw new Error("no resolver");
        },
      }),
    outcome: failing({ stage: "resolve", code: "ERR_NAME_NOT_RESOLVED" }, [], { accepted: 0 }),
  },
  {
    id: "addresses/resolver-silent",
    shows: "a resolver that never answers fails the connection at the deadline",
    script: toName,
    policy: everyHost,
    limits: { handshakeTimeout: 1_000 },
    transport: () =>
      wsTransport({
        lookup() {
          // It never answers.
        },
      }),
    outcome: failing({ code: "ERR_HANDSHAKE_TIMEOUT" }, [], { accepted: 0 }),
  },
  {
    id: "addresses/zone",
    shows: "an IPv6 address with a zone is a SyntaxError",
    script: `connect("ws://[fe80::1%25lo]/"); connect("ws://[fe80::1%lo]/")`,
    policy: everyHost,
    outcome: throwing("SyntaxError", "SyntaxError"),
  },
  {
    id: "addresses/not-an-address",
    shows: "numbers that are no address are a SyntaxError",
    script: `for (const host of ["256.0.0.1", "1.2.3.4.5", "0xffffffff1", "[::1", "[:::1]", "[127.0.0.1]"]) connect("ws://" + host)`,
    policy: everyHost,
    outcome: throwing(...Array.from({ length: 6 }, () => "SyntaxError")),
  },
];

test.each(onBothThreads(literalCases))("%s", async (_name, row) => {
  const { host } = await expectContained(row);

  // On the caller's thread it can be seen that not even a socket was made.
  expect(host.dialled).toBe(0);
});

test.each(onBothThreads([...nameCases, ...otherCases]))("%s", async (_name, row) => {
  await expectContained(row);
});
