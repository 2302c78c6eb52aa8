import { nearest } from "../nearest.ts";

/**
 * Says what is wrong with the value of a property, an item of a list or a whole policy, and what to write in its place: `example` is
 * a value in JSON.
 */
export function describeWrongValue(
  path: readonly (string | number)[],
  value: unknown,
  expected: string,
  example: string,
): string {
  const name = path.at(-1);
  const remedy = typeof name === "string" ? `${quote(name)}: ${example}` : example;
  return value === undefined
    ? `is missing; expected ${expected}; write ${remedy}`
    : `expected ${expected}, got ${describeValue(value, path)}; write ${remedy}`;
}

/** Says that an object has no property of a name, and which one was meant. */
export function describeUnknownName(name: string, names: readonly string[]): string {
  const meant = nearest(name, names);
  const remedy = meant === undefined ? "remove it" : `write ${quote(meant)}`;
  return `${quote(name)} is not known here; expected ${names.join(", ")}; ${remedy}`;
}

/** Names a character of a text without the text, which may be a secret. */
export function describeCharacter(text: string, index: number): string {
  return `U+${text.codePointAt(index)?.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Whether a place in a policy is in or below what holds secrets, which belong in no message. */
export function isSecret(path: readonly (string | number)[]): boolean {
  return path.some((part) => secretNames.includes(part));
}

const secretNames: readonly (string | number)[] = ["headers", "credentials", "key", "passphrase"];

/** Writes a text in double quotes, and not at any length. */
export function quote(text: string): string {
  const quoted = JSON.stringify(text);
  return quoted.length > 200 ? `${quoted.slice(0, 200)}…` : quoted;
}

/** A value for a message; what stands in place of a secret only by its type. */
function describeValue(value: unknown, path: readonly (string | number)[]): string {
  if (Array.isArray(value)) return "a list";
  if (value === null) return "null";
  if (typeof value === "object") return "an object";
  if (isSecret(path)) return `a ${typeof value}`;
  if (typeof value === "string") return quote(value);
  return typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : `a ${typeof value}`;
}
