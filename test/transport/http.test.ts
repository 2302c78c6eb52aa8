import { once } from "node:events";
import { Agent, createServer, type RequestListener } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createCertificateAuthority } from "../support/certificates.ts";
import { type HttpClient, sendHttp } from "../support/http-client.ts";
import { openRawServer, type RawPeer } from "../support/raw-server.ts";

/** A server of node:http that is closed with the test; answers its URL. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A request whose server answers with these bytes. */
async function answerWith(
  text: string,
  end: "end" | "reset" | "open" = "end",
): Promise<{ readonly client: HttpClient; readonly peer: RawPeer }> {
  const server = await openRawServer();
  const client = sendHttp({ url: server.url.replace("ws:", "http:") });
  const peer = await server.next();
  await peer.readRequest();
  peer.write(Buffer.from(text, "latin1"));
  if (end === "end") peer.socket.end();
  return { client, peer };
}

function answering(...addresses: readonly string[]): LookupFunction {
  return (_hostname, _options, callback) => {
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
}

describe("a request", () => {
  test("is answered with status, headers as they were sent, and body", async () => {
    const { client } = await answerWith(
      "HTTP/1.1 203 It\xE9\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: b\r\n\r\nhello",
    );

    await expect(client.head).resolves.toEqual({
      status: 203,
      statusText: "It\u00E9",
      headers: [
        ["X-A", "1"],
        ["x-a", "2"],
        ["Set-Cookie", "b"],
      ],
      address: "127.0.0.1",
    });
    expect((await client.body()).toString()).toBe("hello");
    expect(client.stages).toEqual(["connect", "handshake"]);
  });

  test("has the headers of connection, policy and script, which overrides neither", async () => {
    const server = await openRawServer();
    const { host } = new URL(server.url);
    sendHttp({
      url: `http://${host}/a?b`,
      method: "POST",
      headers: [
        ["Accept", "text/plain"],
        ["X-Two", "1"],
        ["X-Two", "2"],
        ["x-key", "script"],
        ["AUTHORIZATION", "script"],
        ["Content-Length", "0"],
        ["host", "evil.example"],
        ["Transfer-Encoding", "chunked"],
        ["Accept-Encoding", "zstd"],
      ],
      body: new Uint8Array([0x68, 0x69]),
      connect: {
        headers: { "X-Key": "policy", host: "policy.example" },
        credentials: { username: "u", password: "p" },
        origin: "https://dashboard.example",
      },
    });

    const peer = await server.next();

    expect(await peer.readRequest()).toBe(
      [
        "POST /a?b HTTP/1.1",
        `Host: ${host}`,
        "Connection: close",
        "Accept-Encoding: gzip, deflate, br",
        "Content-Length: 2",
        "Origin: https://dashboard.example",
        "X-Key: policy",
        "Authorization: Basic dTpw",
        "Accept: text/plain",
        "X-Two: 1",
        "X-Two: 2",
        "",
        "",
      ].join("\r\n"),
    );
  });

  test.each([
    ["GET", undefined],
    ["DELETE", undefined],
    ["POST", "Content-Length: 0"],
    ["PATCH", "Content-Length: 0"],
  ])("of %s without a body has %s", async (method, expected) => {
    const server = await openRawServer();
    sendHttp({ url: server.url.replace("ws:", "http:"), method });

    const request = await (await server.next()).readRequest();

    expect(/^(?:content-length|transfer-encoding).*$/im.exec(request)?.[0]).toBe(expected);
  });

  test.each([
    ["a method", { method: "GET / HTTP/1.1\r\nX: y\r\n\r\nGET" }],
    ["a header's name", { headers: [["A\r\nB", "c"]] as const }],
    ["a header's value", { headers: [["A", "b\r\nC: d"]] as const }],
    ["a header's value, from the policy", { connect: { headers: { A: "b\nC: d" } } }],
  ])("with a line break in %s is never sent", async (_where, request) => {
    const server = await openRawServer();

    const client = sendHttp({ url: server.url.replace("ws:", "http:"), ...request });

    await expect(client.outcome).resolves.toMatch(/ERR_/);
    expect(client.log).toEqual(["failed"]);
  });

  test("does not follow redirects", async () => {
    const { client } = await answerWith("HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n");

    await expect(client.head).resolves.toMatchObject({ status: 302 });
    await expect(client.outcome).resolves.toBe("end");
  });

  test("of HEAD has no body, whatever its headers say", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "Content-Length": 100, "Content-Encoding": "gzip" }).end();
    });

    const client = sendHttp({ url, method: "HEAD" });

    await expect(client.body()).resolves.toHaveLength(0);
    expect(client.log).toEqual(["head 200", "end"]);
  });

  test("passes over interim answers, but not over many", async () => {
    const one = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";

    const few = await answerWith(`${one}${one}HTTP/1.1 200 OK\r\n\r\n`);
    const many = await answerWith(one.repeat(17), "open");

    await expect(few.client.outcome).resolves.toBe("end");
    await expect(many.client.outcome).resolves.toBe("handshake ERR_RESPONSE_INVALID");
  });
});

describe("addresses", () => {
  test.each(["127.0.0.1", "[::1]", "0x7f.1", "[::ffff:7f00:1]", "169.254.169.254"])(
    "%s is refused without a packet when it is not allowed",
    async (host) => {
      const server = await openRawServer();
      const url = new URL(`http://${host}:${server.port}/`).href;

      const { outcome, log } = sendHttp({ url, addresses: {} });

      expect(log).toEqual([]);
      await expect(outcome).resolves.toMatch(/^policy ERR_ADDRESS_REFUSED /);
      expect(server.accepted).toBe(0);
    },
  );

  test.each([
    ["a private one", ["10.0.0.1"]],
    ["a public and a private one", ["93.184.216.34", "127.0.0.1"]],
  ])("a name that resolves to %s is refused without a packet", async (_what, addresses) => {
    const server = await openRawServer();

    const { outcome } = sendHttp(
      { url: `http://name.example:${server.port}/`, addresses: {} },
      { lookup: answering(...addresses) },
    );

    await expect(outcome).resolves.toMatch(/^policy ERR_ADDRESS_REFUSED /);
    expect(server.accepted).toBe(0);
  });

  test("the peer's address is told, unless an agent chose it", async () => {
    const url = await serve((_request, response) => response.end());
    const agent = new Agent();

    const own = await sendHttp({ url }).head;
    const others = await sendHttp({ url }, { agent }).head;

    expect([own.address, others.address]).toEqual(["127.0.0.1", undefined]);
  });
});

describe("TLS", () => {
  const authority = createCertificateAuthority();

  test("is verified by what the policy trusts", async () => {
    const server = await openRawServer(authority.issue());
    const url = server.url.replace("wss:", "https:");

    const trusted = sendHttp({ url, connect: { tls: { ca: authority.cert } } });
    const peer = await server.next();
    await peer.readRequest();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    await expect(trusted.outcome).resolves.toBe("end");
    expect(trusted.stages).toEqual(["connect", "tls", "handshake"]);

    await expect(sendHttp({ url }).outcome).resolves.toBe("tls ERR_TLS");
  });

  test("fails for a certificate of another name", async () => {
    const server = await openRawServer(authority.issue({ hosts: ["other.example"] }));

    const { outcome } = sendHttp({
      url: server.url.replace("wss:", "https:"),
      connect: { tls: { ca: authority.cert } },
    });

    await expect(outcome).resolves.toBe("tls ERR_TLS");
  });
});

describe("an answer that is not valid fails", () => {
  const start = "HTTP/1.1 200 OK\r\n";

  test.each<readonly [string, string, string]>([
    ["nothing", "", "handshake ERR_CONNECTION_LOST"],
    ["no HTTP", "SSH-2.0-OpenSSH_9.6\r\n", "handshake ERR_RESPONSE_INVALID"],
    ["a head without an end", `${start}A: b\r\n`, "handshake ERR_CONNECTION_LOST"],
    [
      "headers that are too long",
      `${start}A: ${"x".repeat(2 ** 17)}\r\n\r\n`,
      "handshake ERR_RESPONSE_INVALID",
    ],
    [
      "more headers than there is room for",
      `${start}${"a:b\r\n".repeat(2 ** 15)}\r\n`,
      "handshake ERR_RESPONSE_INVALID",
    ],
    [
      "two lengths",
      `${start}Content-Length: 1\r\nContent-Length: 2\r\n\r\na`,
      "handshake ERR_RESPONSE_INVALID",
    ],
    [
      "a length and chunks",
      `${start}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
      "handshake ERR_RESPONSE_INVALID",
    ],
    ["a name with a space", `${start}A : b\r\n\r\n`, "handshake ERR_RESPONSE_INVALID"],
    ["a folded header", `${start}A: b\r\n c\r\n\r\n`, "handshake ERR_RESPONSE_INVALID"],
    [
      "status 101",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
      "handshake ERR_RESPONSE_INVALID",
    ],
    ["status 700", "HTTP/1.1 700 Odd\r\n\r\n", "handshake ERR_RESPONSE_INVALID"],
    [
      "a body that is too short",
      `${start}Content-Length: 9\r\n\r\nabc`,
      "open ERR_CONNECTION_LOST",
    ],
    [
      "a chunk without an end",
      `${start}Transfer-Encoding: chunked\r\n\r\n9\r\nabc`,
      "open ERR_CONNECTION_LOST",
    ],
    [
      "a chunk with a wrong length",
      `${start}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`,
      "open ERR_RESPONSE_INVALID",
    ],
  ])("%s", async (_what, text, expected) => {
    const { client } = await answerWith(text);

    await expect(client.outcome).resolves.toBe(expected);
  });

  test("a connection that is reset within the body", async () => {
    const { client, peer } = await answerWith(
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
      "open",
    );
    await client.head;

    peer.socket.resetAndDestroy();

    await expect(client.outcome).resolves.toBe("open ERR_CONNECTION_LOST");
    expect(client.log.filter((entry) => entry === "failed")).toHaveLength(1);
  });

  test("a port that nobody listens to", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");

    await expect(sendHttp({ url: `http://127.0.0.1:${port}/` }).outcome).resolves.toBe(
      "connect ERR_CONNECT 127.0.0.1",
    );
  });
});

describe("abort()", () => {
  test("before the answer ends the connection and tells nothing", async () => {
    const server = await openRawServer();
    const client = sendHttp({ url: server.url.replace("ws:", "http:") });
    const peer = await server.next();
    await peer.readRequest();

    client.exchange.abort();
    await peer.closed();

    expect(client.log).toEqual([]);
  });

  test("within the body ends the connection and tells nothing more", async () => {
    const { client, peer } = await answerWith("HTTP/1.1 200 OK\r\n\r\nabc", "open");
    await client.head;

    client.exchange.abort();
    client.exchange.pause();
    client.exchange.resume();
    await peer.closed();

    expect(client.log.filter((entry) => entry === "end" || entry === "failed")).toEqual([]);
  });

  test("while the name is looked up leaves nothing behind", async () => {
    const client = sendHttp(
      { url: "http://name.example/" },
      {
        lookup: (_hostname, _options, callback) =>
          void setImmediate(callback, null, "127.0.0.1", 4),
      },
    );

    client.exchange.abort();
    await new Promise((resolve) => {
      setImmediate(() => setImmediate(resolve));
    });

    expect(client.log).toEqual([]);
  });
});

test("pause() holds back a body that the server goes on sending", async () => {
  const size = 2 ** 25;
  const url = await serve((_request, response) => response.end(Buffer.alloc(size)));
  const client = sendHttp({ url });
  await client.head;

  client.exchange.pause();
  for (let look = 0; look < 200; look += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  expect(client.chunks.length).toBeLessThan(16);
  client.exchange.resume();
  await expect(client.body()).resolves.toHaveLength(size);
});
