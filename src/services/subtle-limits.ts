/** What an operation may cost: its thread is one of few that the whole process shares, and nothing stops it halfway. */
import type { Algorithm, KeyMaterial } from "./subtle-request.ts";
import { TaskError } from "./tasks.ts";

/** Iterations of PBKDF2 times the blocks that it makes, of which those of the longer hashes count twice: half a second of a thread. */
const maxRounds = 2_000_000;
/** Bytes that `deriveBits` makes. */
const maxDerivedBytes = 65_536;
/** Bits of an RSA key that is made, and of one that is used. */
const maxNewModulus = 4_096;
const maxModulus = 8_192;
/** Bytes of a key: of two parts, with a structure around them, or as JWK; and of a secret. */
const maxStructuredKeyBytes = 32_768;
const maxSecretBytes = 2 ** 20;
/** Bytes that AES-KW wraps: it takes time for each of them several times. */
const maxKeyWrapBytes = 65_536;
/** Bytes of a salt of RSA-PSS. */
const maxSaltLength = maxModulus / 8;

const hashBits: Readonly<Record<string, number>> = {
  "SHA-1": 160,
  "SHA-256": 256,
  "SHA-384": 384,
  "SHA-512": 512,
};

/** @throws {TaskError} `OperationError` for a key that is too large to be worked with. */
export function checkKeySize(kind: "secret" | "structured", bytes: number): void {
  const most = kind === "secret" ? maxSecretBytes : maxStructuredKeyBytes;
  atMost("bytes of a key", bytes, most);
}

/** @throws {TaskError} `OperationError` for an RSA key that is too large to be worked with. */
export function checkModulus(bits: number): void {
  atMost("bits of an RSA key", bits, maxModulus);
}

/** @throws {TaskError} `OperationError` for a key that takes too long to make, or too much memory. */
export function checkNewKey({ name, modulusLength, publicExponent, length }: Algorithm): void {
  if (modulusLength !== undefined) {
    atMost("bits of a new RSA key", modulusLength, maxNewModulus);
    if (modulusLength < 512) fail(`bits of a new RSA key: at least 512, got ${modulusLength}`);
    // Others make the search for primes longer, and keys that few others take.
    const exponent = Buffer.from(publicExponent ?? [])
      .toString("hex")
      .replace(/^0+/, "");
    if (exponent !== "3" && exponent !== "10001") fail("publicExponent: 3 or 65537");
  }
  if (name === "HMAC") atMost("bits of a key", length ?? 0, maxSecretBytes * 8);
}

/** @throws {TaskError} `OperationError` for bits that take too long to derive. */
export function checkDerivation({ name, hash, iterations }: Algorithm, bits: number | null): void {
  if (bits === null) return;
  atMost("bits to derive", bits, maxDerivedBytes * 8);
  if (name !== "PBKDF2") return;
  const size = hashBits[hash ?? ""] ?? 160;
  const blocks = Math.max(1, Math.ceil(bits / size)) * (size > 256 ? 2 : 1);
  atMost("iterations times the blocks to derive", (iterations ?? 0) * blocks, maxRounds);
}

/** @throws {TaskError} `OperationError` for data or a salt that an algorithm would take too long with. */
export function checkData({ name, saltLength }: Algorithm, data: Uint8Array): void {
  if (name === "AES-KW") atMost("bytes to wrap", data.byteLength, maxKeyWrapBytes);
  atMost("saltLength", saltLength ?? 0, maxSaltLength);
}

/** See {@link checkData}: wrapping takes what a key is exported as. */
export function checkWrapped(wrapping: Algorithm, key: KeyMaterial): void {
  if (wrapping.name === "AES-KW") atMost("bytes to wrap", key.data.byteLength, maxKeyWrapBytes / 2);
}

function atMost(what: string, given: number, most: number): void {
  if (given > most) fail(`${what}: at most ${most}, got ${given}`);
}

function fail(message: string): never {
  throw new TaskError("OperationError", message);
}
