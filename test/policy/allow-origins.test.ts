import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SandboxError } from "../../src/errors.ts";
import { allowOrigins, checkedRules } from "../../src/policy/allow-origins.ts";
import {
  canonicalHost,
  effectivePort,
  matchesOrigin,
  parseOriginPattern,
} from "../../src/policy/origin-pattern.ts";

/** Message of the error that a call throws. */
function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof SandboxError && error.code === "ERR_OPTION") return error.message;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("a wrong pattern is named with what to write", () => {
  test.each([
    ["", 'has no scheme; write "wss://"'],
    ["example.com", 'write "wss://example.com"'],
    ["example.com:80", 'write "wss://example.com:80"'],
    ["ftp://example.com", 'write "wss://example.com", or for fetch "https://example.com"'],
    ["http://", 'has no host; write "http://host"'],
    ["wss://", "has no host"],
    ["wss://example.com/", 'has a path; write "wss://example.com"'],
    ["wss://example.com/chat", 'has a path; write "wss://example.com"'],
    ["wss://example.com:80/", 'with the port "80"'],
    ["wss://example.com?x", "has a path"],
    ["wss://example.com#x", "has a path"],
    ["wss://example.com:0", "from 1 to 65535"],
    ["wss://example.com:65536", "from 1 to 65535"],
    ["wss://example.com:x", "from 1 to 65535"],
    ["wss://a*.example.com", "whole labels"],
    ["wss://192.168.*.*", "192.168.0.0/16"],
    ["wss://a..example", "empty label"],
    ["wss://a b", "no URL can have"],
    ["wss://::1", "brackets"],
    ["wss://[::1", "brackets"],
    ["wss://[fe80::1%25eth0]", "no URL can have"],
    ["wss://256.1.1.1", "no URL can have"],
    ["wss://10.0.0.1/8", "write 10.0.0.0/8"],
    ["wss://10.0.0.0/33", 'prefix length "33"; write a number from 0 to 32'],
  ])("%j: …%s", (pattern, part) => {
    const message = messageOf(() => allowOrigins(["wss://good.example", pattern]));

    expect(message).toContain(`allow[1].origin: ${JSON.stringify(pattern)} `);
    expect(message).toContain(part);
    expect(messageOf(() => allowOrigins([], { deny: [pattern] }))).toContain("deny[0]: ");
  });
});

test("credentials in a pattern are not repeated", () => {
  expect(messageOf(() => allowOrigins(["wss://lamp:secret@hub.example"]))).toBe(
    'policy: allow[0].origin: "wss://…@hub.example" contains credentials; write "wss://*@host" to allow them in URLs, or give them as connect.credentials',
  );
});

describe("a wrong option is named", () => {
  const origin = "wss://h.example";
  test.each([
    [
      { origin, adresses: {} },
      'allow[0].adresses: "adresses" is not known here; expected origin, addresses, connect',
    ],
    [
      { origin, addresses: { loopback: "yes" } },
      'addresses.loopback: expected true or false, got "yes"',
    ],
    [{ origin, addresses: { allow: ["10.0.0.1/8"] } }, "addresses.allow[0]: "],
    [{ origin, addresses: { deny: "10.0.0.0/8" } }, "addresses.deny: expected a list"],
    [
      { origin, connect: { headers: { "Sec-WebSocket-Key": "x" } } },
      'connect.headers["Sec-WebSocket-Key"]: ',
    ],
    [{ origin, connect: { headers: { Upgrade: "x" } } }, "belongs to the handshake"],
    [{ origin, connect: { headers: { "a b": "x" } } }, "is not a header name"],
    [{ origin, connect: { headers: { a: "x\r\ny" } } }, "no header can carry"],
    [{ origin, connect: { origin: "x\n" } }, "connect.origin: "],
    [{ origin, connect: { credentials: { username: "a:b", password: "" } } }, "colon"],
    [{ origin, connect: { credentials: { username: "a" } } }, "credentials.password: is missing"],
    [{ origin, connect: { tls: { rejectUnauthorized: false } } }, "is not known here"],
    [{ origin, connect: { tls: { ca: [1] } } }, "tls.ca[0]: expected a string, got 1"],
    [{}, "allow[0].origin: is missing"],
    [null, "allow[0]: expected a pattern or an object, got null"],
    [7, "allow[0]: expected a pattern or an object, got 7"],
  ])("%j", (grant, part) => {
    expect(messageOf(() => checkedRules({ allow: [grant] }))).toContain(part);
  });

  test.each([
    [Number.NaN, "NaN"],
    [1n, "a bigint"],
    [Symbol("x"), "a symbol"],
    [() => undefined, "a function"],
  ])("also where JSON has no such value: %s", (loopback, shown) => {
    expect(messageOf(() => checkedRules({ allow: [{ origin, addresses: { loopback } }] }))).toBe(
      `policy: allow[0].addresses.loopback: expected true or false, got ${shown}; write "loopback": true or "loopback": false`,
    );
  });

  test("without a path when all of the policy is wrong", () => {
    expect(messageOf(() => checkedRules(7))).toBe(
      'policy: expected an object, got 7; write { "allow": ["wss://api.example.com"] }',
    );
  });

  test("which files have and rules in code do not: $schema", () => {
    expect(messageOf(() => checkedRules({ $schema: "", allow: [] }))).toBe(
      'policy: $schema: "$schema" is not known here; expected allow, deny; remove it',
    );
  });

  test("also among the options of allowOrigins", () => {
    expect(messageOf(() => allowOrigins([], { addresses: { loopback: 1 } } as never))).toBe(
      'policy: options.addresses.loopback: expected true or false, got 1; write "loopback": true or "loopback": false',
    );
    expect(messageOf(() => allowOrigins([], { denied: [] } as never))).toBe(
      'policy: options.denied: "denied" is not known here; expected addresses, connect, deny; remove it',
    );
  });
});

describe("defaults for grants", () => {
  test("apply to those that bring none of their own", () => {
    const rules = allowOrigins(["ws://a", { origin: "ws://b", addresses: {} }], {
      addresses: { loopback: true },
      connect: { origin: "x" },
    });

    expect(rules).toEqual({
      allow: [
        { origin: "ws://a", addresses: { loopback: true }, connect: { origin: "x" } },
        { origin: "ws://b", addresses: {}, connect: { origin: "x" } },
      ],
    });
  });
});

describe("the grammar of patterns", () => {
  // What begins with "xn--" is an internationalised label, and few of those are valid.
  const label = fc
    .stringMatching(/^[a-z][a-z0-9-]{0,5}[a-z0-9]$/)
    .filter((text) => !text.startsWith("xn--"));
  const port = fc.integer({ min: 1, max: 65_535 });

  test("the origin of every URL with a name is a pattern that covers exactly this origin", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("ws", "wss"),
        fc.array(label, { minLength: 1, maxLength: 4 }),
        port,
        port,
        (scheme, labels, own, other) => {
          fc.pre(own !== other);
          const host = labels.join(".");
          const pattern = parseOriginPattern(`${scheme}://${host}:${own}`);
          const covers = (text: string): boolean => {
            const url = new URL(text);
            return (
              !("problem" in pattern) &&
              matchesOrigin(
                pattern,
                url.protocol.slice(0, -1),
                canonicalHost(url),
                effectivePort(url),
              )
            );
          };
          expect(covers(`${scheme}://${host}:${own}/path`)).toBe(true);
          expect(covers(`${scheme}://${host}:${other}/`)).toBe(false);
          // Not an x, which would make one of "n--".
          expect(covers(`${scheme}://y${host}:${own}/`)).toBe(false);
          expect(covers(`${scheme}://y.${host}:${own}/`)).toBe(false);
          expect(covers(`${scheme === "ws" ? "wss" : "ws"}://${host}:${own}/`)).toBe(false);
        },
      ),
    );
  });

  test("any text is a pattern or has a problem, and never an exception", () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .string({ unit: fc.constantFrom(..."ws://*@[]:.0129af/%".split("")) })
        .map((rest) => `ws://${rest}`),
    );

    fc.assert(
      fc.property(text, (pattern) => {
        const result = parseOriginPattern(pattern);
        expect("problem" in result ? typeof result.problem : typeof result.scheme).toBe("string");
      }),
    );
  });
});
