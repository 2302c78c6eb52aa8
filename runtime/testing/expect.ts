import { matchers } from "./matchers.ts";
import { show } from "./show.ts";

/** What an expectation that does not hold throws. */
export class ExpectationError extends Error {
  constructor(message: string) {
    super(message);
    Object.defineProperty(this, "name", { value: "ExpectationError", configurable: true });
  }
}

/** Looks at a value: an object with all matchers, `not`, `resolves` and `rejects`. */
export function expect(value: unknown, ...rest: readonly unknown[]): object {
  if (rest.length > 0)
    throw new TypeError(
      "expect() takes one value; the matcher takes the other: expect(value).toBe(other)",
    );
  return {
    ...expectation(value, false, ""),
    not: expectation(value, true, ""),
    resolves: later(() => settled(value, "fulfilled")),
    rejects: later(() => settled(value, "rejected")),
  };
}

type Check = (...expected: unknown[]) => void;
type LaterCheck = (...expected: unknown[]) => Promise<void>;

function expectation(value: unknown, isNegated: boolean, how: string): Record<string, Check> {
  return Object.fromEntries(
    Object.entries(matchers).map(([name, matcher]) => [
      name,
      (...expected: unknown[]) => {
        const { holds, message, details = [] } = matcher(value, expected);
        if (holds !== isNegated) return;
        const lines = [`expected ${how}${show(value)} ${isNegated ? "not " : ""}${message}`];
        if (!isNegated) lines.push(...details.map((line) => `  ${line}`));
        throw new ExpectationError(lines.join("\n"));
      },
    ]),
  );
}

/** The same for what a promise comes to. */
function later(settle: () => Promise<{ readonly value: unknown; readonly how: string }>): object {
  const checks = (isNegated: boolean): Record<string, LaterCheck> =>
    Object.fromEntries(
      Object.keys(matchers).map((name) => [
        name,
        async (...expected: unknown[]) => {
          // Made here: later the place of the test is no longer on the stack.
          const { stack } = new ExpectationError("");
          try {
            const { value, how } = await settle();
            expectation(value, isNegated, how)[name]?.(...expected);
          } catch (error) {
            throw at(error, stack);
          }
        },
      ]),
    );
  return { ...checks(false), not: checks(true) };
}

async function settled(
  promise: unknown,
  expected: "fulfilled" | "rejected",
): Promise<{ readonly value: unknown; readonly how: string }> {
  const work: unknown = typeof promise === "function" ? promise() : promise;
  const isPromise = typeof work === "object" && work !== null && "then" in work;
  if (!isPromise) throw new ExpectationError(`expected a promise, got ${show(work)}`);
  const outcome = await Promise.resolve(work).then(
    (value: unknown) => ({ status: "fulfilled", value }),
    (value: unknown) => ({ status: "rejected", value }),
  );
  if (outcome.status === expected)
    return { value: outcome.value, how: `a promise ${expected} with ` };
  throw new ExpectationError(
    `expected the promise to be ${expected}, but it was ${outcome.status} with ${show(outcome.value)}`,
  );
}

function at(error: unknown, stack: string | undefined): unknown {
  if (error instanceof ExpectationError && stack !== undefined) {
    Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
  }
  return error;
}
