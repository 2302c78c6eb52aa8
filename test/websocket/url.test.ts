import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxUrlLength, parseWebSocketUrl } from "../../src/websocket/url.ts";

function parse(text: string, base?: string): string {
  const result = parseWebSocketUrl(text, base);
  return "error" in result ? "error" : result.url.href;
}

// https://websockets.spec.whatwg.org/#dom-websocket-websocket
describe("parseWebSocketUrl", () => {
  test.each([
    ["ws://example.com", "ws://example.com/"],
    ["WSS://EXAMPLE.com:443/a?b", "wss://example.com/a?b"],
    ["http://example.com:80/", "ws://example.com/"],
    ["https://example.com", "wss://example.com/"],
    ["https://example.com:80/", "wss://example.com:80/"],
    ["http://example.com:443/", "ws://example.com:443/"],
    [" ws://example.com\n", "ws://example.com/"],
    ["ws://example.com/%23?%23", "ws://example.com/%23?%23"],
    ["ws://example.com/a\0b", "ws://example.com/a%00b"],
    ["ws://2130706433", "ws://127.0.0.1/"],
    ["ws://①②⑦.0.0.1", "ws://127.0.0.1/"],
    ["ws://evil\\@allowed", "ws://evil/@allowed"],
    ["ws://allowed@evil", "ws://evil/"],
    ["ws://xn--fa-hia.de", "ws://xn--fa-hia.de/"],
  ])("%j becomes %s", (text, href) => {
    expect(parse(text)).toBe(href);
  });

  test.each([
    "",
    "relative",
    "//example.com",
    "ftp://example.com",
    "file:///etc/passwd",
    "data:,x",
    "ws+unix:///var/run/docker.sock:/",
    "ws://example.com/#",
    "ws://example.com/#fragment",
    "http://example.com/?#",
    "ws://[fe80::1%25lo]/",
    "ws://example.com:65536",
    "ws://a b",
    "ws://",
  ])("%j is an error", (text) => {
    expect(parse(text)).toBe("error");
  });

  test("relative URLs take the base's scheme, host and path, not its fragment", () => {
    expect(parse("chat?a", "https://example.com/app/page#top")).toBe(
      "wss://example.com/app/chat?a",
    );
    expect(parse("//other", "http://example.com/")).toBe("ws://other/");
    expect(parse("", "http://example.com/x#top")).toBe("ws://example.com/x");
    expect(parse("#", "http://example.com/x")).toBe("error");
    expect(parse("a", "file:///srv/script.js")).toBe("error");
  });

  test("credentials leave the URL and are decoded", () => {
    expect(parseWebSocketUrl("wss://us%65r:p%C3%BC%3A%zz@example.com/")).toMatchObject({
      username: "user",
      password: "pü:%zz",
      url: new URL("wss://example.com/"),
      origin: "wss://example.com",
    });
  });

  test("the origin has a port only when it is not the scheme's own", () => {
    expect(parseWebSocketUrl("http://example.com:8080/a")).toMatchObject({
      origin: "ws://example.com:8080",
    });
    expect(parseWebSocketUrl("https://example.com:443/a")).toMatchObject({
      origin: "wss://example.com",
    });
  });

  test("URLs up to 64 KiB are parsed and longer ones are not", () => {
    const start = "ws://example.com/";
    const longest = start + "a".repeat(maxUrlLength - start.length);

    expect(parse(longest)).toBe(longest);
    expect(parse(`${longest}a`)).toBe("error");
  });

  test("messages of errors quote little of a long text", () => {
    const result = parseWebSocketUrl("x".repeat(10_000));

    expect("error" in result && result.error.length).toBeLessThan(200);
  });

  test("every result has a WebSocket scheme, no fragment, no credentials, and parses to itself", () => {
    const scheme = fc.constantFrom("ws", "wss", "http", "https", "ftp", "ws+unix");
    const text = fc.oneof(
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.string(),
      fc
        .tuple(scheme, fc.string(), fc.domain(), fc.string())
        .map(([name, user, host, path]) => `${name}://${user}@${host}/${path}`),
    );

    fc.assert(
      fc.property(text, (url) => {
        const result = parseWebSocketUrl(url);
        if ("error" in result) return;
        expect(result.url.href).toMatch(/^wss?:\/\/[^#@/]+\/[^#]*$/);
        expect(parse(result.url.href)).toBe(result.url.href);
      }),
    );
  });
});
