import type { LookupFunction } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type CertificateOptions,
  createCertificateAuthority,
  createSelfSignedCertificate,
} from "../support/certificates.ts";
import { openRawServer, type RawServer } from "../support/raw-server.ts";
import { connectWs, failureOf } from "../support/ws-client.ts";

const authority = createCertificateAuthority();
const tls = { ca: authority.cert };
const tlsFailed = "1006 false tls ERR_TLS";

async function openSecureServer(options?: CertificateOptions): Promise<RawServer> {
  return openRawServer(authority.issue(options));
}

describe("wss", () => {
  test("opens with a certificate of an authority that the policy trusts", async () => {
    const server = await openSecureServer();

    const { connection, sink } = connectWs(server.url, { connect: { tls } });

    const peer = await server.accept();
    await sink.whenOpened;
    connection.send("hello");
    expect((await peer.readFrame()).payload.toString()).toBe("hello");
  });

  test("verifies and sends the name of the URL", async () => {
    const server = await openSecureServer({ hosts: ["device.localhost"] });

    const { sink } = connectWs(`wss://device.localhost.:${server.port}/`, { connect: { tls } });

    await server.accept();
    await expect(sink.whenOpened).resolves.toBeDefined();
  });

  test("verifies the policy's server name in place of the host", async () => {
    const server = await openSecureServer({ hosts: ["device.example"] });

    const { sink } = connectWs(server.url, {
      connect: { tls: { ...tls, servername: "device.example" } },
    });

    await server.accept();
    await expect(sink.whenOpened).resolves.toBeDefined();
  });

  test.each([
    ["no trusted authority", {}, {}, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["another name", { hosts: ["other.example"] }, tls, "ERR_TLS_CERT_ALTNAME_INVALID"],
    [
      "a validity that is over",
      { validity: [new Date(0), new Date(1e12)] as const },
      tls,
      "CERT_HAS_EXPIRED",
    ],
    [
      "a validity that lies ahead",
      { validity: [new Date(4e12), new Date(5e12)] as const },
      tls,
      "CERT_NOT_YET_VALID",
    ],
  ])(
    "refuses a certificate with %s before the request is sent",
    async (_name, certificate, options, systemCode) => {
      const server = await openSecureServer(certificate);

      const { sink } = connectWs(server.url, { connect: { tls: options } });

      const close = await sink.whenClosed;
      expect(failureOf(close)).toBe(tlsFailed);
      expect(close.failure?.systemCode).toBe(systemCode);
    },
  );

  test("refuses a certificate that vouches for itself", async () => {
    const server = await openRawServer(createSelfSignedCertificate());

    const { sink } = connectWs(server.url.replace("127.0.0.1", "localhost"));

    const close = await sink.whenClosed;
    expect(failureOf(close)).toBe(tlsFailed);
    expect(close.failure?.systemCode).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
  });

  test("fails at a server that does not speak TLS", async () => {
    const server = await openRawServer();
    const { sink } = connectWs(server.url.replace("ws:", "wss:"));
    const peer = await server.next();

    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");

    expect(failureOf(await sink.whenClosed)).toBe(tlsFailed);
  });

  test("fails when the server resets during the TLS handshake", async () => {
    const server = await openRawServer();
    const { sink } = connectWs(server.url.replace("ws:", "wss:"));
    const peer = await server.next();
    await peer.readable();

    peer.socket.resetAndDestroy();

    expect(failureOf(await sink.whenClosed)).toBe(tlsFailed);
  });

  test.each([
    ["an authority", { ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" }],
    [
      "a key",
      {
        cert: authority.cert,
        key: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
      },
    ],
  ])("reports %s that cannot be read as a failure of TLS", async (_name, options) => {
    const server = await openSecureServer();

    const { sink } = connectWs(server.url, { connect: { tls: options } });

    expect(failureOf(await sink.whenClosed)).toBe(tlsFailed);
  });

  test("refuses the address before a byte of the TLS handshake leaves", async () => {
    const server = await openRawServer();
    const lookup: LookupFunction = (_hostname, _options, callback) =>
      callback(null, "127.0.0.1", 4);

    const { sink } = connectWs(`wss://name.example:${server.port}/`, { addresses: {} }, { lookup });

    expect(failureOf(await sink.whenClosed)).toBe("1006 false policy ERR_ADDRESS_REFUSED");
    expect(server.accepted).toBe(0);
  });

  describe("with verification turned off in the environment", () => {
    afterEach(() => {
      vi.unstubAllEnvs();
    });

    test("verifies all the same", async () => {
      vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
      const server = await openSecureServer();

      const { sink } = connectWs(server.url);

      expect(failureOf(await sink.whenClosed)).toBe(tlsFailed);
    });
  });
});
