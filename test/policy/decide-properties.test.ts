import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../src/policy/decide.ts";
import type { Grant, PolicyRules } from "../../src/policy/policy.ts";
import { maxUrlLength } from "../../src/websocket/url.ts";
import { arbitraryRules } from "../support/policy-rules.ts";

const hosts: readonly string[] = [
  "lamp.local",
  "a.lamp.local",
  "localhost",
  "127.0.0.1",
  "10.0.0.1",
  "8.8.8.8",
  "[fd00::1]",
];

describe("Deny beats allow", () => {
  const denied = fc.record({
    host: fc.constantFrom(...hosts),
    scheme: fc.constantFrom("ws", "wss"),
    port: fc.constantFrom(80, 443, 8080),
    rules: arbitraryRules(hosts),
  });

  test("whatever is granted besides, and in whatever order", () => {
    fc.assert(
      fc.property(denied, fc.nat(), fc.boolean(), (request, seed, hasUrlCredentials) => {
        const { host, scheme, port, rules } = request;
        const origin = `${scheme}://${host}:${port}`;
        const denying = {
          allow: shuffled([...rules.allow, { origin }, { origin: `${scheme}://*@*:*` }], seed),
          deny: shuffled([...(rules.deny ?? []), origin], seed),
        };
        const url = new URL(origin);

        expect(decide(denying, { url, hasUrlCredentials }).allow).toBe(false);
      }),
    );
  });

  test("so that a rule more among the denials never opens anything", () => {
    fc.assert(
      fc.property(denied, arbitraryRules(hosts), ({ host, scheme, port, rules }, { deny = [] }) => {
        const request = { url: new URL(`${scheme}://${host}:${port}`), hasUrlCredentials: false };
        const stricter = { ...rules, deny: [...(rules.deny ?? []), ...deny] };

        fc.pre(decide(stricter, request).allow);
        expect(decide(rules, request).allow).toBe(true);
      }),
    );
  });
});

test("The order of grants changes nothing, unless two say equally much", () => {
  fc.assert(
    fc.property(
      arbitraryRules(hosts),
      fc.constantFrom(...hosts),
      fc.constantFrom("ws", "wss"),
      fc.nat(),
      (rules, host, scheme, seed) => {
        const request = { url: new URL(`${scheme}://${host}`), hasUrlCredentials: false };
        const distinct = { ...rules, allow: distinctOrigins(rules) };
        const reordered = { ...distinct, allow: shuffled(distinct.allow, seed) };

        expect(decide(reordered, request)).toEqual(decide(distinct, request));
      },
    ),
  );
});

test.each(["lamp.local..", "lamp..local", ".lamp.local", "..", "."])(
  "The host %s has an empty label and is refused, whatever is granted",
  (host) => {
    const rules = { allow: [{ origin: "ws://*:*" }, { origin: "ws://*.local:*" }] };
    const request = { url: new URL(`ws://${host}/`), hasUrlCredentials: false };

    expect(decide(rules, request)).toEqual({
      allow: false,
      reason: `ws://${host} has an empty label, which no name can have`,
    });
  },
);

test("No text as a URL makes a decision throw", () => {
  const text = fc.oneof(
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.string({ unit: "binary", maxLength: 200 }),
    fc
      .string({
        unit: fc.constantFrom(..."/:@[].%0127afx#?\\ \u3002\u00df".split("")),
        maxLength: 40,
      })
      .map((rest) => `ws://${rest}`),
    fc.string({ maxLength: 40 }).map((rest) => `wss://h${rest}`),
    fc.constant(`ws://${"a".repeat(maxUrlLength)}`),
  );

  fc.assert(
    fc.property(text, arbitraryRules(hosts), fc.boolean(), (input, rules, hasUrlCredentials) => {
      fc.pre(URL.canParse(input));
      const decision = decide(rules, { url: new URL(input), hasUrlCredentials });
      expect(typeof decision.allow).toBe("boolean");
    }),
    { numRuns: 1000 },
  );
});

/** One grant per origin and port, since two that differ in other things would say equally much. */
function distinctOrigins({ allow }: PolicyRules): readonly Grant[] {
  const bare = (grant: Grant): string => grant.origin.replace("*@", "").replace(/:80$/, "");
  return allow.filter(
    (grant, index) => allow.findIndex((other) => bare(other) === bare(grant)) === index,
  );
}

function shuffled<Item>(items: readonly Item[], seed: number): readonly Item[] {
  const rest = [...items];
  return items.flatMap((_, index) => rest.splice((seed + index * 7) % rest.length, 1));
}
