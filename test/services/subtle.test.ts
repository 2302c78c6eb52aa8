import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { subtle } from "../../src/services/subtle.ts";
import { TaskError } from "../../src/services/tasks.ts";

/** A request; its bytes are given in pieces. */
async function ask(
  operation: unknown,
  pieces: readonly Uint8Array[],
  ...parameters: unknown[]
): Promise<Uint8Array> {
  const lengths = pieces.map(({ byteLength }) => byteLength);
  const data = new Uint8Array(Buffer.concat(pieces));
  return subtle(JSON.stringify([operation, lengths, ...parameters]), data.buffer);
}

/** What a refused request says. */
async function refusal(request: Promise<unknown>): Promise<string> {
  const error: unknown = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TaskError);
  const { exception, message } = error as TaskError;
  return `${exception}: ${message}`;
}

const empty = new Uint8Array();

describe("the service of crypto.subtle", () => {
  test("answers any request with bytes, or with an exception of the standard", async () => {
    const algorithm = fc
      .dictionary(
        fc.constantFrom(
          "hash",
          "length",
          "iv",
          "public",
          "namedCurve",
          "publicExponent",
          "counter",
        ),
        fc.oneof(
          fc.constantFrom("SHA-1", "P-256", 0, 128, 255, -1, 1.5, "__proto__"),
          fc.jsonValue({ maxDepth: 1 }),
        ),
      )
      .chain((members) =>
        fc
          .constantFrom(
            "AES-CBC",
            "AES-KW",
            "HMAC",
            "ECDH",
            "RSA-PSS",
            "HKDF",
            "PBKDF2",
            "SHA-1",
            "aes-gcm",
            "Ed25519",
          )
          .map((name) => ["name", name, ...Object.entries(members).flat()]),
      );
    const usages = fc.array(fc.constantFrom("sign", "encrypt", "deriveBits", "wrapKey", "x"));
    const key = fc.tuple(
      fc.constantFrom("secret", "public", "private", "x"),
      algorithm,
      usages,
      fc.nat(3),
    );
    const parameter = fc.oneof(
      algorithm,
      key,
      usages,
      fc.constantFrom("raw", "jwk", "spki", "pkcs8", 0, 1, -1, 128),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const operation = fc.constantFrom(
      "digest",
      "encrypt",
      "decrypt",
      "sign",
      "verify",
      "generateKey",
      "deriveKey",
      "deriveBits",
      "importKey",
      "exportKey",
      "wrapKey",
      "unwrapKey",
      "constructor",
    );
    await fc.assert(
      fc.asyncProperty(
        operation,
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
        fc.array(parameter, { maxLength: 7 }),
        async (name, pieces, parameters) => {
          const outcome = await ask(name, pieces, ...parameters).catch((error: unknown) => error);

          if (outcome instanceof Uint8Array) return;
          expect(outcome).toBeInstanceOf(TaskError);
          expect((outcome as TaskError).exception).toMatch(
            /^(?:Data|InvalidAccess|NotSupported|Operation|Syntax)Error$/,
          );
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test.each([
    "",
    "[",
    "null",
    "{}",
    "[1]",
    `["digest"]`,
    `["digest",[1],["name","SHA-1"]]`,
    `["digest",[-1]]`,
  ])("refuses the request %j", async (json) => {
    expect(await refusal(subtle(json, new ArrayBuffer(0)))).toMatch(/^OperationError: /);
  });

  test.each(["pbkdf2", "Ed25519", "toString", "SHA-3"])(
    "knows no algorithm %s, whatever the host knows",
    async (name) => {
      expect(await refusal(ask("digest", [empty], ["name", name]))).toBe(
        "OperationError: The request is malformed",
      );
    },
  );

  test("derives in two million rounds at most, of the longer hashes in half as many", async () => {
    const derive = (iterations: number, bits: number, hash = "SHA-256"): Promise<Uint8Array> =>
      ask(
        "deriveBits",
        [Uint8Array.of(1), empty],
        ["name", "PBKDF2", "hash", hash, "salt", 1, "iterations", iterations],
        ["secret", ["name", "PBKDF2"], ["deriveBits"], 0],
        bits,
      );

    expect(await refusal(derive(2_000_001, 256))).toBe(
      "OperationError: iterations times the blocks to derive: at most 2000000, got 2000001",
    );
    expect(await refusal(derive(1_000_001, 264))).toContain("got 2000002");
    expect(await refusal(derive(1_000_001, 512, "SHA-512"))).toContain("got 2000002");
    expect(await refusal(derive(1, 65_537 * 8))).toBe(
      "OperationError: bits to derive: at most 524288, got 524296",
    );
    expect((await derive(1, 65_536 * 8)).byteLength).toBe(65_536);
  });

  test("wraps 64 KiB at most with AES-KW, and unwraps no more", async () => {
    const unwrap = (bytes: number): Promise<Uint8Array> =>
      ask(
        "unwrapKey",
        [new Uint8Array(bytes), new Uint8Array(16)],
        "raw",
        ["secret", ["name", "AES-KW"], ["unwrapKey"], 1],
        ["name", "AES-KW"],
        ["name", "HMAC", "hash", "SHA-1"],
        1,
        ["sign"],
      );

    expect(await refusal(unwrap(65_537))).toBe(
      "OperationError: bytes to wrap: at most 65536, got 65537",
    );
    // Large enough, and no wrapped key.
    expect(await refusal(unwrap(65_536))).toBe("OperationError: The operation failed");
  });

  test.each([
    ["raw", ["name", "HMAC", "hash", "SHA-1"], 2 ** 20],
    ["pkcs8", ["name", "RSA-PSS", "hash", "SHA-1"], 32_768],
    ["jwk", ["name", "AES-GCM"], 32_768],
    ["raw", ["name", "ECDH", "namedCurve", "P-256"], 32_768],
  ])("imports keys in %s for %j of %d bytes at most", async (format, algorithm, most) => {
    const importKey = (bytes: number): Promise<string> =>
      ask("importKey", [new Uint8Array(bytes)], format, algorithm, 1, ["sign"]).then(
        () => "imported",
        (error: unknown) => (error as TaskError).message,
      );

    expect(await importKey(most)).not.toContain("at most");
    expect(await importKey(most + 1)).toBe(`bytes of a key: at most ${most}, got ${most + 1}`);
  });

  test("makes RSA keys of 512 to 4,096 bits only", async () => {
    const generate = (bits: number): Promise<Uint8Array> =>
      ask(
        "generateKey",
        [],
        ["name", "RSA-PSS", "hash", "SHA-1", "modulusLength", bits, "publicExponent", [1, 0, 1]],
        ["sign"],
      );

    expect(await refusal(generate(511))).toContain("at least 512, got 511");
    expect(await refusal(generate(4_097))).toContain("at most 4096, got 4097");
    expect((await generate(512)).byteLength).toBeGreaterThan(100);
  });
});
