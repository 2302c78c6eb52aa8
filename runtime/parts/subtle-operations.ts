/**
 * The methods of `SubtleCrypto`: each reads its arguments in the order of the standard and sends one request to the host.
 *
 * @see https://w3c.github.io/webcrypto/#subtlecrypto-methods-and-attributes
 */
import { hostEncode } from "../host.ts";
import {
  arrayBufferByteLength,
  createList,
  jsonParse,
  jsonStringify,
  TypeErrorOf,
  Uint8ArrayOf,
} from "../intrinsics.ts";
import { fromCodeUnits } from "../text.ts";
import { toBoolean, toUnsignedLong } from "../webidl.ts";
import { createCryptoKey, type KeyState } from "./crypto-key.ts";
import {
  type AlgorithmUse,
  type Normalized,
  normalize,
  toBytes,
  toIdentifier,
} from "./subtle-algorithms.ts";
import {
  checkDerivation,
  checkExport,
  checkKey,
  keyLength,
  noLength,
  toFormat,
  toKey,
  toKeyData,
  toUsages,
} from "./subtle-arguments.ts";
import {
  algorithmParameter,
  Chunks,
  keyParameter,
  type Parameter,
  readKeys,
  sendRequest,
} from "./subtle-request.ts";

/** The promise of a call. */
export interface Settler {
  /** Makes the value that it is fulfilled with. */
  done(makeValue: () => unknown): void;
  failed(error: unknown): void;
}

/** A method. What it throws rejects the promise. */
export type Operation = (input: readonly unknown[], promise: Settler) => void;

export type OperationName =
  | "encrypt"
  | "decrypt"
  | "sign"
  | "verify"
  | "digest"
  | "generateKey"
  | "deriveKey"
  | "deriveBits"
  | "importKey"
  | "exportKey"
  | "wrapKey"
  | "unwrapKey";

/** The methods by name. */
export const operations: Readonly<Record<OperationName, Operation>> = {
  encrypt: cryptWith("encrypt"),
  decrypt: cryptWith("decrypt"),
  sign(input, promise) {
    const identifier = toIdentifier(input[0]);
    const key = toKey(input[1]);
    const data = toBytes("data", input[2]);
    const algorithm = normalize("sign", identifier);
    checkKey(algorithm, key, "sign");
    const request = new Request();
    request.chunks.add(data);
    request.algorithm(algorithm);
    request.key(key);
    request.send("sign", promise, asBuffer);
  },
  verify(input, promise) {
    const identifier = toIdentifier(input[0]);
    const key = toKey(input[1]);
    const signature = toBytes("signature", input[2]);
    const data = toBytes("data", input[3]);
    const algorithm = normalize("verify", identifier);
    checkKey(algorithm, key, "verify");
    const request = new Request();
    request.chunks.add(signature);
    request.chunks.add(data);
    request.algorithm(algorithm);
    request.key(key);
    request.send("verify", promise, (answer) => new Uint8ArrayOf(answer)[0] === 1);
  },
  digest(input, promise) {
    const identifier = toIdentifier(input[0]);
    const data = toBytes("data", input[1]);
    const request = new Request();
    request.chunks.add(data);
    request.algorithm(normalize("digest", identifier));
    request.send("digest", promise, asBuffer);
  },
  generateKey(input, promise) {
    const identifier = toIdentifier(input[0]);
    const extractable = toBoolean(input[1]);
    const usages = toUsages(input[2]);
    const request = new Request();
    request.algorithm(normalize("generateKey", identifier));
    request.add(usages);
    request.send("generateKey", promise, (answer) => {
      const keys = readKeys(answer, extractable);
      const { 0: first } = keys;
      if (keys.length === 1) return createCryptoKey(first as KeyState);
      const { 1: second } = keys;
      return {
        privateKey: createCryptoKey(first as KeyState),
        publicKey: createCryptoKey(second as KeyState),
      };
    });
  },
  deriveBits(input, promise) {
    const identifier = toIdentifier(input[0]);
    const key = toKey(input[1]);
    const length = input.length > 2 ? input[2] : null;
    const bits = length === null || length === undefined ? noLength : toUnsignedLong(length);
    const algorithm = normalize("deriveBits", identifier);
    checkDerivation(algorithm, key, "deriveBits");
    const request = new Request();
    request.algorithm(algorithm);
    request.key(key);
    request.add(bits);
    request.send("deriveBits", promise, asBuffer);
  },
  deriveKey(input, promise) {
    const identifier = toIdentifier(input[0]);
    const key = toKey(input[1]);
    const derived = toIdentifier(input[2]);
    const extractable = toBoolean(input[3]);
    const usages = toUsages(input[4]);
    const algorithm = normalize("deriveBits", identifier);
    const imported = normalize("importKey", derived);
    const bits = keyLength(normalize("getKeyLength", derived));
    checkDerivation(algorithm, key, "deriveKey");
    const request = new Request();
    request.algorithm(algorithm);
    request.key(key);
    request.algorithm(imported);
    request.add(bits);
    request.add(extractable ? 1 : 0);
    request.add(usages);
    request.send("deriveKey", promise, (answer) => asKey(answer, extractable));
  },
  importKey(input, promise) {
    const format = toFormat(input[0]);
    const { bytes, jwk } = toKeyData(input[1]);
    const identifier = toIdentifier(input[2]);
    const extractable = toBoolean(input[3]);
    const usages = toUsages(input[4]);
    const isJwk = format === "jwk";
    if (isJwk !== (bytes === undefined)) {
      throw new TypeErrorOf("importKey: the key data does not fit the format " + format);
    }
    const algorithm = normalize("importKey", identifier);
    const request = new Request();
    request.chunks.add(bytes ?? new Uint8ArrayOf(hostEncode(jsonStringify(jwk))));
    request.add(format);
    request.algorithm(algorithm);
    request.add(extractable ? 1 : 0);
    request.add(usages);
    request.send("importKey", promise, (answer) => asKey(answer, extractable));
  },
  exportKey(input, promise) {
    const format = toFormat(input[0]);
    const key = toKey(input[1]);
    checkExport(format, key);
    const request = new Request();
    request.add(format);
    request.key(key);
    request.send("exportKey", promise, format === "jwk" ? asObject : asBuffer);
  },
  wrapKey(input, promise) {
    const format = toFormat(input[0]);
    const key = toKey(input[1]);
    const wrappingKey = toKey(input[2]);
    const algorithm = normalizeWrapping("wrapKey", "encrypt", toIdentifier(input[3]));
    checkKey(algorithm, wrappingKey, "wrapKey");
    checkExport(format, key);
    const request = new Request();
    request.add(format);
    request.key(wrappingKey);
    request.algorithm(algorithm);
    request.key(key);
    request.send("wrapKey", promise, asBuffer);
  },
  unwrapKey(input, promise) {
    const format = toFormat(input[0]);
    const wrapped = toBytes("wrappedKey", input[1]);
    const unwrappingKey = toKey(input[2]);
    const identifier = toIdentifier(input[3]);
    const unwrapped = toIdentifier(input[4]);
    const extractable = toBoolean(input[5]);
    const usages = toUsages(input[6]);
    const algorithm = normalizeWrapping("unwrapKey", "decrypt", identifier);
    const imported = normalize("importKey", unwrapped);
    checkKey(algorithm, unwrappingKey, "unwrapKey");
    const request = new Request();
    request.chunks.add(wrapped);
    request.add(format);
    request.key(unwrappingKey);
    request.algorithm(algorithm);
    request.algorithm(imported);
    request.add(extractable ? 1 : 0);
    request.add(usages);
    request.send("unwrapKey", promise, (answer) => asKey(answer, extractable));
  },
};

/** A request that is being put together. */
class Request {
  readonly chunks: Chunks = new Chunks();
  readonly #parameters = createList<Parameter>();

  add(parameter: Parameter): void {
    this.#parameters[this.#parameters.length] = parameter;
  }

  algorithm(algorithm: Normalized): void {
    this.add(algorithmParameter(algorithm, this.chunks));
  }

  key(key: KeyState): void {
    this.add(keyParameter(key, this.chunks));
  }

  send(name: string, promise: Settler, toValue: (answer: ArrayBuffer) => unknown): void {
    sendRequest(name, this.chunks, this.#parameters, {
      done(answer) {
        try {
          promise.done(() => toValue(answer));
        } catch (error) {
          promise.failed(error);
        }
      },
      failed(error) {
        promise.failed(error);
      },
    });
  }
}

function cryptWith(name: "encrypt" | "decrypt"): Operation {
  return (input, promise) => {
    const identifier = toIdentifier(input[0]);
    const key = toKey(input[1]);
    const data = toBytes("data", input[2]);
    const algorithm = normalize(name, identifier);
    checkKey(algorithm, key, name);
    const request = new Request();
    request.chunks.add(data);
    request.algorithm(algorithm);
    request.key(key);
    request.send(name, promise, asBuffer);
  };
}

/** Keys are wrapped by an algorithm's own way, or else encrypted. */
function normalizeWrapping(
  use: AlgorithmUse,
  otherwise: AlgorithmUse,
  identifier: object | string,
): Normalized {
  try {
    return normalize(use, identifier);
  } catch {
    return normalize(otherwise, identifier);
  }
}

function asBuffer(answer: ArrayBuffer): ArrayBuffer {
  return answer;
}

function asObject(answer: ArrayBuffer): unknown {
  const text = fromCodeUnits(new Uint8ArrayOf(answer), 0, arrayBufferByteLength(answer));
  return jsonParse(text);
}

function asKey(answer: ArrayBuffer, extractable: boolean): object {
  const { 0: key } = readKeys(answer, extractable);
  return createCryptoKey(key as KeyState);
}
