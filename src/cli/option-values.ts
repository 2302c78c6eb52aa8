import { type GuestGlobal, guestGlobals } from "../boundary.ts";
import { UsageError } from "./usage-error.ts";

/** Longest `--timeout`, in milliseconds. */
const maxDuration = 2 ** 31 - 1;

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const sizeUnits: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Reads milliseconds: `500`, `500ms`, `10s`, `2m` or `1h`. */
export function parseDuration(option: string, text: string): number {
  const [, digits, unit = "ms"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/i.exec(text) ?? [];
  const value = Math.round(Number(digits) * (durationUnits[unit.toLowerCase()] ?? Number.NaN));
  if (value >= 1 && value <= maxDuration) return value;
  throw wrongValue(
    option,
    text,
    "a time in milliseconds or with a unit",
    "10000, 500ms, 10s or 2m",
  );
}

/** Reads bytes: `67108864`, `64MB`, `64MiB`, `64m`. A unit is a power of 1,024. */
export function parseSize(option: string, text: string): number {
  const [, digits, unit = "b"] = /^(\d+(?:\.\d+)?)\s*([bkmg])?i?b?$/i.exec(text) ?? [];
  const value = Math.round(Number(digits) * (sizeUnits[unit.toLowerCase()] ?? Number.NaN));
  if (value >= 1 && value <= Number.MAX_SAFE_INTEGER) return value;
  throw wrongValue(option, text, "a size in bytes or with a unit", "64MB or 1GB");
}

/** Reads one of several words. */
export function parseChoice<Choice extends string>(
  option: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw wrongValue(
    option,
    text,
    choices.join(" or "),
    choices.map((word) => `${option} ${word}`).join(", "),
  );
}

/** Reads a URL that relative WebSocket URLs can be resolved against. */
export function parseBaseUrl(option: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^(?:ws|http)s?:$/.test(url.protocol)) return url.href;
  throw wrongValue(
    option,
    text,
    "an absolute URL with ws, wss, http or https",
    "ws://lamp.local/api/",
  );
}

/**
 * Reads a list of groups of globals, separated by commas. `default` stands for all but `turbulenz`, and a list of only
 * `turbulenz` adds it to those; `none` is the empty list.
 */
export function parseGlobals(option: string, text: string): readonly GuestGlobal[] {
  let names: readonly string[] = text.split(",").map((name) => name.trim());
  if (names.length === 1 && names[0] === "none") return [];
  const chosen = new Set<GuestGlobal>();
  if (names.every((name) => name === "turbulenz")) names = ["default", ...names];
  for (const name of names) {
    if (name === "default") {
      for (const group of guestGlobals) if (group !== "turbulenz") chosen.add(group);
    } else chosen.add(parseGlobal(option, name));
  }
  return guestGlobals.filter((name) => chosen.has(name));
}

function parseGlobal(option: string, name: string): GuestGlobal {
  const group = guestGlobals.find((candidate) => candidate === name);
  if (group !== undefined) return group;
  const expected = `names separated by commas, of ${guestGlobals.join(", ")}, default, none`;
  throw wrongValue(option, name, expected, "default,turbulenz");
}

function wrongValue(option: string, found: string, expected: string, example: string): UsageError {
  return new UsageError(
    `${option} expects ${expected}, got ${JSON.stringify(found)}. For example: ${example}`,
  );
}
