/** Keys between the guest, which keeps them, and the host's implementation, which gets them anew for each operation. */
import type { webcrypto } from "node:crypto";
import { checkKeySize, checkModulus } from "./subtle-limits.ts";
import type { Algorithm, KeyMaterial, KeyUsage } from "./subtle-request.ts";
import { TaskError } from "./tasks.ts";

const formats = { secret: "raw", public: "spki", private: "pkcs8" } as const;

/** The host's key, for `usages`. */
export async function importMaterial(
  { type, algorithm, data }: KeyMaterial,
  usages: KeyUsage[],
  extractable = false,
): Promise<webcrypto.CryptoKey> {
  checkKeySize(type === "secret" ? "secret" : "structured", data.byteLength);
  const key = await crypto.subtle.importKey(
    formats[type],
    data,
    parametersOf(algorithm),
    extractable,
    usages,
  );
  if (algorithm.name.startsWith("RSA")) checkModulus(modulusOf(key));
  return key;
}

/** A new key of the script as the guest keeps it, with what is to be known of it. */
export interface NewKey {
  readonly key: webcrypto.CryptoKey;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Imports a key of the script's own. */
export async function importNew(
  format: string,
  data: Uint8Array<ArrayBuffer>,
  algorithm: Algorithm,
  extractable: boolean,
  usages: KeyUsage[],
): Promise<NewKey> {
  const isSecret = format === "raw" && algorithm.namedCurve === undefined;
  checkKeySize(isSecret ? "secret" : "structured", data.byteLength);
  const { name } = algorithm;
  const parameters = parametersOf(algorithm);
  if (isDerivationOnly(name)) {
    if (format !== "raw") throw unsupported(name, format);
    if (extractable) throw new TaskError("SyntaxError", `${name} has no keys that are extractable`);
    // The one kind that cannot be exported; its data is all there is to it.
    const key = await crypto.subtle.importKey("raw", data, parameters, false, usages);
    return { key, data };
  }
  const key =
    format === "jwk"
      ? await crypto.subtle.importKey("jwk", toJwk(data, extractable), parameters, true, usages)
      : await crypto.subtle.importKey(toFormat(format), data, parameters, true, usages);
  if (name.startsWith("RSA")) checkModulus(modulusOf(key));
  return { key, data: await exportMaterial(key) };
}

/** The form of a key that the guest keeps. */
export async function exportMaterial(key: webcrypto.CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  const format = formats[key.type as keyof typeof formats];
  return new Uint8Array(await crypto.subtle.exportKey(format, key));
}

/** A format other than JWK. */
export function toFormat(format: string): "raw" | "spki" | "pkcs8" {
  if (format === "raw" || format === "spki" || format === "pkcs8") return format;
  throw new TaskError("NotSupportedError", "Unknown format");
}

/**
 * The answer of an operation that makes keys: the length of a JSON text in four bytes, the text, and the data of the keys. The text is
 * a list of `[type, algorithm, usages, length]`.
 */
export function packKeys(keys: readonly NewKey[]): Uint8Array {
  const list = keys.map(({ key, data }) => [
    key.type,
    toList(key.algorithm as unknown as Record<string, unknown>),
    key.usages,
    data.byteLength,
  ]);
  const text = Buffer.from(JSON.stringify(list), "latin1");
  const head = Buffer.alloc(4);
  head.writeUInt32LE(text.byteLength);
  return Buffer.concat([head, text, ...keys.map(({ data }) => data)]);
}

function isDerivationOnly(name: string): boolean {
  return name === "PBKDF2" || name === "HKDF";
}

/** What tells one key of an algorithm from another. */
function parametersOf({ name, hash, namedCurve, length }: Algorithm): webcrypto.HmacImportParams {
  const parameters = {
    name,
    ...(hash === undefined ? {} : { hash }),
    ...(namedCurve === undefined ? {} : { namedCurve }),
    ...(length === undefined || name !== "HMAC" ? {} : { length }),
  };
  // One of the interfaces of parameters, which the host checks by its own rules.
  return parameters as webcrypto.HmacImportParams;
}

/**
 * A JWK of the script. Its `ext` speaks of the script's key: the host's can always be exported.
 */
function toJwk(data: Uint8Array<ArrayBuffer>, extractable: boolean): webcrypto.JsonWebKey {
  let jwk: unknown;
  try {
    jwk = JSON.parse(new TextDecoder().decode(data));
  } catch {
    throw new TaskError("DataError", "The key is no JSON");
  }
  if (typeof jwk !== "object" || jwk === null) {
    throw new TaskError("DataError", "The key is no object");
  }
  const { ext, ...rest } = jwk as webcrypto.JsonWebKey;
  if (ext === false && extractable) {
    throw new TaskError("DataError", "The key says of itself that it is not extractable");
  }
  return rest;
}

function modulusOf(key: webcrypto.CryptoKey): number {
  return (key.algorithm as webcrypto.RsaKeyAlgorithm).modulusLength;
}

/** Names and values in turn. */
function toList(algorithm: Readonly<Record<string, unknown>>): unknown[] {
  return Object.entries(algorithm).flatMap(([name, value]) => {
    if (name === "hash") return [name, (value as webcrypto.Algorithm).name];
    return [name, value instanceof Uint8Array ? [...value] : value];
  });
}

function unsupported(name: string, format: string): TaskError {
  return new TaskError("NotSupportedError", `${name} has no keys in the format ${format}`);
}
