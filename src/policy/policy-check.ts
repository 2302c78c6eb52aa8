import { isToken } from "../websocket/subprotocol.ts";
import { parseBlock } from "./address.ts";
import { parseOriginPattern } from "./origin-pattern.ts";
import type {
  AddressRules,
  ConnectOptions,
  Grant,
  PolicyRules,
  TlsOptions,
  Verdict,
} from "./policy.ts";

/** A {@link Verdict}; a refusal may name the address that was refused. */
export type Decision =
  | Extract<Verdict, { allow: true }>
  | (Extract<Verdict, { allow: false }> & { readonly address?: string });

/** A place in a policy, from its top: names of properties and indices of lists. */
export type PolicyPath = readonly (string | number)[];

/** What is wrong with a policy, where, and what to write. */
export class PolicyError extends Error {
  readonly path: PolicyPath;

  constructor(path: PolicyPath, message: string) {
    super(message);
    this.name = "PolicyError";
    this.path = path;
  }
}

/** Writes a path as code would: `allow[0].origin`. */
export function formatPath(path: PolicyPath): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`,
    )
    .join("");
}

/**
 * Checks rules of unknown origin and copies them into fresh plain data. A string stands for a grant with this `origin`.
 *
 * @throws {PolicyError} for the first thing that is wrong.
 */
export function checkRules(value: unknown, path: PolicyPath = []): PolicyRules {
  const rules = checkObject(value, path, ["allow", "deny"]);
  const allow = checkList(rules["allow"], [...path, "allow"]).map((grant, index) =>
    checkGrant(grant, [...path, "allow", index]),
  );
  if (rules["deny"] === undefined) return { allow };
  const deny = checkList(rules["deny"], [...path, "deny"]).map((pattern, index) =>
    checkPattern(pattern, [...path, "deny", index]),
  );
  return { allow, deny };
}

/** Checks what grants get that bring none of their own, and denials, as {@link checkRules} does. */
export function checkDefaults(
  value: unknown,
): Omit<Grant, "origin"> & { readonly deny?: readonly unknown[] } {
  const path = ["options"];
  const options = checkObject(value, path, ["addresses", "connect", "deny"]);
  return {
    ...given("addresses", options["addresses"], path, checkAddressRules),
    ...given("connect", options["connect"], path, checkConnectOptions),
    ...given("deny", options["deny"], path, checkList),
  };
}

/** Checks the answer of a policy function, as {@link checkRules} does. */
export function checkVerdict(value: unknown): Decision {
  const verdict = checkObject(
    value,
    [],
    ["allow", "addresses", "connect", "urlCredentials", "reason", "address"],
  );
  if (verdict["allow"] === false) {
    const reason = checkString(verdict["reason"] ?? "refused without a reason", ["reason"]);
    return { allow: false, reason, ...given("address", verdict["address"], [], checkString) };
  }
  if (verdict["allow"] !== true) return fail(["allow"], verdict["allow"], "true or false");
  return {
    allow: true,
    ...given("addresses", verdict["addresses"], [], checkAddressRules),
    ...given("connect", verdict["connect"], [], checkConnectOptions),
    ...given("urlCredentials", verdict["urlCredentials"], [], checkBoolean),
  };
}

function checkGrant(value: unknown, path: PolicyPath): Grant {
  if (typeof value === "string") return { origin: checkPattern(value, path) };
  const grant = checkObject(value, path, ["origin", "addresses", "connect"]);
  return {
    origin: checkPattern(grant["origin"], [...path, "origin"]),
    ...given("addresses", grant["addresses"], path, checkAddressRules),
    ...given("connect", grant["connect"], path, checkConnectOptions),
  };
}

function checkPattern(value: unknown, path: PolicyPath): string {
  const text = checkString(value, path);
  const pattern = parseOriginPattern(text);
  if ("problem" in pattern) throw new PolicyError(path, `${show(text)} ${pattern.problem}`);
  return text;
}

/** Checks address rules, as {@link checkRules} does. */
export function checkAddressRules(value: unknown, path: PolicyPath): AddressRules {
  const rules = checkObject(value, path, ["privateNetworks", "loopback", "allow", "deny"]);
  return {
    ...given("privateNetworks", rules["privateNetworks"], path, checkBoolean),
    ...given("loopback", rules["loopback"], path, checkBoolean),
    ...given("allow", rules["allow"], path, checkBlocks),
    ...given("deny", rules["deny"], path, checkBlocks),
  };
}

function checkBlocks(value: unknown, path: PolicyPath): readonly string[] {
  return checkList(value, path).map((item, index) => {
    const text = checkString(item, [...path, index]);
    const block = parseBlock(text);
    if (typeof block === "string") {
      throw new PolicyError(
        [...path, index],
        `${block}; write an address or a block, as in "192.168.0.0/16"`,
      );
    }
    return text;
  });
}

/** Checks connect options, as {@link checkRules} does. */
export function checkConnectOptions(value: unknown, path: PolicyPath): ConnectOptions {
  const options = checkObject(value, path, [
    "headers",
    "origin",
    "credentials",
    "tls",
    "perMessageDeflate",
  ]);
  return {
    ...given("headers", options["headers"], path, checkHeaders),
    ...given("origin", options["origin"], path, checkHeaderValue),
    ...given("credentials", options["credentials"], path, checkCredentials),
    ...given("tls", options["tls"], path, checkTls),
    ...given("perMessageDeflate", options["perMessageDeflate"], path, checkBoolean),
  };
}

function checkHeaders(value: unknown, path: PolicyPath): Readonly<Record<string, string>> {
  const entries = Object.entries(checkObject(value, path)).map(([name, text]): [string, string] => {
    if (!isToken(name)) throw new PolicyError(path, `${show(name)} is not a header name`);
    if (isHandshakeHeader(name)) {
      throw new PolicyError(
        [...path, name],
        `${name} belongs to the handshake and cannot be set; remove it`,
      );
    }
    return [name, checkHeaderValue(text, [...path, name])];
  });
  return Object.fromEntries(entries);
}

/** Whether a request header is the handshake's own, so that nobody else may set it. */
export function isHandshakeHeader(name: string): boolean {
  return /^(?:connection|upgrade|host|content-length|transfer-encoding|te|trailer|expect|sec-websocket-.*)$/i.test(
    name,
  );
}

function checkHeaderValue(value: unknown, path: PolicyPath): string {
  const text = checkString(value, path);
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) {
    throw new PolicyError(path, `${show(text)} has a character that no header can carry`);
  }
  return text;
}

function checkCredentials(
  value: unknown,
  path: PolicyPath,
): { readonly username: string; readonly password: string } {
  const credentials = checkObject(value, path, ["username", "password"]);
  const username = checkString(credentials["username"], [...path, "username"]);
  if (username.includes(":")) {
    throw new PolicyError(
      [...path, "username"],
      "a user name with a colon cannot be sent (RFC 7617)",
    );
  }
  return { username, password: checkString(credentials["password"], [...path, "password"]) };
}

function checkTls(value: unknown, path: PolicyPath): TlsOptions {
  const tls = checkObject(value, path, ["ca", "cert", "key", "passphrase", "servername"]);
  return {
    ...given("ca", tls["ca"], path, (ca, caPath) =>
      typeof ca === "string"
        ? ca
        : checkList(ca, caPath).map((pem, index) => checkString(pem, [...caPath, index])),
    ),
    ...given("cert", tls["cert"], path, checkString),
    ...given("key", tls["key"], path, checkString),
    ...given("passphrase", tls["passphrase"], path, checkString),
    ...given("servername", tls["servername"], path, checkString),
  };
}

/** An object with the checked property, or none when it is not given. */
function given<Name extends string, Value>(
  name: Name,
  value: unknown,
  path: PolicyPath,
  check: (value: unknown, path: PolicyPath) => Value,
): { readonly [Key in Name]?: Value } {
  if (value === undefined) return {};
  // A computed name widens to an index signature; it is this one name.
  return { [name]: check(value, [...path, name]) } as { [Key in Name]: Value };
}

function checkObject(
  value: unknown,
  path: PolicyPath,
  names?: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return fail(path, value, "an object");
  }
  const object = Object.fromEntries(Object.entries(value));
  for (const name of Object.keys(object)) {
    if (names !== undefined && !names.includes(name)) {
      throw new PolicyError(
        [...path, name],
        `${show(name)} is not known here; expected ${names.join(", ")}`,
      );
    }
  }
  return object;
}

function checkList(value: unknown, path: PolicyPath): readonly unknown[] {
  return Array.isArray(value) ? [...value] : fail(path, value, "a list");
}

function checkString(value: unknown, path: PolicyPath): string {
  return typeof value === "string" ? value : fail(path, value, "a string");
}

function checkBoolean(value: unknown, path: PolicyPath): boolean {
  return typeof value === "boolean" ? value : fail(path, value, "true or false");
}

function fail(path: PolicyPath, value: unknown, expected: string): never {
  throw new PolicyError(
    path,
    value === undefined
      ? `is missing; expected ${expected}`
      : `expected ${expected}, got ${show(value)}`,
  );
}

function show(value: unknown): string {
  const text =
    typeof value === "object" && value !== null
      ? Array.isArray(value)
        ? "a list"
        : "an object"
      : (JSON.stringify(value) ?? typeof value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
