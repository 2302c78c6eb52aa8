import type { webcrypto } from "node:crypto";
import { exportMaterial, importMaterial, importNew, packKeys, toFormat } from "./subtle-keys.ts";
import { checkData, checkDerivation, checkNewKey, checkWrapped } from "./subtle-limits.ts";
import { type Algorithm, type KeyMaterial, SubtleRequest } from "./subtle-request.ts";
import { TaskError } from "./tasks.ts";

/**
 * The service of `crypto.subtle`: one operation of the host's Web Cryptography, without any state. The guest has its keys and checks what they
 * may be used for; they come with each request and go with it.
 */
export async function subtle(json: string, data: ArrayBuffer): Promise<Uint8Array> {
  let operation = "";
  try {
    const request = new SubtleRequest(json, data);
    ({ operation } = request);
    const perform = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
    if (perform === undefined) throw new TaskError("NotSupportedError", "Unknown operation");
    return await perform(request);
  } catch (error) {
    throw toTaskError(error, operation);
  }
}

type Operation = (request: SubtleRequest) => Promise<Uint8Array>;

const operations: Readonly<Record<string, Operation>> = {
  async digest(request) {
    const { name } = request.algorithm(0);
    return new Uint8Array(await crypto.subtle.digest(name, request.bytes(0)));
  },
  encrypt: (request) => crypt("encrypt", request),
  decrypt: (request) => crypt("decrypt", request),
  async sign(request) {
    const algorithm = request.algorithm(0);
    const bytes = request.bytes(0);
    checkData(algorithm, bytes);
    const key = await importMaterial(request.key(1), ["sign"]);
    return new Uint8Array(await crypto.subtle.sign(forHost(algorithm), key, bytes));
  },
  async verify(request) {
    const algorithm = request.algorithm(0);
    checkData(algorithm, request.bytes(1));
    const key = await importMaterial(request.key(1), ["verify"]);
    const parameters = forHost(algorithm);
    const isValid = await crypto.subtle.verify(parameters, key, request.bytes(0), request.bytes(1));
    return Uint8Array.of(isValid ? 1 : 0);
  },
  async deriveBits(request) {
    const algorithm = request.algorithm(0);
    const bits = request.bits(2);
    checkDerivation(algorithm, bits);
    return derive(algorithm, request.key(1), bits);
  },
  async deriveKey(request) {
    const algorithm = request.algorithm(0);
    const bits = request.bits(3);
    checkDerivation(algorithm, bits);
    const secret = await derive(algorithm, request.key(1), bits);
    const made = await importNew(
      "raw",
      secret,
      request.algorithm(2),
      request.flag(4),
      request.usages(5),
    );
    return packKeys([made]);
  },
  async generateKey(request) {
    const algorithm = request.algorithm(0);
    checkNewKey(algorithm);
    const made = await crypto.subtle.generateKey(
      algorithm as webcrypto.AesKeyGenParams,
      true,
      request.usages(1),
    );
    // The declarations know single keys only.
    const { publicKey, privateKey } = made as Partial<webcrypto.CryptoKeyPair>;
    const keys =
      publicKey === undefined || privateKey === undefined ? [made] : [privateKey, publicKey];
    return packKeys(
      await Promise.all(keys.map(async (key) => ({ key, data: await exportMaterial(key) }))),
    );
  },
  async importKey(request) {
    const made = await importNew(
      request.text(0),
      request.bytes(0),
      request.algorithm(1),
      request.flag(2),
      request.usages(3),
    );
    return packKeys([made]);
  },
  exportKey: (request) => exportAs(request.text(0), request.key(1)),
  async wrapKey(request) {
    const algorithm = request.algorithm(2);
    const wrapped = request.key(3);
    checkWrapped(algorithm, wrapped);
    const [key, wrappingKey] = await Promise.all([
      importMaterial(wrapped, wrapped.usages, true),
      importMaterial(request.key(1), ["wrapKey"]),
    ]);
    const format = request.text(0);
    return new Uint8Array(
      await crypto.subtle.wrapKey(
        format === "jwk" ? format : toFormat(format),
        key,
        wrappingKey,
        forHost(algorithm),
      ),
    );
  },
  async unwrapKey(request) {
    const bytes = await unwrap(request.algorithm(2), request.key(1), request.bytes(0));
    const made = await importNew(
      request.text(0),
      bytes,
      request.algorithm(3),
      request.flag(4),
      request.usages(5),
    );
    return packKeys([made]);
  },
};

async function crypt(
  operation: "encrypt" | "decrypt",
  request: SubtleRequest,
): Promise<Uint8Array> {
  const key = await importMaterial(request.key(1), [operation]);
  const result = await crypto.subtle[operation](
    forHost(request.algorithm(0)),
    key,
    request.bytes(0),
  );
  return new Uint8Array(result);
}

async function derive(
  algorithm: Algorithm,
  base: KeyMaterial,
  bits: number | null,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await importMaterial(base, ["deriveBits"]);
  const other = algorithm.public;
  const parameters =
    other === undefined
      ? forHost(algorithm)
      : { name: algorithm.name, public: await importMaterial(other, [], true) };
  // The declarations lack the length of `null`, the whole secret of ECDH.
  const length = bits as number;
  return new Uint8Array(
    await crypto.subtle.deriveBits(parameters as webcrypto.EcdhKeyDeriveParams, key, length),
  );
}

async function exportAs(format: string, material: KeyMaterial): Promise<Uint8Array> {
  const key = await importMaterial(material, material.usages, true);
  if (format !== "jwk") {
    return new Uint8Array(await crypto.subtle.exportKey(toFormat(format), key));
  }
  const jwk = await crypto.subtle.exportKey("jwk", key);
  return Buffer.from(JSON.stringify(jwk), "latin1");
}

/** The bytes of a wrapped key: what they are as a key is seen later, by rules that are the script's. */
async function unwrap(
  algorithm: Algorithm,
  material: KeyMaterial,
  wrapped: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  checkData(algorithm, wrapped);
  if (algorithm.name !== "AES-KW") {
    const key = await importMaterial(material, ["decrypt"]);
    return new Uint8Array(await crypto.subtle.decrypt(forHost(algorithm), key, wrapped));
  }
  // Of the kinds of keys that AES-KW can unwrap, that of HMAC takes any bytes.
  const key = await importMaterial(material, ["unwrapKey"]);
  const any = { name: "HMAC", hash: "SHA-256" };
  const bytes = await crypto.subtle.unwrapKey("raw", wrapped, key, "AES-KW", any, true, ["sign"]);
  return exportMaterial(bytes);
}

/** Parameters whose members the runtime has converted, as one of the many interfaces that the host declares for them. */
function forHost(algorithm: Algorithm): webcrypto.AesCbcParams {
  return algorithm as unknown as webcrypto.AesCbcParams;
}

/** What exceptions of the host are called in the script; what they say stays here. */
const messages: Readonly<Record<string, string>> = {
  DataError: "The key is malformed or does not fit the algorithm",
  InvalidAccessError: "The key does not allow it",
  NotSupportedError: "The algorithm does not have it",
  OperationError: "The operation failed",
  SyntaxError: "The usages do not fit the key",
};

function toTaskError(error: unknown, operation: string): TaskError {
  if (error instanceof TaskError) return error;
  const given = error instanceof DOMException ? error.name : "";
  const takesKey = operation === "importKey" || operation === "unwrapKey";
  const name = Object.hasOwn(messages, given) ? given : takesKey ? "DataError" : "OperationError";
  return new TaskError(name, messages[name] ?? "");
}
