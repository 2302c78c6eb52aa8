import {
  formatConversation,
  formatEnd,
  formatFrame,
  type Frame,
  type TestConnection,
} from "./conversation.ts";
import type { TestSandbox } from "./driven-sandbox.ts";

/**
 * What one message is compared with: text as it is, text by a pattern, bytes, anything that compares itself (`expect.stringContaining(…)`), or
 * any other value for a message that is JSON.
 */
export type ExpectedMessage = string | RegExp | Uint8Array | object | number | boolean | null;

/** Matchers about the connections of a script, for a {@link TestSandbox} (all its connections) or one {@link TestConnection}. */
export interface ConnectionMatchers<Result = unknown> {
  /** The script has sent these messages on one connection, in this order; there may be others before, between and after them. */
  toHaveSent(...messages: readonly ExpectedMessage[]): Result;
  /** The script has received these messages on one connection, as in {@link ConnectionMatchers.toHaveSent}. */
  toHaveReceived(...messages: readonly ExpectedMessage[]): Result;
  /** A connection has ended with this code, and this reason if one is given: a text, or a pattern. */
  toBeClosedWith(code: number, reason?: string | RegExp): Result;
}

/** What matchers are called with, by vitest, Jest and others. */
export interface MatcherContext {
  readonly isNot?: boolean;
  equals(a: unknown, b: unknown): boolean;
}

/** What a matcher answers. The values are for a diff. */
export interface MatcherResult {
  readonly pass: boolean;
  message(): string;
  readonly actual?: unknown;
  readonly expected?: unknown;
}

type Matcher<Arguments extends readonly unknown[]> = (
  this: MatcherContext,
  subject: TestSandbox | TestConnection,
  ...expected: Arguments
) => MatcherResult;

/** {@link ConnectionMatchers} for `expect.extend()`. */
export const matchers: {
  readonly toHaveSent: Matcher<readonly ExpectedMessage[]>;
  readonly toHaveReceived: Matcher<readonly ExpectedMessage[]>;
  readonly toBeClosedWith: Matcher<readonly [code: number, reason?: string | RegExp]>;
} = {
  toHaveSent(subject, ...messages) {
    return matchMessages(this, subject, "sent", messages);
  },
  toHaveReceived(subject, ...messages) {
    return matchMessages(this, subject, "received", messages);
  },
  toBeClosedWith(subject, code, reason) {
    const connections = connectionsOf("toBeClosedWith", subject);
    const pass = connections.some(
      ({ end }) => end?.code === code && (reason === undefined || isText(end.reason, reason)),
    );
    const wanted = `closed ${code}${reason === undefined ? "" : ` ${String(reason)}`}`;
    const ends = connections.map(({ end, state }) => (end === undefined ? state : formatEnd(end)));
    return {
      pass,
      message: () => explain(this, "a connection to be", [wanted], connections),
      ...(pass ? {} : { actual: ends.join("\n"), expected: wanted }),
    };
  },
};

function matchMessages(
  context: MatcherContext,
  subject: TestSandbox | TestConnection,
  direction: Frame["direction"],
  messages: readonly ExpectedMessage[],
): MatcherResult {
  const name = direction === "sent" ? "toHaveSent" : "toHaveReceived";
  const connections = connectionsOf(name, subject);
  if (messages.length === 0)
    throw new TypeError(`${name}() needs at least one message to look for`);
  const found = connections.map((connection) =>
    findInOrder(context, connection[direction], messages),
  );
  const most = Math.max(0, ...found);
  const pass = most === messages.length;
  const closest = connections[found.indexOf(most)];
  const wanted = messages.map((message) => formatExpected(direction, message));
  return {
    pass,
    message: () => explain(context, `the script to have ${direction}`, wanted, connections),
    ...(pass || closest === undefined
      ? {}
      : {
          actual: closest[direction].map((data) => comparable(data, messages)),
          expected: messages,
        }),
  };
}

/** How many of the messages are there, in order, from the first on. */
function findInOrder(
  context: MatcherContext,
  data: readonly Frame["data"][],
  messages: readonly ExpectedMessage[],
): number {
  let found = 0;
  for (const actual of data) {
    const expected = messages[found];
    if (expected !== undefined && isMessage(context, actual, expected)) found += 1;
  }
  return found;
}

function isMessage(
  context: MatcherContext,
  actual: Frame["data"],
  expected: ExpectedMessage,
): boolean {
  if (typeof expected === "string") return actual === expected;
  if (expected instanceof RegExp) return typeof actual === "string" && isText(actual, expected);
  if (expected instanceof Uint8Array) {
    return typeof actual !== "string" && Buffer.from(expected).equals(actual);
  }
  if (context.equals(actual, expected)) return true;
  const json = parseJson(actual);
  return json !== undefined && context.equals(json.value, expected);
}

function isText(actual: string, expected: string | RegExp): boolean {
  if (typeof expected === "string") return actual === expected;
  // A pattern with the flag g goes on where it stopped.
  return actual.search(expected) >= 0;
}

/** A message in the form of those that it is compared with, so that a diff shows what differs and not how it is written. */
function comparable(data: Frame["data"], messages: readonly ExpectedMessage[]): unknown {
  const isJson = messages.some(
    (message) =>
      typeof message !== "string" &&
      !(message instanceof RegExp) &&
      !(message instanceof Uint8Array),
  );
  return (isJson ? parseJson(data)?.value : undefined) ?? data;
}

function parseJson(data: Frame["data"]): { readonly value: unknown } | undefined {
  if (typeof data !== "string") return undefined;
  try {
    return { value: JSON.parse(data) as unknown };
  } catch {
    // It is no JSON.
    return undefined;
  }
}

function formatExpected(direction: Frame["direction"], message: ExpectedMessage): string {
  if (typeof message === "string") return formatFrame({ direction, data: message });
  if (message instanceof Uint8Array) {
    return formatFrame({ direction, data: new Uint8Array(message) });
  }
  const text = message instanceof RegExp ? String(message) : JSON.stringify(message);
  return `${direction === "sent" ? "→" : "←"} ${text}`;
}

function explain(
  { isNot = false }: MatcherContext,
  what: string,
  wanted: readonly string[],
  connections: readonly TestConnection[],
): string {
  const happened = formatConversation(connections);
  return [
    `expected ${what.replace(" to ", isNot ? " not to " : " to ")}`,
    ...wanted.map((line) => `  ${line}`),
    happened === "" ? "but the script has opened no connection" : "but this has happened:",
    ...(happened === "" ? [] : happened.split("\n").map((line) => `  ${line}`)),
  ].join("\n");
}

function connectionsOf(
  matcher: string,
  subject: TestSandbox | TestConnection,
): readonly TestConnection[] {
  // Tests without types pass anything.
  const given: Partial<TestSandbox & TestConnection> | null | undefined = subject;
  if (Array.isArray(given?.connections)) return given.connections;
  if (Array.isArray(given?.frames)) return [subject as TestConnection];
  throw new TypeError(
    `${matcher}() is for a test sandbox or one of its connections, got ${given === null ? "null" : typeof given}`,
  );
}
