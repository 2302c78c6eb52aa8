import { isToken } from "../websocket/subprotocol.ts";
import { parseBlock } from "./address.ts";
import { parseOriginPattern } from "./origin-pattern.ts";
import {
  describeCharacter,
  describeUnknownName,
  describeWrongValue,
  quote,
} from "./policy-mistake.ts";
import { policyProperties } from "./policy-properties.ts";
import type { PolicyObject } from "./policy-properties.ts";
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
  /** Whether the mistake is the name at the end of the path, or its value. */
  readonly part: "name" | "value";

  constructor(path: PolicyPath, message: string, part: "name" | "value" = "value") {
    super(message);
    this.name = "PolicyError";
    this.path = path;
    this.part = part;
  }
}

/** Writes a path as code would: `allow[0].connect.headers["X-Api-Key"]`. */
export function formatPath(path: PolicyPath): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      if (!/^[a-z_$][\w$]{0,99}$/i.test(part)) return `[${quote(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join("");
}

/**
 * Checks rules of unknown origin and copies them into fresh plain data. A string stands for a grant with this `origin`.
 *
 * @throws {PolicyError} for the first thing that is wrong.
 */
export function checkRules(value: unknown): PolicyRules {
  return copyRules(checkObject(value, [], "rules"));
}

/** Checks what a policy file holds, as {@link checkRules} does; a `$schema`, which tells editors the format, is let pass. */
export function checkFile(value: unknown): PolicyRules {
  const { $schema: schema, ...rules } = checkObject(value, [], "file");
  if (schema !== undefined) checkString(schema, ["$schema"], examples.schema);
  return copyRules(rules);
}

/** Checks what grants get that bring none of their own, and denials, as {@link checkRules} does. */
export function checkDefaults(
  value: unknown,
): Omit<Grant, "origin"> & { readonly deny?: readonly unknown[] } {
  const path = ["options"];
  const options = checkObject(value, path, "defaults");
  return {
    ...given("addresses", options["addresses"], path, checkAddressRules),
    ...given("connect", options["connect"], path, checkConnectOptions),
    ...given("deny", options["deny"], path, (deny, denyPath) =>
      checkList(deny, denyPath, examples.denied),
    ),
  };
}

/** Checks the answer of a policy function, as {@link checkRules} does. */
export function checkVerdict(value: unknown): Decision {
  const verdict = checkObject(value, [], "verdict");
  if (verdict["allow"] === false) {
    const reason = verdict["reason"] ?? "refused without a reason";
    return {
      allow: false,
      reason: checkString(reason, ["reason"], examples.reason),
      ...given("address", verdict["address"], [], (address, path) =>
        checkString(address, path, examples.block),
      ),
    };
  }
  checkBoolean(verdict["allow"], ["allow"]);
  return {
    allow: true,
    ...given("addresses", verdict["addresses"], [], checkAddressRules),
    ...given("connect", verdict["connect"], [], checkConnectOptions),
    ...given("urlCredentials", verdict["urlCredentials"], [], checkBoolean),
  };
}

function copyRules(rules: Readonly<Record<string, unknown>>): PolicyRules {
  const allow = checkList(rules["allow"], ["allow"], examples.origin).map((grant, index) =>
    checkGrant(grant, ["allow", index]),
  );
  if (rules["deny"] === undefined) return { allow };
  const deny = checkList(rules["deny"], ["deny"], examples.denied).map((pattern, index) =>
    checkPattern(pattern, ["deny", index], examples.denied),
  );
  return { allow, deny };
}

function checkGrant(value: unknown, path: PolicyPath): Grant {
  if (typeof value === "string") return { origin: checkPattern(value, path, examples.origin) };
  const grant = checkObject(value, path, "grant", "a pattern or an object");
  return {
    origin: checkPattern(grant["origin"], [...path, "origin"], examples.origin),
    ...given("addresses", grant["addresses"], path, checkAddressRules),
    ...given("connect", grant["connect"], path, checkConnectOptions),
  };
}

function checkPattern(value: unknown, path: PolicyPath, example: string): string {
  const text = checkString(value, path, example);
  const pattern = parseOriginPattern(text);
  if ("problem" in pattern) {
    // Credentials that were put into a pattern are no less secret than those in their place.
    const shown = text.replace(/\/\/.*@/s, "//…@");
    throw new PolicyError(path, `${quote(shown)} ${pattern.problem}`);
  }
  return text;
}

function checkAddressRules(value: unknown, path: PolicyPath): AddressRules {
  const rules = checkObject(value, path, "addresses");
  return {
    ...given("privateNetworks", rules["privateNetworks"], path, checkBoolean),
    ...given("loopback", rules["loopback"], path, checkBoolean),
    ...given("allow", rules["allow"], path, checkBlocks),
    ...given("deny", rules["deny"], path, checkBlocks),
  };
}

function checkBlocks(value: unknown, path: PolicyPath): readonly string[] {
  return checkList(value, path, examples.block).map((item, index) => {
    const text = checkString(item, [...path, index], examples.block);
    const block = parseBlock(text);
    if (typeof block === "string") {
      throw new PolicyError([...path, index], `${quote(text)} ${block}`);
    }
    return text;
  });
}

function checkConnectOptions(value: unknown, path: PolicyPath): ConnectOptions {
  const options = checkObject(value, path, "connect");
  return {
    ...given("headers", options["headers"], path, checkHeaders),
    ...given("origin", options["origin"], path, (origin, originPath) =>
      checkHeaderValue(origin, originPath, examples.pageOrigin),
    ),
    ...given("credentials", options["credentials"], path, checkCredentials),
    ...given("tls", options["tls"], path, checkTls),
    ...given("perMessageDeflate", options["perMessageDeflate"], path, checkBoolean),
  };
}

function checkHeaders(value: unknown, path: PolicyPath): Readonly<Record<string, string>> {
  const headers = plainObject(value, path, "an object", examples.headers);
  const entries = Object.entries(headers).map(([name, text]): [string, string] => {
    const header = [...path, name];
    if (!isToken(name)) {
      throw new PolicyError(
        header,
        `${quote(name)} is not a header name; write letters, digits and hyphens only, as in "X-Api-Key"`,
        "name",
      );
    }
    if (isHandshakeHeader(name)) {
      throw new PolicyError(
        header,
        `${quote(name)} belongs to the handshake and cannot be set; remove it`,
        "name",
      );
    }
    return [name, checkHeaderValue(text, header, examples.text)];
  });
  return Object.fromEntries(entries);
}

/** Whether a request header is the handshake's own, so that nobody else may set it. */
export function isHandshakeHeader(name: string): boolean {
  return /^(?:connection|upgrade|host|content-length|transfer-encoding|te|trailer|expect|sec-websocket-.*)$/i.test(
    name,
  );
}

function checkHeaderValue(value: unknown, path: PolicyPath, example: string): string {
  const text = checkString(value, path, example);
  const index = text.search(/[^\t\x20-\x7e\x80-\xff]/);
  if (index !== -1) {
    throw new PolicyError(
      path,
      `has ${describeCharacter(text, index)} as character ${index + 1}, which no header can carry; remove it`,
    );
  }
  return text;
}

function checkCredentials(
  value: unknown,
  path: PolicyPath,
): { readonly username: string; readonly password: string } {
  const credentials = checkObject(value, path, "credentials");
  const username = checkString(credentials["username"], [...path, "username"], examples.text);
  const colon = username.indexOf(":");
  if (colon !== -1) {
    throw new PolicyError(
      [...path, "username"],
      `has a colon as character ${colon + 1}, where HTTP Basic authentication ends a user name (RFC 7617); write one without`,
    );
  }
  const password = checkString(credentials["password"], [...path, "password"], examples.text);
  return { username, password };
}

function checkTls(value: unknown, path: PolicyPath): TlsOptions {
  const tls = checkObject(value, path, "tls");
  const string =
    (example: string) =>
    (item: unknown, itemPath: PolicyPath): string =>
      checkString(item, itemPath, example);
  return {
    ...given("ca", tls["ca"], path, checkAuthorities),
    ...given("cert", tls["cert"], path, string(examples.certificate)),
    ...given("key", tls["key"], path, string(examples.privateKey)),
    ...given("passphrase", tls["passphrase"], path, string(examples.text)),
    ...given("servername", tls["servername"], path, string(examples.host)),
  };
}

function checkAuthorities(value: unknown, path: PolicyPath): string | readonly string[] {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) {
    return fail(path, value, "a string or a list of strings", examples.certificate);
  }
  return value.map((pem, index) => checkString(pem, [...path, index], examples.certificate));
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
  kind: PolicyObject,
  expected = "an object",
): Readonly<Record<string, unknown>> {
  const object = plainObject(value, path, expected, examples[kind]);
  const names = policyProperties[kind];
  for (const name of Object.keys(object)) {
    if (!names.includes(name)) {
      throw new PolicyError([...path, name], describeUnknownName(name, names), "name");
    }
  }
  return object;
}

function plainObject(
  value: unknown,
  path: PolicyPath,
  expected: string,
  example: string,
): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return fail(path, value, expected, example);
  }
  return Object.fromEntries(Object.entries(value));
}

/** `example` is one of an item. */
function checkList(value: unknown, path: PolicyPath, example: string): readonly unknown[] {
  return Array.isArray(value) ? [...value] : fail(path, value, "a list", `[${example}]`);
}

function checkString(value: unknown, path: PolicyPath, example: string): string {
  return typeof value === "string" ? value : fail(path, value, "a string", example);
}

function checkBoolean(value: unknown, path: PolicyPath): boolean {
  if (typeof value === "boolean") return value;
  return fail(path, value, "true or false", `true or ${quote(String(path.at(-1)))}: false`);
}

function fail(path: PolicyPath, value: unknown, expected: string, example: string): never {
  throw new PolicyError(path, describeWrongValue(path, value, expected, example));
}

/** What messages tell to write, as JSON. */
const examples = {
  schema: '"./node_modules/quickjs-network-device/policy.schema.json"',
  origin: '"wss://api.example.com"',
  denied: '"ws://192.168.1.1:*"',
  block: '"192.168.0.0/16"',
  headers: '{ "X-Api-Key": "text" }',
  text: '"text"',
  pageOrigin: '"https://dashboard.example.com"',
  certificate: '"-----BEGIN CERTIFICATE-----\\n…"',
  privateKey: '"-----BEGIN PRIVATE KEY-----\\n…"',
  host: '"hub.example.com"',
  reason: '"not a device"',
  file: '{ "allow": ["wss://api.example.com"] }',
  rules: '{ "allow": ["wss://api.example.com"] }',
  grant: '{ "origin": "wss://api.example.com" }',
  addresses: '{ "privateNetworks": true }',
  connect: '{ "headers": { "X-Api-Key": "text" } }',
  credentials: '{ "username": "text", "password": "text" }',
  tls: '{ "ca": "-----BEGIN CERTIFICATE-----\\n…" }',
  defaults: '{ "deny": ["ws://192.168.1.1:*"] }',
  verdict: '{ "allow": false, "reason": "not a device" }',
} as const;
