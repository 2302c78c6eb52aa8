import { SandboxError } from "../errors.ts";
import { JsonSourceError, parseJsonSource } from "./json-source.ts";
import type { JsonSource, TextPosition } from "./json-source.ts";
import { checkFile, formatPath, PolicyError } from "./policy-check.ts";
import type { PolicyRules } from "./policy.ts";

/**
 * Reads a policy from the text of a JSON file: `{ "allow": [...], "deny": [...] }`, where an item of `allow` is a pattern or a grant.
 * `name` is what messages call the file. A `$schema` is let pass: `quickjs-network-device/policy.schema.json` tells editors the format.
 *
 * @throws {SandboxError} `ERR_OPTION`; the message has the form `name:line:column: path: what is wrong; what to write`.
 *
 * @example
 * ```ts
 * parsePolicyFile('{ "allow": ["wss://api.example.com", { "origin": "ws://lamp.local" }] }', "policy.json");
 * ```
 */
export function parsePolicyFile(text: string, name = "policy"): PolicyRules {
  const source = parseSource(text, name);
  try {
    return checkFile(source.value);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw fileError(name, source.locate(error.path, error.part), error);
  }
}

function parseSource(text: string, name: string): JsonSource {
  try {
    // A byte order mark is no part of the text.
    return parseJsonSource(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    if (!(error instanceof JsonSourceError)) throw error;
    throw fileError(name, error.position, error);
  }
}

function fileError(
  name: string,
  { line, column }: TextPosition,
  cause: PolicyError | JsonSourceError,
): SandboxError {
  const path = formatPath(cause.path);
  const message = path === "" ? cause.message : `${path}: ${cause.message}`;
  return new SandboxError("ERR_OPTION", `${name}:${line}:${column}: ${message}`, { cause });
}
