import { differences } from "./differences.ts";
import { show } from "./show.ts";

/** What a matcher finds. The message goes on behind "expected VALUE". */
export interface Match {
  readonly holds: boolean;
  readonly message: string;
  /** Further lines for when it does not hold. */
  readonly details?: readonly string[];
}

/** Compares the value with what the test expects. */
export type Matcher = (value: unknown, expected: readonly unknown[]) => Match;

/** All matchers, by name. */
export const matchers: Readonly<Record<string, Matcher>> = {
  toBe: (value, [other]) => ({
    holds: Object.is(value, other),
    message: `to be ${show(other)}`,
    details:
      differences(other, value).length === 0 && !Object.is(value, other)
        ? ["they are equal, but not the same object: toEqual compares what is in them"]
        : textDifference(value, other),
  }),
  toEqual: (value, [other]) => equality(value, other, false),
  toMatchObject: (value, [other]) => equality(value, other, true),
  toBeTruthy: (value) => ({ holds: Boolean(value), message: "to be truthy" }),
  toBeFalsy: (value) => ({ holds: !value, message: "to be falsy" }),
  toBeNull: (value) => ({ holds: value === null, message: "to be null" }),
  toBeUndefined: (value) => ({ holds: value === undefined, message: "to be undefined" }),
  toBeDefined: (value) => ({ holds: value !== undefined, message: "to be defined" }),
  toBeNaN: (value) => ({ holds: Number.isNaN(value), message: "to be NaN" }),
  toBeGreaterThan: order("greater than", (a, b) => a > b),
  toBeGreaterThanOrEqual: order("greater than or equal to", (a, b) => a >= b),
  toBeLessThan: order("less than", (a, b) => a < b),
  toBeLessThanOrEqual: order("less than or equal to", (a, b) => a <= b),
  toBeCloseTo: (value, [other, digits = 2]) => ({
    holds: Math.abs(Number(value) - Number(other)) < 10 ** -Number(digits) / 2,
    message: `to be close to ${show(other)}, to ${show(digits)} digits`,
  }),
  toBeInstanceOf: (value, [type]) => {
    if (typeof type !== "function") throw wrongArgument("toBeInstanceOf", "a class", type);
    return { holds: value instanceof type, message: `to be an instance of ${type.name}` };
  },
  toMatch: (value, [pattern]) => {
    if (typeof pattern === "string") {
      return {
        holds: String(value).includes(pattern),
        message: `to contain the text ${show(pattern)}`,
      };
    }
    if (!(pattern instanceof RegExp))
      throw wrongArgument("toMatch", "a pattern or a text", pattern);
    return {
      holds: new RegExp(pattern).test(String(value)),
      message: `to match ${String(pattern)}`,
    };
  },
  toContain: (value, [item]) => ({
    holds: contains(value, item),
    message: `to contain ${show(item)}`,
  }),
  toHaveLength: (value, [length]) => {
    const found = lengthOf(value);
    return {
      holds: found === length,
      message: `to have length ${show(length)}`,
      details: [found === undefined ? "it has no length" : `its length is ${show(found)}`],
    };
  },
  toHaveProperty: (value, [path, ...rest]) => {
    const found = atPath(value, String(path));
    const isEqual = rest.length === 0 || differences(rest[0], found.value).length === 0;
    return {
      holds: found.exists && isEqual,
      message: `to have the property ${show(path)}${rest.length === 0 ? "" : ` with ${show(rest[0])}`}`,
      details: found.exists ? [`it is ${show(found.value)}`] : [],
    };
  },
  toThrow: (value, expected) => {
    // In `rejects`, the value is what was thrown.
    const thrown = typeof value === "function" ? attempt(value) : { error: value };
    if (thrown === undefined)
      return { holds: false, message: "to throw", details: ["it returned"] };
    return matchError(thrown.error, expected);
  },
};

function equality(value: unknown, other: unknown, isPartial: boolean): Match {
  const list = differences(other, value, isPartial);
  return {
    holds: list.length === 0,
    message: `to ${isPartial ? "match" : "equal"} ${show(other)}`,
    // One difference of the whole says nothing new.
    details:
      list.length === 1 && list[0]?.startsWith("value:") === true
        ? textDifference(value, other)
        : list,
  };
}

/** Where two long texts part. */
function textDifference(value: unknown, other: unknown): readonly string[] {
  if (typeof value !== "string" || typeof other !== "string" || value.length + other.length < 60)
    return [];
  let index = 0;
  while (index < value.length && value[index] === other[index]) index++;
  const around = (text: string): string => show(text.slice(Math.max(0, index - 10), index + 20));
  return [`they part at character ${index}: expected ${around(other)}, got ${around(value)}`];
}

function order(
  words: string,
  compare: (a: number | bigint, b: number | bigint) => boolean,
): Matcher {
  return (value, [other]) => ({
    holds: isNumber(value) && isNumber(other) && compare(value, other),
    message: `to be ${words} ${show(other)}`,
  });
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function contains(value: unknown, item: unknown): boolean {
  if (typeof value === "string") return value.includes(String(item));
  const isIterable = typeof value === "object" && value !== null && Symbol.iterator in value;
  if (!isIterable) return false;
  // By what is in them: messages are often objects.
  return [...(value as Iterable<unknown>)].some((part) => differences(item, part).length === 0);
}

function lengthOf(value: unknown): unknown {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return undefined;
  if ("length" in value) return value.length;
  return "size" in value ? value.size : undefined;
}

function atPath(
  value: unknown,
  path: string,
): { readonly exists: boolean; readonly value: unknown } {
  let current = value;
  for (const name of path.split(/[.[\]]/).filter((part) => part !== "")) {
    if (current === null || current === undefined || !(name in Object(current))) {
      return { exists: false, value: undefined };
    }
    current = (current as Record<string, unknown>)[name];
  }
  return { exists: true, value: current };
}

function attempt(work: unknown): { readonly error: unknown } | undefined {
  try {
    // Called for functions only.
    (work as () => unknown)();
    return undefined;
  } catch (error) {
    return { error };
  }
}

function matchError(error: unknown, expected: readonly unknown[]): Match {
  const thrown = [`it threw ${show(error)}`];
  if (expected.length === 0) return { holds: true, message: "to throw", details: thrown };
  const [pattern] = expected;
  const message = error instanceof Error ? error.message : String(error);
  if (typeof pattern === "string") {
    return {
      holds: message.includes(pattern),
      message: `to throw an error with ${show(pattern)}`,
      details: thrown,
    };
  }
  if (pattern instanceof RegExp) {
    return {
      holds: new RegExp(pattern).test(message),
      message: `to throw an error that matches ${String(pattern)}`,
      details: thrown,
    };
  }
  if (typeof pattern === "function") {
    return {
      holds: error instanceof pattern,
      message: `to throw a ${pattern.name}`,
      details: thrown,
    };
  }
  const holds = differences(pattern, error, true).length === 0;
  return { holds, message: `to throw ${show(pattern)}`, details: thrown };
}

function wrongArgument(matcher: string, expected: string, found: unknown): TypeError {
  return new TypeError(`${matcher}() takes ${expected}, got ${show(found)}`);
}
