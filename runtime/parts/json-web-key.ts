import { DOMException } from "../dom-exception.ts";
import { createList, jsonStringify, TypeErrorOf } from "../intrinsics.ts";
import { isObject, toBoolean, toDOMString, toSequence } from "../webidl.ts";

/** Members of `JsonWebKey` in the order in which Web IDL reads them. */
const members = [
  "alg",
  "crv",
  "d",
  "dp",
  "dq",
  "e",
  "ext",
  "k",
  "key_ops",
  "kty",
  "n",
  "oth",
  "p",
  "q",
  "qi",
  "use",
  "x",
  "y",
] as const;

/**
 * A `JsonWebKey` of a script as JSON.
 *
 * @throws {DOMException} `NotSupportedError` for an RSA key of more than two primes, which the host's implementation does not have either.
 * @see https://w3c.github.io/webcrypto/#JsonWebKey-dictionary
 */
export function jsonWebKeyText(value: unknown): string {
  if (value !== undefined && value !== null && !isObject(value)) {
    throw new TypeErrorOf("The key data is neither a BufferSource nor a JsonWebKey");
  }
  const given = (value ?? createList()) as Readonly<Record<string, unknown>>;
  let text = "";
  for (let index = 0; index < members.length; index++) {
    const name = members[index] as (typeof members)[number];
    const member = given[name];
    if (member === undefined) continue;
    if (text !== "") text += ",";
    text += jsonStringify(name) + ":" + memberText(name, member);
  }
  return "{" + text + "}";
}

function memberText(name: (typeof members)[number], value: unknown): string {
  switch (name) {
    case "ext":
      return toBoolean(value) ? "true" : "false";
    case "key_ops":
      return jsonStringify(toSequence(value, toDOMString));
    case "oth":
      throw new DOMException("Keys of more than two primes are not supported", "NotSupportedError");
    default:
      return jsonStringify(toDOMString(value));
  }
}
