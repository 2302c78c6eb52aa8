import { formatPlace, type JsonPathMatcher, type JsonPlace } from "./json-path.ts";

/** One place where two JSON values differ. */
export interface JsonDifference {
  /** For example `$.lamps[0].on`. */
  readonly path: string;
  /** JSON of the expected value; absent where none was expected. */
  readonly expected?: string;
  /** JSON of the value found; absent where there was none. */
  readonly found?: string;
}

/** Differences that are told; whoever reads them wants the first. */
const maxDifferences = 10;

/** Deeper values are compared as text. */
export const maxDepth = 200;

/** Compares two JSON values, each nested at most {@link maxDepth} deep. Where `isIgnored` answers `true` anything is equal, also nothing. */
export function jsonDifferences(
  expected: unknown,
  found: unknown,
  isIgnored: JsonPathMatcher,
): readonly JsonDifference[] {
  const differences: JsonDifference[] = [];

  function compare(a: unknown, b: unknown, place: JsonPlace): void {
    if (differences.length >= maxDifferences || Object.is(a, b) || isIgnored(place)) return;
    if (Array.isArray(a) && Array.isArray(b)) {
      for (let index = 0; index < Math.max(a.length, b.length); index++) {
        compare(a[index], b[index], [...place, index]);
      }
    } else if (isObject(a) && isObject(b)) {
      for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
        compare(own(a, name), own(b, name), [...place, name]);
      }
    } else {
      differences.push({
        path: formatPlace(place),
        ...(a === undefined ? {} : { expected: JSON.stringify(a) }),
        ...(b === undefined ? {} : { found: JSON.stringify(b) }),
      });
    }
  }

  compare(expected, found, []);
  return differences;
}

/** Value of a JSON text, or `undefined` for what is none or nested too deep. */
export function parseShallowJson(text: string): unknown {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") depth--;
    // Brackets in strings count, too: that only refuses more.
    if (depth > maxDepth) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
