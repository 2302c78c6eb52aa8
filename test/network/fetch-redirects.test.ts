import { describe, expect, test } from "vitest";
import type { SandboxEventDetail } from "../../src/events.ts";
import { defaultLimits } from "../../src/limits.ts";
import type { PolicyRules } from "../../src/policy/policy.ts";
import { createTestNetwork, settled, type TestNetwork } from "../support/network.ts";

const failureTime = 20;

function codesIn(events: readonly SandboxEventDetail[]): readonly string[] {
  return events.flatMap((event) =>
    event.type === "finished" ? [event.failure?.code ?? "done"] : [],
  );
}

/** Has the last request redirected. */
function redirect({ transport }: TestNetwork, location: string, status = 302): void {
  transport.lastExchange.answer(status, [["Location", location]]);
}

/** Method, URL and headers of each request. */
function requestsOf({ transport }: TestNetwork): readonly string[] {
  return transport.exchanges.map(({ request }) =>
    [request.method, request.url, ...request.headers.map((pair) => pair.join("="))].join(" "),
  );
}

test("a redirect is followed by a request of its own, and told as the URL of the answer", () => {
  const net = createTestNetwork();
  net.fetch("http://peer.example/a/b#c");

  redirect(net, "../d?e");
  net.transport.lastExchange.answer();

  expect(net.told).toEqual(["1 head 200 http://peer.example/d?e redirected"]);
  expect(net.transport.exchanges[0]?.calls).toEqual(["abort"]);
  expect(net.events).toContainEqual({
    type: "redirect",
    request: 1,
    status: 302,
    headers: [["Location", "../d?e"]],
    method: "GET",
    url: "http://peer.example/d?e",
  });
});

test.each([
  [301, "POST", "GET http://peer.example/next A=b"],
  [302, "POST", "GET http://peer.example/next A=b"],
  [303, "POST", "GET http://peer.example/next A=b"],
  [301, "PUT", "PUT http://peer.example/next Content-Type=text/plain content-language=de A=b"],
  [302, "PUT", "PUT http://peer.example/next Content-Type=text/plain content-language=de A=b"],
  [303, "PUT", "GET http://peer.example/next A=b"],
  [307, "POST", "POST http://peer.example/next Content-Type=text/plain content-language=de A=b"],
  [308, "POST", "POST http://peer.example/next Content-Type=text/plain content-language=de A=b"],
  // https://fetch.spec.whatwg.org/#http-redirect-fetch, step 12
])("status %i after %s leads to %s", (status, method, expected) => {
  const net = createTestNetwork();
  const headers = ["Content-Type", "text/plain", "content-language", "de", "A", "b"];
  net.fetch(undefined, [method, "follow", ...headers], "body");

  redirect(net, "/next", status);

  expect(requestsOf(net).at(-1)).toBe(expected);
  const { body } = net.transport.lastExchange.request;
  expect(body === undefined).toBe(expected.startsWith("GET"));
});

test("303 after HEAD stays HEAD", () => {
  const net = createTestNetwork();
  net.fetch(undefined, ["HEAD", "follow"]);

  redirect(net, "/next", 303);

  expect(requestsOf(net).at(-1)).toBe("HEAD http://peer.example/next");
});

describe("another origin", () => {
  test("does not get the script's Authorization", () => {
    const net = createTestNetwork();
    net.fetch("http://peer.example/", ["GET", "follow", "authorization", "Bearer x", "A", "b"]);

    redirect(net, "/same");
    redirect(net, "http://other.example/");
    redirect(net, "http://peer.example/back");

    expect(requestsOf(net).slice(1)).toEqual([
      "GET http://peer.example/same authorization=Bearer x A=b",
      "GET http://other.example/ A=b",
      "GET http://peer.example/back A=b",
    ]);
  });

  test.each(["https://peer.example/", "http://peer.example:81/"])("is also %s", (url) => {
    const net = createTestNetwork();
    net.fetch("http://peer.example/", ["GET", "follow", "Authorization", "Bearer x"]);

    redirect(net, url);

    expect(requestsOf(net).at(-1)).toBe(`GET ${url}`);
  });

  test("gets what its own grant says, and nothing of the first one's", () => {
    const tls = { ca: "first" };
    const policy: PolicyRules = {
      allow: [
        {
          origin: "https://first.example",
          connect: {
            headers: { "X-Key": "1" },
            credentials: { username: "u", password: "p" },
            tls,
          },
        },
        { origin: "https://second.example", connect: { headers: { "X-Key": "2" } } },
        { origin: "https://third.example" },
      ],
    };
    const net = createTestNetwork({ policy });
    net.fetch("https://first.example/");

    redirect(net, "https://second.example/");
    redirect(net, "https://third.example/");

    expect(net.transport.exchanges.map(({ request }) => request.connect)).toEqual([
      policy.allow[0]?.connect,
      { headers: { "X-Key": "2" } },
      {},
    ]);
  });
});

test.each([
  ["a host that no grant covers", "http://internal.example/"],
  ["another scheme of the same host", "https://public.example/"],
  ["loopback", "http://127.0.0.1/"],
  ["a private address", "http://10.0.0.1/"],
  ["the metadata address", "http://169.254.169.254/latest/"],
  ["an address in disguise", "http://0x7f000001/"],
  ["a bad port", "http://public.example:25/"],
  ["credentials", "http://u:p@public.example/"],
])("a redirect to %s fails like one to a server that is not there", async (_where, location) => {
  const policy = { allow: [{ origin: "http://public.example" }, { origin: "http://*" }] };
  const net = createTestNetwork({
    policy: { ...policy, deny: ["http://internal.example"] },
  });
  net.fetch("http://public.example/");
  net.clock.advance(1_000);

  redirect(net, location);
  await settled();
  net.clock.advance(failureTime - 1);
  expect(net.told).toEqual([]);
  net.clock.advance(1);

  expect(net.told).toEqual(["1 failed"]);
  expect(net.transport.exchanges).toHaveLength(1);
});

test.each([
  "ftp://peer.example/",
  "file:///etc/passwd",
  "data:,hello",
  "ws://peer.example/",
  "http://[",
  `http://peer.example/${"x".repeat(2 ** 16)}`,
])("a redirect to %s, which cannot be fetched, fails", async (location) => {
  const net = createTestNetwork();
  net.fetch();

  redirect(net, location);
  await settled();

  expect(net.told).toEqual(["1 failed"]);
  expect(codesIn(net.events)).toEqual(["ERR_REDIRECT"]);
});

test("twenty redirects are followed, and one more fails", async () => {
  const net = createTestNetwork();
  net.fetch();
  for (let count = 0; count < 20; count += 1) redirect(net, `/${count}`);
  expect(codesIn(net.events)).toEqual([]);

  redirect(net, "/last");
  await settled();

  expect(net.told).toEqual(["1 failed"]);
  expect(codesIn(net.events)).toEqual(["ERR_REDIRECT"]);
});

test("each redirect takes a place in maxConnectRate", () => {
  const net = createTestNetwork({ limits: { ...defaultLimits, maxConnectRate: 2 } });
  net.fetch();
  redirect(net, "/1");
  redirect(net, "/2");
  expect(net.transport.exchanges).toHaveLength(2);

  net.clock.advance(30_000);

  expect(net.transport.exchanges).toHaveLength(3);
});

test("a policy that changes between two redirects decides on the second", async () => {
  const net = createTestNetwork();
  net.fetch();

  await net.network.setPolicy({ allow: [{ origin: "http://peer.example" }] });
  redirect(net, "http://other.example/");
  net.clock.advance(failureTime);

  expect(net.told).toEqual(["1 failed"]);
  expect(codesIn(net.events)).toEqual(["ERR_POLICY_REFUSED"]);
});

test("an answer without Location is no redirect", () => {
  const net = createTestNetwork();
  net.fetch();

  net.transport.lastExchange.answer(302);

  expect(net.told).toEqual(["1 head 302 http://peer.example/"]);
});

test("with redirect mode error a redirect fails", async () => {
  const net = createTestNetwork();
  net.fetch(undefined, ["GET", "error"]);

  redirect(net, "/next");
  await settled();

  expect(net.told).toEqual(["1 failed"]);
  expect(codesIn(net.events)).toEqual(["ERR_REDIRECT"]);
});

test("with redirect mode manual a redirect ends the fetch", () => {
  const net = createTestNetwork();
  net.fetch(undefined, ["GET", "manual"]);

  redirect(net, "/next");

  expect(net.told).toEqual(["1 head 302 http://peer.example/", "1 end"]);
  expect(codesIn(net.events)).toEqual(["done"]);
  expect(net.network.connections).toBe(0);
});

describe("the host's own check refuses", () => {
  const url = "http://peer.example/";

  test.each<readonly [string, readonly string[]]>([
    ["no URL", ["http://[", "GET", "follow"]],
    ["a relative URL without a base", ["/x", "GET", "follow"]],
    ["another scheme", ["ws://peer.example/", "GET", "follow"]],
    ["a file", ["file:///etc/passwd", "GET", "follow"]],
    ["no texts", []],
    ["no method", [url, "", "follow"]],
    ["a method with a line break", [url, "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET", "follow"]],
    ["a method with a space", [url, "GE T", "follow"]],
    ["CONNECT", [url, "connect", "follow"]],
    ["TRACE", [url, "TRACE", "follow"]],
    ["a long method", [url, "X".repeat(65), "follow"]],
    ["an unknown redirect mode", [url, "GET", "always"]],
    ["a name without a value", [url, "GET", "follow", "A"]],
    ["an empty name", [url, "GET", "follow", "", "x"]],
    ["a name with a colon", [url, "GET", "follow", "A:", "x"]],
    ["a name with a line break", [url, "GET", "follow", "A\r\nB", "x"]],
    ["a value with a line break", [url, "GET", "follow", "A", "x\r\nHost: y"]],
    ["a value with a lone line feed", [url, "GET", "follow", "A", "x\ny"]],
    ["a value with U+0000", [url, "GET", "follow", "A", "x\0y"]],
    ["a value with a character above U+00FF", [url, "GET", "follow", "A", "\u010A"]],
    ["a value with a space at its end", [url, "GET", "follow", "A", "x "]],
    ["headers that are too long", [url, "GET", "follow", "A", "x".repeat(2 ** 16)]],
    ...[
      "Host",
      "connection",
      "Content-Length",
      "Transfer-Encoding",
      "TE",
      "Trailer",
      "Upgrade",
      "Expect",
      "Cookie",
      "Origin",
      "Referer",
      "Accept-Encoding",
      "Proxy-Authorization",
      "Sec-Fetch-Mode",
    ].map((name) => [name, [url, "POST", "follow", name, "1"]] as const),
  ])("%s", (_what, texts) => {
    const { network, transport, events } = createTestNetwork();

    expect(network.fetch(texts, undefined)).toBe(0);
    expect(transport.exchanges).toEqual([]);
    expect(events).toEqual([]);
  });

  test("a body of GET", () => {
    expect(createTestNetwork().network.fetch([url, "get", "follow"], new Uint8Array())).toBe(0);
  });
});
