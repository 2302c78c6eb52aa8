/** Arguments of the methods of `SubtleCrypto`, and what keys may be used for. */
import { isBufferSource } from "../bytes.ts";
import { DOMException } from "../dom-exception.ts";
import { createList, TypeErrorOf } from "../intrinsics.ts";
import { isObject, toDOMString, toSequence } from "../webidl.ts";
import { type KeyState, keyState } from "./crypto-key.ts";
import { jsonWebKeyText } from "./json-web-key.ts";
import { type Normalized, toBytes } from "./subtle-algorithms.ts";

/** Stands for a length of `null`. */
export const noLength = -1;

export function toKey(value: unknown): KeyState {
  const state = keyState(value);
  if (state === undefined) throw new TypeErrorOf("The argument is no CryptoKey");
  return state;
}

export type Format = "raw" | "spki" | "pkcs8" | "jwk";

export function toFormat(value: unknown): Format {
  const format = toDOMString(value);
  if (format === "raw" || format === "spki" || format === "pkcs8" || format === "jwk") {
    return format;
  }
  throw new TypeErrorOf("There is no format " + format);
}

/** `(BufferSource or JsonWebKey)`. */
export function toKeyData(value: unknown): {
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly jwk: string;
} {
  if (isObject(value) && isBufferSource(value)) {
    return { __proto__: null, bytes: toBytes("keyData", value), jwk: "" } as never;
  }
  return { __proto__: null, jwk: jsonWebKeyText(value) } as never;
}

const usageNames = {
  __proto__: null,
  encrypt: true,
  decrypt: true,
  sign: true,
  verify: true,
  deriveKey: true,
  deriveBits: true,
  wrapKey: true,
  unwrapKey: true,
};

/** `sequence<KeyUsage>`, each once. */
export function toUsages(value: unknown): readonly string[] {
  const given = toSequence(value, (item) => {
    const usage = toDOMString(item);
    if ((usageNames as Readonly<Record<string, unknown>>)[usage] !== true) {
      throw new TypeErrorOf("There is no usage " + usage);
    }
    return usage;
  });
  const usages = createList<string>();
  for (let index = 0; index < given.length; index++) {
    const usage = given[index] as string;
    if (!contains(usages, usage)) usages[usages.length] = usage;
  }
  return usages;
}

function contains(list: readonly string[], wanted: string): boolean {
  for (let index = 0; index < list.length; index++) if (list[index] === wanted) return true;
  return false;
}

function invalidAccess(message: string): never {
  throw new DOMException(message, "InvalidAccessError");
}

export function checkKey(algorithm: Normalized, key: KeyState, usage: string): void {
  if (algorithm.name !== key.algorithm.name) invalidAccess("The key is of another algorithm");
  if (!contains(key.usages, usage)) invalidAccess("The key's usages lack " + usage);
}

export function checkDerivation(algorithm: Normalized, key: KeyState, usage: string): void {
  checkKey(algorithm, key, usage);
  const { public: other } = algorithm;
  if (other === undefined) return;
  if (other.type !== "public") invalidAccess("The other key is not public");
  if (other.algorithm.name !== key.algorithm.name) {
    invalidAccess("The other key is of another algorithm");
  }
  if (other.algorithm.namedCurve !== key.algorithm.namedCurve) {
    invalidAccess("The other key is of another curve");
  }
}

/** "Get key length", in bits. */
export function keyLength({ name, length, hash }: Normalized): number {
  if (name === "HKDF" || name === "PBKDF2") return noLength;
  if (name === "HMAC") {
    if (length === 0) throw new TypeErrorOf("A key of no bits cannot be derived");
    return length ?? (hash === "SHA-1" || hash === "SHA-256" ? 512 : 1_024);
  }
  if (length === 128 || length === 192 || length === 256) return length;
  throw new DOMException("AES has keys of 128, 192 or 256 bits", "OperationError");
}

export function checkExport(format: Format, key: KeyState): void {
  const { name, namedCurve, publicExponent } = key.algorithm;
  const isPair = namedCurve !== undefined || publicExponent !== undefined;
  const isKnown = format === "jwk" || (format === "raw" ? publicExponent === undefined : isPair);
  if (name === "HKDF" || name === "PBKDF2" || !isKnown) {
    throw new DOMException(name + " has no keys in the format " + format, "NotSupportedError");
  }
  if (!key.extractable) invalidAccess("The key is not extractable");
  if (format === "jwk" || !isPair) return;
  if ((format === "pkcs8") !== (key.type === "private")) {
    invalidAccess("A " + key.type + " key has no format " + format);
  }
}
