import { SandboxError } from "../errors.ts";
import { JsonSourceError, parseJsonSource } from "./json-source.ts";
import type { JsonSource, TextPosition } from "./json-source.ts";
import { checkRules, formatPath, PolicyError } from "./policy-check.ts";
import type { PolicyRules } from "./policy.ts";

/**
 * Reads a policy from the text of a JSON file: `{ "allow": [...], "deny": [...] }`, where an item of `allow` is a pattern or a grant.
 * `name` is what messages call the file.
 *
 * @throws {SandboxError} `ERR_OPTION`; the message has the form `name:line:column: path: what is wrong`.
 *
 * @example
 * ```ts
 * parsePolicyFile('{ "allow": ["wss://api.example.com", { "origin": "ws://lamp.local" }] }', "policy.json");
 * ```
 */
export function parsePolicyFile(text: string, name = "policy"): PolicyRules {
  const source = parseSource(text, name);
  try {
    return checkRules(source.value);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const path = formatPath(error.path);
    const where = formatPlace(name, source.locate(error.path));
    throw new SandboxError(
      "ERR_OPTION",
      `${where}: ${path === "" ? "" : `${path}: `}${error.message}`,
      {
        cause: error,
      },
    );
  }
}

function parseSource(text: string, name: string): JsonSource {
  try {
    // A byte order mark is no part of the text.
    return parseJsonSource(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    if (!(error instanceof JsonSourceError)) throw error;
    throw new SandboxError("ERR_OPTION", `${formatPlace(name, error.position)}: ${error.message}`, {
      cause: error,
    });
  }
}

function formatPlace(name: string, { line, column }: TextPosition): string {
  return `${name}:${line}:${column}`;
}
