import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  allLoopback,
  allowAllLoopback,
  allowOrigins,
  type AllowOptions,
} from "../../src/policy/allow-origins.ts";
import { decide } from "../../src/policy/decide.ts";
import type { Decision } from "../../src/policy/policy-check.ts";
import type { AddressRules, Grant, PolicyRules } from "../../src/policy/policy.ts";
import { parseWebSocketUrl } from "../../src/websocket/url.ts";

function ask(rules: PolicyRules, text: string): Decision {
  const target = parseWebSocketUrl(text);
  if ("error" in target) throw new Error(target.error);
  return decide(rules, { url: target.url, hasUrlCredentials: target.username !== "" });
}

function allows(grants: readonly (string | Grant)[], url: string, options?: AllowOptions): boolean {
  return ask(allowOrigins(grants, options), url).allow;
}

function addressesOf(grants: readonly (string | Grant)[], url: string): AddressRules | undefined {
  const decision = ask(allowOrigins(grants), url);
  return decision.allow ? decision.addresses : undefined;
}

describe("hosts", () => {
  test("nothing is reachable without a grant", () => {
    expect(ask({ allow: [] }, "wss://example.com").allow).toBe(false);
  });

  test.each([
    ["wss://example.com", "wss://EXAMPLE.com", true],
    ["wss://example.com", "wss://example.com./path", true],
    ["wss://example.com.", "wss://example.com", true],
    ["wss://example.com", "wss://example.com..", false],
    ["wss://example.com", "ws://example.com:443", false],
    ["wss://example.com", "wss://example.com:8443", false],
    ["wss://example.com:443", "wss://example.com", true],
    ["wss://example.com:8443", "wss://example.com:8443", true],
    ["wss://example.com:*", "wss://example.com:8443", true],
    ["wss://example.com", "wss://sub.example.com", false],
    ["wss://example.com", "wss://example.com.evil", false],
    ["wss://example.com", "wss://allowed@evil", false],
    ["wss://example.com", "wss://example.com@evil.com", false],
    ["wss://example.com", "wss://evil.com\\@example.com", false],
    ["wss://example.com", "wss://ex\u0430mple.com", false],
    ["wss://münchen.example", "wss://xn--mnchen-3ya.example", true],
    ["wss://*.example.com", "wss://a.example.com", true],
    ["wss://*.example.com", "wss://a.b.example.com", true],
    ["wss://*.example.com", "wss://example.com", false],
    ["wss://*.example.com", "wss://badexample.com", false],
    ["wss://a.*.example.com", "wss://a.b.example.com", true],
    ["wss://a.*.example.com", "wss://a.b.c.example.com", false],
    ["wss://*", "wss://example.com", true],
    ["wss://*", "ws://example.com", false],
    ["wss://*", "wss://8.8.8.8", true],
    ["wss://*.*", "wss://8.8.8.8", false],
  ])("%s and %s: %j", (pattern, url, expected) => {
    expect(allows([pattern], url)).toBe(expected);
  });

  test("deny beats allow, whichever says more", () => {
    expect(allows(["wss://*"], "wss://a.example", { deny: ["wss://a.example"] })).toBe(false);
    expect(allows(["wss://a.example"], "wss://a.example", { deny: ["wss://*"] })).toBe(false);
    expect(allows(["wss://a.example"], "wss://a.example", { deny: ["ws://a.example"] })).toBe(true);
  });

  test("of several grants the one that says most decides", () => {
    const grants = [
      { origin: "ws://*:*", connect: { origin: "any" } },
      { origin: "ws://*.example:*", connect: { origin: "wildcard" } },
      { origin: "ws://a.example:*", connect: { origin: "name" } },
      { origin: "ws://a.example:8080", connect: { origin: "port" } },
    ];
    const origins = ["ws://x", "ws://b.example", "ws://a.example", "ws://a.example:8080"].map(
      (url) => {
        const decision = ask(allowOrigins(grants), url);
        return decision.allow && decision.connect?.origin;
      },
    );

    expect(origins).toEqual(["any", "wildcard", "name", "port"]);
  });
});

describe("ports", () => {
  test("bad ports need a grant that names them", () => {
    expect(allows(["ws://h.example:*"], "ws://h.example:22")).toBe(false);
    expect(allows(["ws://h.example:22"], "ws://h.example:22")).toBe(true);
    expect(allows(["ws://h.example:*", "ws://h.example:6667"], "ws://h.example:6667")).toBe(true);
  });

  test("port 0 is never reachable", () => {
    expect(allows(["ws://h.example:*"], "ws://h.example:0")).toBe(false);
  });
});

describe("credentials in URLs", () => {
  test("need a grant with *@", () => {
    expect(allows(["wss://h.example"], "wss://u:p@h.example")).toBe(false);
    expect(ask(allowOrigins(["wss://*@h.example"]), "wss://u:p@h.example")).toMatchObject({
      allow: true,
      urlCredentials: true,
    });
    expect(allows(["wss://*@h.example"], "wss://h.example")).toBe(true);
  });

  test("find the grant that permits them beside one that does not", () => {
    expect(allows(["wss://h.example", "wss://*@h.example:*"], "wss://u:p@h.example")).toBe(true);
  });
});

describe("addresses", () => {
  test("an address that is granted by itself or by its block is allowed whatever its class", () => {
    expect(allows(["ws://192.168.1.5"], "ws://192.168.1.5")).toBe(true);
    expect(allows(["ws://192.168.0.0/16:*"], "ws://192.168.1.5:8080")).toBe(true);
    expect(allows(["ws://[fd00::/8]"], "ws://[fd12::1]")).toBe(true);
    expect(allows(["ws://127.0.0.1"], "ws://127.0.0.1")).toBe(true);
    expect(allows(["ws://169.254.169.254"], "ws://169.254.169.254")).toBe(true);
  });

  test("a block does not reach metadata addresses in it", () => {
    expect(ask(allowOrigins(["ws://169.254.0.0/16"]), "ws://169.254.169.254")).toMatchObject({
      allow: false,
      address: "169.254.169.254",
    });
  });

  test.each([
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "[::1]",
    "[fd00::1]",
    "[::ffff:a00:1]",
    "0.0.0.0",
  ])("%s is not covered by a wildcard", (host) => {
    expect(ask(allowOrigins(["ws://*:*"]), `ws://${host}:8080`)).toMatchObject({
      allow: false,
      address: expect.any(String),
    });
  });

  test("a wildcard with address rules covers what they open", () => {
    expect(
      allows([{ origin: "ws://*:*", addresses: { privateNetworks: true } }], "ws://10.0.0.1:8080"),
    ).toBe(true);
  });

  test("a denied block refuses addresses in it and reaches the address rules of names", () => {
    const options = { deny: ["ws://10.0.0.0/8:*"] };

    expect(allows(["ws://10.0.0.1"], "ws://10.0.0.1", options)).toBe(false);
    const decision = ask(allowOrigins(["ws://lamp.local"], options), "ws://lamp.local");
    expect(decision).toMatchObject({ allow: true, addresses: { deny: ["10.0.0.0/8"] } });
  });

  test.each([
    ["ws://localhost", "ws://localhost", false, true],
    ["ws://localhost", "ws://localhost.", false, true],
    ["ws://a.localhost", "ws://a.localhost", false, true],
    ["ws://*.localhost", "ws://a.localhost", false, false],
    ["ws://lamp", "ws://lamp", true, false],
    ["ws://lamp.local", "ws://lamp.local.", true, false],
    ["ws://a.home.arpa", "ws://a.home.arpa", true, false],
    ["ws://a.internal", "ws://a.internal", true, false],
    ["ws://a.lan", "ws://a.lan", true, false],
    ["ws://*.local", "ws://lamp.local", false, false],
    ["ws://*", "ws://localhost", false, false],
    ["ws://local.example", "ws://local.example", false, false],
  ])("%s for %s: private networks %j, loopback %j", (pattern, url, privateNetworks, loopback) => {
    expect(addressesOf([pattern], url)).toMatchObject({ privateNetworks, loopback });
  });

  test("a grant's own rules come before the defaults of its name", () => {
    const grant = {
      origin: "ws://localhost",
      addresses: { loopback: false, privateNetworks: true },
    };

    expect(addressesOf([grant], "ws://localhost")).toMatchObject({
      loopback: false,
      privateNetworks: true,
    });
  });

  test("every spelling of an address gets one verdict", () => {
    const rules = allowOrigins(["ws://10.0.0.0/8:*", "ws://*:*"], { deny: ["ws://10.9.0.0/16:*"] });
    const octet = fc.integer({ min: 0, max: 255 });

    fc.assert(
      fc.property(fc.constantFrom(10, 8, 127, 169, 224), octet, octet, octet, (a, b, c, d) => {
        const number = ((a * 256 + b) * 256 + c) * 256 + d;
        const spellings = [
          `${a}.${b}.${c}.${d}`,
          `${a}.${b}.${c}.${d}.`,
          String(number),
          `0x${number.toString(16)}`,
          `0${number.toString(8)}`,
          `${a}.${b}.${c * 256 + d}`,
          `0x${a.toString(16)}.0${b.toString(8)}.${c}.${d}`,
          `[::ffff:${a}.${b}.${c}.${d}]`,
          `[0:0:0:0:0:ffff:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}]`,
        ];
        const verdicts = spellings.map((host) =>
          JSON.stringify(ask(rules, `ws://${host}:8080`)).replaceAll(/ws:\/\/[^ ]*/g, ""),
        );
        expect(new Set(verdicts).size).toBe(1);
      }),
    );
  });
});

describe("rules as plain data", () => {
  test("they survive a structured clone with the same verdicts", () => {
    const rules = allowOrigins([{ origin: "wss://h.example", connect: { headers: { a: "b" } } }], {
      deny: ["ws://*:*"],
    });
    const clone = structuredClone(rules);

    expect(clone).toEqual(rules);
    expect(ask(clone, "wss://h.example")).toEqual(ask(rules, "wss://h.example"));
  });

  test("rules with a pattern that cannot be read allow nothing", () => {
    expect(
      ask({ allow: [{ origin: "wss://h.example" }], deny: ["nonsense"] }, "wss://h.example").allow,
    ).toBe(false);
    expect(
      ask({ allow: [{ origin: "wss://h.example" }, { origin: "" }] }, "wss://h.example").allow,
    ).toBe(false);
  });
});

describe("allLoopback", () => {
  test.each([
    "ws://localhost:8080",
    "wss://a.localhost:1234",
    "ws://127.9.9.9",
    "wss://[::1]:8443",
    "ws://u:p@127.0.0.1:8080",
  ])("%s is reachable", (url) => {
    expect(ask(allowAllLoopback(), url).allow).toBe(true);
    expect(ask(allowOrigins(["wss://h.example", ...allLoopback]), url).allow).toBe(true);
  });

  test.each([
    "ws://example.com",
    "ws://10.0.0.1:8080",
    "ws://0.0.0.0:8080",
    "ws://[::]:8080",
    "ws://127.0.0.1:22",
  ])("%s is not", (url) => {
    expect(ask(allowAllLoopback(), url).allow).toBe(false);
  });
});
