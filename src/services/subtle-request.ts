import type { webcrypto } from "node:crypto";
import { parseJson } from "./json.ts";
import { TaskError } from "./tasks.ts";

/** A request of the guest, `[operation, lengths, ...parameters]` with its bytes, which are those of `lengths` in turn. */
export class SubtleRequest {
  readonly operation: string;
  readonly #parameters: readonly unknown[];
  readonly #chunks: readonly Uint8Array<ArrayBuffer>[];

  /** @throws {TaskError} for a request that the runtime does not make. */
  constructor(json: string, data: ArrayBuffer) {
    const request = parseJson(json, maxRequestLength);
    if (!Array.isArray(request)) malformed();
    const [operation, lengths, ...parameters] = request as unknown[];
    this.operation = text(operation);
    this.#parameters = parameters;
    this.#chunks = cut(data, lengths);
  }

  /** Bytes by index. */
  bytes(index: number): Uint8Array<ArrayBuffer> {
    return this.#chunks[index] ?? malformed();
  }

  text(index: number): string {
    return text(this.#parameters[index]);
  }

  flag(index: number): boolean {
    return this.#parameters[index] === 1;
  }

  /** A number of bits, or `null`. */
  bits(index: number): number | null {
    const value = this.#parameters[index];
    return value === -1 ? null : wholeNumber(value);
  }

  usages(index: number): KeyUsage[] {
    const value = this.#parameters[index];
    if (!Array.isArray(value) || value.length > 100) malformed();
    return value.map((usage: unknown) => text(usage)) as KeyUsage[];
  }

  algorithm(index: number): Algorithm {
    return this.#algorithm(this.#parameters[index]);
  }

  key(index: number): KeyMaterial {
    return this.#key(this.#parameters[index]);
  }

  #key(value: unknown): KeyMaterial {
    if (!Array.isArray(value)) malformed();
    const [type, algorithm, usages, chunk] = value as unknown[];
    if (type !== "secret" && type !== "public" && type !== "private") malformed();
    if (!Array.isArray(usages)) malformed();
    return {
      type,
      algorithm: this.#algorithm(algorithm),
      usages: usages.map((usage: unknown) => text(usage)) as KeyUsage[],
      data: this.bytes(wholeNumber(chunk)),
    };
  }

  /** A list of names and values in turn becomes an object. */
  #algorithm(value: unknown): Algorithm {
    if (!Array.isArray(value) || value.length % 2 !== 0) malformed();
    const algorithm: Record<string, unknown> = {};
    for (let index = 0; index < value.length; index += 2) {
      const name = text(value[index]);
      algorithm[name] = this.#member(name, value[index + 1]);
    }
    return { ...algorithm, name: oneOf(names, algorithm["name"]) };
  }

  #member(name: string, value: unknown): unknown {
    switch (name) {
      case "name":
        return oneOf(names, value);
      case "hash":
        return oneOf(hashes, value);
      case "namedCurve":
        return text(value);
      case "length":
      case "tagLength":
      case "saltLength":
      case "iterations":
      case "modulusLength":
        return wholeNumber(value);
      case "iv":
      case "counter":
      case "additionalData":
      case "label":
      case "salt":
      case "info":
        return this.bytes(wholeNumber(value));
      case "publicExponent":
        return Uint8Array.from(Array.isArray(value) ? value : malformed());
      case "public":
        return this.#key(value);
      default:
        return malformed();
    }
  }
}

export type KeyUsage = webcrypto.KeyUsage;

/** Members of an algorithm, as the runtime has converted them. */
export interface Algorithm {
  readonly name: string;
  readonly hash?: string;
  readonly namedCurve?: string;
  readonly length?: number;
  readonly saltLength?: number;
  readonly iterations?: number;
  readonly modulusLength?: number;
  readonly publicExponent?: Uint8Array<ArrayBuffer>;
  readonly public?: KeyMaterial;
}

/** A key, as the guest keeps it: `raw` for a secret, `spki` for a public one, `pkcs8` for a private one. */
export interface KeyMaterial {
  readonly type: "secret" | "public" | "private";
  readonly algorithm: Algorithm;
  readonly usages: KeyUsage[];
  readonly data: Uint8Array<ArrayBuffer>;
}

const hashes: readonly string[] = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];

/** The host would take others, and other spellings, which limits do not know. */
const names: readonly string[] = [
  ...hashes,
  "RSASSA-PKCS1-v1_5",
  "RSA-PSS",
  "RSA-OAEP",
  "ECDSA",
  "ECDH",
  "AES-CTR",
  "AES-CBC",
  "AES-GCM",
  "AES-KW",
  "HMAC",
  "HKDF",
  "PBKDF2",
];

/** Beside keys in JWK, which have a limit of their own, only names and numbers are in a request. */
const maxRequestLength = 2 ** 20;

function cut(data: ArrayBuffer, lengths: unknown): Uint8Array<ArrayBuffer>[] {
  if (!Array.isArray(lengths) || lengths.length > 16) malformed();
  let start = 0;
  return lengths.map((length: unknown) => {
    const end = start + wholeNumber(length);
    if (end > data.byteLength) malformed();
    const chunk = new Uint8Array(data, start, end - start);
    start = end;
    return chunk;
  });
}

function text(value: unknown): string {
  return typeof value === "string" ? value : malformed();
}

function oneOf(known: readonly string[], value: unknown): string {
  const name = text(value);
  return known.includes(name) ? name : malformed();
}

function wholeNumber(value: unknown): number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32
    ? value
    : malformed();
}

/** The guest runtime makes no such request: a script has got hold of its host calls. */
function malformed(): never {
  throw new TaskError("OperationError", "The request is malformed");
}
