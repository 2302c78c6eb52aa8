import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A certificate with its private key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority that issues certificates for tests. */
export interface CertificateAuthority {
  /** PEM, for the option `ca`. */
  readonly cert: string;
  issue(options?: CertificateOptions): Certificate;
}

/** What a certificate says. */
export interface CertificateOptions {
  /** Names and IPv4 addresses it is valid for. @defaultValue `localhost` and `127.0.0.1` */
  readonly hosts?: readonly string[];
  /** @defaultValue yesterday until tomorrow */
  readonly validity?: readonly [from: Date, until: Date];
}

/**
 * Makes an authority. Written by hand with `node:crypto`: packages that issue certificates bring a tree of a dozen others, for the
 * one shape of certificate that the tests need.
 */
export function createCertificateAuthority(): CertificateAuthority {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = "Test authority";
  const body = { issuer: name, subject: name, publicKey, validity: around(new Date()) };
  const cert = issue({ ...body, extensions: [authorityExtension] }, privateKey);
  return {
    cert,
    issue({ hosts = ["localhost", "127.0.0.1"], validity = around(new Date()) } = {}) {
      const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const subject = hosts[0] ?? "nobody";
      const extensions = [namesExtension(hosts)];
      return {
        cert: issue(
          { issuer: name, subject, publicKey: own.publicKey, validity, extensions },
          privateKey,
        ),
        key: own.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      };
    },
  };
}

/** Makes a certificate that vouches for itself. */
export function createSelfSignedCertificate(host = "localhost"): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const body = { issuer: host, subject: host, publicKey, validity: around(new Date()) };
  return {
    cert: issue({ ...body, extensions: [namesExtension([host])] }, privateKey),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

interface CertificateBody {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly validity: readonly [from: Date, until: Date];
  readonly extensions: readonly Buffer[];
}

function around(now: Date): readonly [Date, Date] {
  const day = 86_400_000;
  return [new Date(now.getTime() - day), new Date(now.getTime() + day)];
}

/** RFC 5280, section 4.1, in DER. */
function issue(body: CertificateBody, issuerKey: KeyObject): string {
  const algorithm = sequence(oid("1.2.840.10045.4.3.2"));
  const toBeSigned = sequence(
    explicit(0, integer(2)),
    // A positive number that no other certificate has.
    element(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
    algorithm,
    distinguishedName(body.issuer),
    sequence(...body.validity.map(time)),
    distinguishedName(body.subject),
    body.publicKey.export({ type: "spki", format: "der" }),
    explicit(3, sequence(...body.extensions)),
  );
  const signature = sign("sha256", toBeSigned, issuerKey);
  const der = sequence(toBeSigned, algorithm, bitString(signature));
  const lines = (der.toString("base64").match(/.{1,64}/g) ?? []).join("\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName(commonName: string): Buffer {
  const value = element(0x0c, Buffer.from(commonName));
  return sequence(element(0x31, sequence(oid("2.5.4.3"), value)));
}

function namesExtension(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    /^[\d.]+$/.test(host)
      ? element(0x87, Buffer.from(host.split(".").map(Number)))
      : element(0x82, Buffer.from(host)),
  );
  return sequence(oid("2.5.29.17"), element(0x04, sequence(...names)));
}

function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return element(0x18, Buffer.from(digits));
}

function integer(value: number): Buffer {
  return element(0x02, Buffer.from([value]));
}

function bitString(bytes: Buffer): Buffer {
  return element(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function explicit(tag: number, content: Buffer): Buffer {
  return element(0xa0 | tag, content);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = rest.flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let high = arc >> 7; high > 0; high >>= 7) groups.unshift((high & 0x7f) | 0x80);
    return groups;
  });
  return element(0x06, Buffer.from([first * 40 + second, ...bytes]));
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80
      ? [length]
      : length < 0x1_00
        ? [0x81, length]
        : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

/** Critical basic constraints: this is an authority. */
const authorityExtension: Buffer = sequence(
  oid("2.5.29.19"),
  element(0x01, Buffer.from([0xff])),
  element(0x04, sequence(element(0x01, Buffer.from([0xff])))),
);
