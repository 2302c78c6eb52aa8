import fc from "fast-check";
import type { AddressRules, Grant, PolicyRules } from "../../src/policy/policy.ts";

/** Hosts of patterns that lie close together, so that many of them fit one request. */
const commonHosts: readonly string[] = [
  "*",
  "*.local",
  "lamp.local",
  "localhost",
  "127.0.0.0/8",
  "10.0.0.0/8",
  "0.0.0.0/0",
  "[::]/0",
  "[fd00::/8]",
];

/** Rules that {@link checkRules} accepts, over common hosts and those given. */
export function arbitraryRules(
  hosts: readonly string[] = [],
  blocks: readonly string[] = [],
): fc.Arbitrary<PolicyRules> {
  const pattern = fc
    .tuple(
      fc.constantFrom("ws", "wss"),
      fc.constantFrom("", "*@"),
      fc.constantFrom(...commonHosts, ...hosts),
      fc.constantFrom("", ":*", ":80", ":22"),
    )
    .map(([scheme, credentials, host, port]) => `${scheme}://${credentials}${host}${port}`);
  return fc.record(
    {
      allow: fc.array(arbitraryGrant(pattern, blocks), { maxLength: 4 }),
      deny: fc.array(pattern, { maxLength: 2 }),
    },
    { requiredKeys: ["allow"], noNullPrototype: true },
  );
}

/** Address rules over some common blocks and those given. */
export function arbitraryAddressRules(blocks: readonly string[] = []): fc.Arbitrary<AddressRules> {
  const list = fc.array(fc.constantFrom("10.0.0.0/8", "::/0", "0.0.0.0/0", "::1", ...blocks), {
    maxLength: 2,
  });
  return fc.record(
    { privateNetworks: fc.boolean(), loopback: fc.boolean(), allow: list, deny: list },
    { requiredKeys: [], noNullPrototype: true },
  );
}

function arbitraryGrant(
  origin: fc.Arbitrary<string>,
  blocks: readonly string[],
): fc.Arbitrary<Grant> {
  const text = fc.stringMatching(/^[ -~]{0,12}$/);
  const connect = fc.record(
    {
      headers: fc.dictionary(fc.stringMatching(/^X-[A-Za-z0-9]{1,6}$/), text, {
        maxKeys: 2,
        noNullPrototype: true,
      }),
      origin: text,
      credentials: fc.record(
        { username: fc.stringMatching(/^[a-z]{0,6}$/), password: fc.string() },
        { noNullPrototype: true },
      ),
      tls: fc.record(
        {
          ca: fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 2 })),
          cert: fc.string(),
          key: fc.string(),
          passphrase: fc.string(),
          servername: fc.string(),
        },
        { requiredKeys: [], noNullPrototype: true },
      ),
      perMessageDeflate: fc.boolean(),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  return fc.record(
    { origin, addresses: arbitraryAddressRules(blocks), connect },
    { requiredKeys: ["origin"], noNullPrototype: true },
  );
}
