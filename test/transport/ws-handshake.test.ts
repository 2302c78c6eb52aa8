import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { frame, opcodes, openRawServer, type HandshakeAnswer } from "../support/raw-server.ts";
import { connectWs, failureOf, openWs } from "../support/ws-client.ts";

describe("a good handshake", () => {
  test("sends the request of RFC 6455 and nothing that was not asked for", async () => {
    const server = await openRawServer();
    connectWs(`${server.url}path?query=1`);
    const peer = await server.next();

    const request = await peer.readRequest();

    expect(
      request
        .replace(/(Sec-WebSocket-Key: ).*/, "$1…")
        .trimEnd()
        .split("\r\n"),
    ).toEqual([
      "GET /path?query=1 HTTP/1.1",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: …",
      "Connection: Upgrade",
      "Upgrade: websocket",
      `Host: 127.0.0.1:${server.port}`,
    ]);
  });

  test("sends the policy's headers, origin and credentials", async () => {
    const server = await openRawServer();
    connectWs(server.url, {
      connect: {
        headers: { "X-Device": "7", upgrade: "h2c", Authorization: "none" },
        origin: "https://page.example",
        credentials: { username: "ü", password: "p:w" },
      },
    });
    const peer = await server.next();

    const request = await peer.readRequest();

    expect(request).toContain("X-Device: 7\r\n");
    expect(request).toContain("Upgrade: websocket\r\n");
    expect(request).not.toContain("h2c");
    expect(request).toContain("Origin: https://page.example\r\n");
    const credentials = Buffer.from("ü:p:w").toString("base64");
    expect(request.match(/^Authorization: .*$/gm)).toEqual([`Authorization: Basic ${credentials}`]);
  });

  test("reports the subprotocol that the server chose", async () => {
    const { sink } = await openWs(
      { protocols: ["a", "b"] },
      { headers: ["Sec-WebSocket-Protocol: b"] },
    );

    await expect(sink.whenOpened).resolves.toEqual({
      protocol: "b",
      extensions: "",
      address: "127.0.0.1",
    });
  });

  test("reports permessage-deflate with its parameters when it was asked for and agreed", async () => {
    const extension = "permessage-deflate; server_no_context_takeover";
    const { sink, peer } = await openWs(
      { connect: { perMessageDeflate: true } },
      { headers: [`Sec-WebSocket-Extensions: ${extension}`] },
    );

    await expect(sink.whenOpened).resolves.toEqual({
      protocol: "",
      extensions: extension,
      address: "127.0.0.1",
    });
    expect(peer.request).toContain("Sec-WebSocket-Extensions: permessage-deflate");
  });

  test("delivers a message that came in the same packet as the answer after opened", async () => {
    const { sink } = await openWs({}, { frames: frame(opcodes.text, "early") });

    await sink.messages(1);

    expect(sink.log).toEqual(["opened", "text early"]);
  });
});

describe("an answer that is no upgrade", () => {
  test.each([200, 301, 302, 401, 403, 404, 500])(
    "status %i fails with that status",
    async (status) => {
      const server = await openRawServer();
      const { sink } = connectWs(server.url);
      const peer = await server.next();
      await peer.readRequest();

      peer.write(
        `HTTP/1.1 ${status} X\r\nLocation: ws://127.0.0.1:${server.port}/\r\nContent-Length: 0\r\n\r\n`,
      );

      const close = await sink.whenClosed;
      expect(failureOf(close)).toBe("1006 false handshake ERR_HANDSHAKE_STATUS");
      expect(close.failure?.status).toBe(status);
      expect(close.failure?.host).toBe(`127.0.0.1:${server.port}`);
      await peer.closed();
      expect(server.accepted).toBe(1);
    },
  );
});

describe("an answer that breaks the protocol", () => {
  const answers: readonly (readonly [string, HandshakeAnswer, readonly string[]])[] = [
    ["a wrong accept key", { accept: "bm90IHRoZSBrZXkgYXQgYWxs" }, []],
    ["HTTP/1.0", { version: "1.0" }, []],
    ["no subprotocol where one was offered", {}, ["a"]],
    ["a subprotocol that was not offered", { headers: ["Sec-WebSocket-Protocol: z"] }, ["a"]],
    ["a subprotocol where none was offered", { headers: ["Sec-WebSocket-Protocol: a"] }, []],
    [
      "two subprotocols",
      { headers: ["Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b"] },
      ["a", "b"],
    ],
    [
      "an extension that was not asked for",
      { headers: ["Sec-WebSocket-Extensions: permessage-deflate"] },
      [],
    ],
    ["headers beyond 16 KiB", { headers: [`X: ${"x".repeat(20_000)}`] }, []],
  ];

  test.each(answers)("%s fails the connection", async (_name, answer, protocols) => {
    const server = await openRawServer();
    const { sink } = connectWs(server.url, { protocols });

    const peer = await server.accept(answer);

    expect(failureOf(await sink.whenClosed)).toBe("1006 false handshake ERR_HANDSHAKE_INVALID");
    await peer.closed();
    expect(sink.log).toEqual(["closed 1006"]);
  });

  test.each([
    [
      "another protocol to upgrade to",
      "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
    ["101 without an upgrade", "HTTP/1.1 101 X\r\n\r\n"],
    ["something that is not HTTP", "SSH-2.0-OpenSSH_9.6\r\n"],
    ["a flood of interim answers", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100)],
  ])("%s fails the connection", async (_name, bytes) => {
    const server = await openRawServer();
    const { sink } = connectWs(server.url);
    const peer = await server.next();
    await peer.readRequest();

    peer.write(bytes);

    expect(failureOf(await sink.whenClosed)).toBe("1006 false handshake ERR_HANDSHAKE_INVALID");
    await peer.closed();
  });
});

describe("a connection that ends during the handshake", () => {
  test("by a reset is lost", async () => {
    const server = await openRawServer();
    const { sink } = connectWs(server.url);
    const peer = await server.next();
    await peer.readRequest();

    peer.socket.resetAndDestroy();

    const close = await sink.whenClosed;
    expect(failureOf(close)).toBe("1006 false handshake ERR_CONNECTION_LOST");
    expect(close.failure?.systemCode).toBe("ECONNRESET");
  });

  test("by FIN is lost", async () => {
    const server = await openRawServer();
    const { sink } = connectWs(server.url);
    const peer = await server.next();
    await peer.readRequest();

    peer.socket.end("HTTP/1.1 101 Switching");

    expect((await sink.whenClosed).failure?.stage).toBe("handshake");
  });

  test("by close() of our own says so, and the server sees the end", async () => {
    const server = await openRawServer();
    const { connection, sink } = connectWs(server.url);
    const peer = await server.next();
    await peer.readRequest();

    connection.close(1000, "bye");

    expect(sink.log).toEqual([]);
    expect(failureOf(await sink.whenClosed)).toBe("1006 false handshake ERR_CLOSED_BY_SCRIPT");
    await peer.closed();
  });

  test("by abort() of our own says so, and a late answer changes nothing", async () => {
    const server = await openRawServer();
    const { connection, sink } = connectWs(server.url);
    const peer = await server.next();
    await peer.readRequest();

    connection.abort();
    peer.answer();

    expect(failureOf(await sink.whenClosed)).toBe("1006 false handshake ERR_ABORTED");
    await peer.closed();
    expect(sink.log).toEqual(["closed 1006"]);
  });

  test("by abort() in the turn of connect() is reported once and later", async () => {
    const server = await openRawServer();
    const { connection, sink } = connectWs(server.url);

    connection.abort();
    connection.abort();

    expect(sink.log).toEqual([]);
    await sink.whenClosed;
    expect(sink.log).toEqual(["closed 1006"]);
  });
});

test("a port where nobody listens fails with the system's code and the address", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  server.close();
  await once(server, "close");

  const { sink } = connectWs(`ws://127.0.0.1:${port}/`);

  const close = await sink.whenClosed;
  expect(failureOf(close)).toBe("1006 false connect ERR_CONNECT");
  expect(close.failure).toMatchObject({ systemCode: "ECONNREFUSED", address: "127.0.0.1" });
});

test("a header that HTTP cannot carry fails the connection and not the process", async () => {
  const server = await openRawServer();

  const { sink } = connectWs(server.url, { connect: { headers: { "X-Name": "a\r\nb" } } });

  expect(failureOf(await sink.whenClosed)).toBe("1006 false handshake ERR_HANDSHAKE_INVALID");
  expect(server.accepted).toBe(0);
});
