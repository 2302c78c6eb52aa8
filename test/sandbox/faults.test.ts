import { describe, expect, test } from "vitest";
import type { ConnectionFailure } from "../../src/events.ts";
import { allLoopback, allowOrigins } from "../../src/policy/allow-origins.ts";
import type { SandboxOptions } from "../../src/sandbox.ts";
import { wsTransport } from "../../src/transport/ws.ts";
import {
  createCertificateAuthority,
  createSelfSignedCertificate,
} from "../support/certificates.ts";
import { startEchoServer } from "../support/echo-server.ts";
import { frame, openRawServer, opcodes, type RawPeer } from "../support/raw-server.ts";
import { openSandbox, type TestSandbox } from "../support/sandbox.ts";

// From the script's event to the host's explanation, over real sockets.

const events = `
  const socket = new WebSocket(NetworkDevice.args[0]);
  socket.onopen = () => console.log("open");
  for (const type of ["error", "close"]) {
    socket.addEventListener(type, ({ code, wasClean }) =>
      console.log(type, socket.readyState, code, wasClean));
  }
`;

const authority = createCertificateAuthority();

const failed = ["error 3 undefined undefined", "close 3 1006 false"];

async function connect(
  url: string,
  options: SandboxOptions,
  source = events,
): Promise<TestSandbox> {
  const opened = await openSandbox({ ...options, args: [url] });
  await opened.sandbox.run(source);
  return opened;
}

/** What the host is told, once everything is over: the sandbox lives and holds nothing. */
async function endOf({ sandbox, events }: TestSandbox): Promise<ConnectionFailure | undefined> {
  await sandbox.idle();
  await sandbox.run(`if (socket.readyState !== WebSocket.CLOSED) throw new Error("not closed")`);
  expect(await sandbox.usage()).toMatchObject({ connections: 0, timers: 0, bufferedBytes: 0 });
  const ends = events.filter((event) => event.type === "closed");
  expect(ends).toHaveLength(1);
  return ends[0]?.failure;
}

describe.each(["none", "worker"] as const)("with isolation %j", (isolation) => {
  test.each([200, 302, 401, 403, 404, 500])(
    "an upgrade that is answered with %i",
    async (status) => {
      const server = await openRawServer();
      const guest = await connect(server.url, { isolation });
      const peer = await server.next();
      await peer.readRequest();

      peer.write(
        `HTTP/1.1 ${status} X\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n`,
      );

      const failure = await endOf(guest);
      expect(failure).toMatchObject({ stage: "handshake", code: "ERR_HANDSHAKE_STATUS", status });
      expect(guest.lines()).toEqual(failed);
      await server.empty();
    },
  );

  const acts: readonly [string, (peer: RawPeer) => unknown, object][] = [
    [
      "a wrong accept key",
      (peer) => peer.answer({ accept: "wrong" }),
      { stage: "handshake", code: "ERR_HANDSHAKE_INVALID" },
    ],
    [
      "a reset before the answer",
      (peer) => peer.socket.resetAndDestroy(),
      { stage: "handshake", code: "ERR_CONNECTION_LOST", systemCode: "ECONNRESET" },
    ],
  ];

  test.each(acts)("%s", async (_name, act, expected) => {
    const server = await openRawServer();
    const guest = await connect(server.url, { isolation });
    const peer = await server.next();
    await peer.readRequest();

    act(peer);

    expect(await endOf(guest)).toMatchObject(expected);
    expect(guest.lines()).toEqual(failed);
    await server.empty();
  });

  test("a name that does not resolve", async () => {
    const transport = wsTransport({
      lookup: (_hostname, _options, callback) =>
        callback(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }), []),
    });
    const policy = allowOrigins(["ws://lamp.example"]);

    const guest = await connect("ws://lamp.example/", { isolation, transport, policy });

    expect(await endOf(guest)).toMatchObject({
      stage: "resolve",
      code: "ERR_NAME_NOT_RESOLVED",
      systemCode: "ENOTFOUND",
      host: "lamp.example:80",
    });
    expect(guest.lines()).toEqual(failed);
  });

  test("a port where nobody listens", async () => {
    const server = await startEchoServer();
    await server.close();

    const guest = await connect(server.url, { isolation });

    expect(await endOf(guest)).toMatchObject({
      stage: "connect",
      code: "ERR_CONNECT",
      systemCode: "ECONNREFUSED",
      address: "127.0.0.1",
    });
    expect(guest.lines()).toEqual(failed);
  });

  test("a certificate that nobody vouches for", async () => {
    const server = await openRawServer(createSelfSignedCertificate());
    const url = server.url.replace("127.0.0.1", "localhost");

    const guest = await connect(url, { isolation });

    expect(await endOf(guest)).toMatchObject({
      stage: "tls",
      code: "ERR_TLS",
      systemCode: "DEPTH_ZERO_SELF_SIGNED_CERT",
    });
    expect(guest.lines()).toEqual(failed);
  });

  test.each([
    ["of another host", { hosts: ["other.example"] }, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["that has expired", { validity: [new Date(0), new Date(1e12)] }, "CERT_HAS_EXPIRED"],
  ] as const)("a certificate %s", async (_name, certificate, systemCode) => {
    const server = await openRawServer(authority.issue(certificate));
    const policy = allowOrigins(allLoopback, { connect: { tls: { ca: authority.cert } } });

    const guest = await connect(server.url, { isolation, policy });

    expect(await endOf(guest)).toMatchObject({ stage: "tls", code: "ERR_TLS", systemCode });
    expect(guest.lines()).toEqual(failed);
    await server.empty();
  });

  test("a server that does not speak TLS", async () => {
    const server = await openRawServer();
    const guest = await connect(server.url.replace("ws:", "wss:"), { isolation });
    const peer = await server.next();
    await peer.readable();

    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");

    expect(await endOf(guest)).toMatchObject({ stage: "tls", code: "ERR_TLS" });
    expect(guest.lines()).toEqual(failed);
    await server.empty();
  });

  test("a handshake that is never answered", async () => {
    const server = await openRawServer();

    const guest = await connect(server.url, { isolation, limits: { handshakeTimeout: 50 } });

    expect(await endOf(guest)).toMatchObject({ code: "ERR_HANDSHAKE_TIMEOUT" });
    expect(guest.lines()).toEqual(failed);
    await server.empty();
  });

  test.each<readonly [string, (peer: RawPeer) => unknown, string]>([
    ["an end without a close frame", (peer) => peer.socket.end(), "ERR_CONNECTION_LOST"],
    [
      "a frame that breaks the protocol",
      (peer) => peer.socket.end(frame(opcodes.text, "a", { reserved: 7 })),
      "ERR_PROTOCOL",
    ],
    ["a reset in the middle of a frame", (peer) => peer.resetInFrame(), "ERR_CONNECTION_LOST"],
  ])("%s", async (_name, end, code) => {
    const server = await openRawServer();
    const guest = await connect(server.url, { isolation });
    const peer = await server.accept();

    end(peer);

    expect(await endOf(guest)).toMatchObject({ stage: "open", code });
    expect(guest.lines()).toEqual(["open", ...failed]);
    await server.empty();
  });

  test("a peer that never answers a close", async () => {
    const server = await openRawServer();
    const limits = { closeTimeout: 20 };
    const source = `${events}; socket.addEventListener("open", () => socket.close(1000))`;

    const guest = await connect(server.url, { isolation, limits }, source);
    await server.accept();

    expect(await endOf(guest)).toMatchObject({ stage: "closing", code: "ERR_CLOSE_TIMEOUT" });
    expect(guest.lines()).toEqual(["open", ...failed]);
    await server.empty();
  });
});

test("failed connections leave nothing that keeps the caller's process busy", async () => {
  const server = await openRawServer();
  const before = process.getActiveResourcesInfo().length;
  const guest = await connect(server.url, { isolation: "none" });
  const peer = await server.accept();

  peer.socket.resetAndDestroy();

  await endOf(guest);
  await guest.sandbox.close();
  await server.empty();
  while (process.getActiveResourcesInfo().length > before) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  expect(guest.lines()).toEqual(["open", ...failed]);
});
