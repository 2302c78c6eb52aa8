/**
 * "Normalize an algorithm": reads the dictionaries that scripts describe algorithms with.
 *
 * @see https://w3c.github.io/webcrypto/#algorithm-normalization-normalize-an-algorithm
 */
import { copyBufferSource, isBufferSource } from "../bytes.ts";
import { DOMException } from "../dom-exception.ts";
import {
  createList,
  createRecord,
  ownKeys,
  toLowerCase,
  typedArrayByteLength,
  typedArrayName,
  TypeErrorOf,
} from "../intrinsics.ts";
import { isObject, toDOMString, toEnforcedUnsignedLongLong } from "../webidl.ts";
import { type KeyState, keyState } from "./crypto-key.ts";

/** A normalized algorithm: its members by name, converted. */
export interface Normalized {
  readonly name: string;
  readonly hash?: string;
  readonly length?: number;
  readonly namedCurve?: string;
  readonly public?: KeyState;
}

/** What algorithms are asked for. */
export type AlgorithmUse =
  | "encrypt"
  | "decrypt"
  | "sign"
  | "verify"
  | "digest"
  | "deriveBits"
  | "wrapKey"
  | "unwrapKey"
  | "generateKey"
  | "importKey"
  | "getKeyLength";

type Kind = "hash" | "bytes" | "octet" | "short" | "long" | "string" | "key" | "integer";

/** A member of a dictionary. All items are there: a missing one would be looked for where scripts can put one. */
type Member = readonly [name: string, kind: Kind, isRequired: boolean];

/** Members of a dictionary by the name of the algorithm. */
type Dictionaries = Readonly<Record<string, readonly Member[]>>;

const none: readonly Member[] = [];
const hash: readonly Member[] = [["hash", "hash", true]];
const curve: readonly Member[] = [["namedCurve", "string", true]];
const iv: readonly Member[] = [["iv", "bytes", true]];
const counter: readonly Member[] = [
  ["counter", "bytes", true],
  ["length", "octet", true],
];
const gcm: readonly Member[] = [
  ["additionalData", "bytes", false],
  ["iv", "bytes", true],
  ["tagLength", "octet", false],
];
const label: readonly Member[] = [["label", "bytes", false]];
const saltLength: readonly Member[] = [["saltLength", "long", true]];
const aesLength: readonly Member[] = [["length", "short", true]];
const hmac: readonly Member[] = [
  ["hash", "hash", true],
  ["length", "long", false],
];
const rsa: readonly Member[] = [
  // Those of the inherited dictionary come first.
  ["modulusLength", "long", true],
  ["publicExponent", "integer", true],
  ["hash", "hash", true],
];
const hkdf: readonly Member[] = [
  ["hash", "hash", true],
  ["info", "bytes", true],
  ["salt", "bytes", true],
];
const pbkdf2: readonly Member[] = [
  ["hash", "hash", true],
  ["iterations", "long", true],
  ["salt", "bytes", true],
];
const ecdh: readonly Member[] = [["public", "key", true]];

const cipher: Dictionaries = {
  "RSA-OAEP": label,
  "AES-CTR": counter,
  "AES-CBC": iv,
  "AES-GCM": gcm,
};
const signature: Dictionaries = {
  "RSASSA-PKCS1-v1_5": none,
  "RSA-PSS": saltLength,
  ECDSA: hash,
  HMAC: none,
};
const keyWrap: Dictionaries = { "AES-KW": none };

/** Members of the dictionaries in the order in which they are read, by what an algorithm is asked for and by its name. */
const uses: Readonly<Record<AlgorithmUse, Dictionaries>> = {
  encrypt: cipher,
  decrypt: cipher,
  sign: signature,
  verify: signature,
  digest: { "SHA-1": none, "SHA-256": none, "SHA-384": none, "SHA-512": none },
  deriveBits: { ECDH: ecdh, HKDF: hkdf, PBKDF2: pbkdf2 },
  wrapKey: keyWrap,
  unwrapKey: keyWrap,
  generateKey: {
    "RSASSA-PKCS1-v1_5": rsa,
    "RSA-PSS": rsa,
    "RSA-OAEP": rsa,
    ECDSA: curve,
    ECDH: curve,
    "AES-CTR": aesLength,
    "AES-CBC": aesLength,
    "AES-GCM": aesLength,
    "AES-KW": aesLength,
    HMAC: hmac,
  },
  importKey: {
    "RSASSA-PKCS1-v1_5": hash,
    "RSA-PSS": hash,
    "RSA-OAEP": hash,
    ECDSA: curve,
    ECDH: curve,
    "AES-CTR": none,
    "AES-CBC": none,
    "AES-GCM": none,
    "AES-KW": none,
    HMAC: hmac,
    HKDF: none,
    PBKDF2: none,
  },
  getKeyLength: {
    "AES-CTR": aesLength,
    "AES-CBC": aesLength,
    "AES-GCM": aesLength,
    "AES-KW": aesLength,
    HMAC: hmac,
    HKDF: none,
    PBKDF2: none,
  },
};

/** An `AlgorithmIdentifier`, as Web IDL converts it. */
export function toIdentifier(value: unknown): object | string {
  return isObject(value) ? value : toDOMString(value);
}

/**
 * Reads an algorithm for `use`.
 *
 * @throws {DOMException} `NotSupportedError` when it has no such operation. @throws what the members that are no such values lead to.
 */
export function normalize(use: AlgorithmUse, identifier: object | string): Normalized {
  const known = uses[use];
  const given = typeof identifier === "string" ? createRecord<unknown>() : identifier;
  const wanted = typeof identifier === "string" ? identifier : readName(given);
  const name = canonicalName(known, wanted);
  if (name === undefined) {
    throw new DOMException(use + ": there is no " + wanted + " for it", "NotSupportedError");
  }
  const normalized = createRecord<unknown>();
  normalized["name"] = name;
  const members = known[name] as readonly Member[];
  for (let index = 0; index < members.length; index++) {
    const { 0: member, 1: kind, 2: isRequired } = members[index] as Member;
    const value = (given as Record<string, unknown>)[member];
    if (value !== undefined) normalized[member] = convert(member, kind, value);
    else if (isRequired) {
      throw new TypeErrorOf(use + ": " + name + " needs a member " + member);
    }
  }
  return normalized as unknown as Normalized;
}

function readName(given: object): string {
  const { name } = given as { readonly name?: unknown };
  if (name === undefined) throw new TypeErrorOf("The algorithm has no name");
  return toDOMString(name);
}

function canonicalName(known: object, wanted: string): string | undefined {
  const names = ownKeys(known);
  const lower = toLowerCase(wanted);
  for (let index = 0; index < names.length; index++) {
    if (toLowerCase(names[index]) === lower) return names[index] as string;
  }
  return undefined;
}

function convert(member: string, kind: Kind, value: unknown): unknown {
  switch (kind) {
    case "hash":
      return normalize("digest", toIdentifier(value)).name;
    case "bytes":
      return toBytes(member, value);
    case "octet":
      return toEnforced(member, value, 255);
    case "short":
      return toEnforced(member, value, 65_535);
    case "long":
      return toEnforced(member, value, 4_294_967_295);
    case "string":
      return toDOMString(value);
    case "key": {
      const state = keyState(value);
      if (state === undefined) throw new TypeErrorOf(member + " is no CryptoKey");
      return state;
    }
    case "integer":
      return toBigInteger(member, value);
  }
}

function toEnforced(member: string, value: unknown, most: number): number {
  const number = toEnforcedUnsignedLongLong(value);
  if (number > most) throw new TypeErrorOf(member + " is more than " + most);
  return number;
}

/** `BigInteger`: its bytes as a list, without zeros at the start, and no more than would fit a number that makes sense. */
function toBigInteger(member: string, value: unknown): readonly number[] {
  if (typedArrayName(value) !== "Uint8Array") throw new TypeErrorOf(member + " is no Uint8Array");
  const bytes = toBytes(member, value);
  const size = sizeOf(bytes);
  const list = createList<number>();
  for (let index = 0; index < size && list.length < 16; index++) {
    const byte = bytes[index] ?? 0;
    if (byte !== 0 || list.length > 0) list[list.length] = byte;
  }
  return list;
}

/** `BufferSource`, copied: the script may change it afterwards. */
export function toBytes(what: string, value: unknown): Uint8Array<ArrayBuffer> {
  if (!isObject(value) || !isBufferSource(value)) {
    throw new TypeErrorOf(what + " is no BufferSource");
  }
  return copyBufferSource(value, what);
}

/** Bytes of what {@link toBytes} made. */
export function sizeOf(bytes: Uint8Array<ArrayBuffer>): number {
  return typedArrayByteLength(bytes);
}
