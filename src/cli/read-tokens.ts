import { parseArgs } from "node:util";
import { nearest } from "../nearest.ts";
import { UsageError } from "./usage-error.ts";

/** The options of one command: those with a value, which may be given several times, and switches. */
export type OptionTable = Readonly<
  Record<string, { readonly type: "string" | "boolean"; readonly short?: string }>
>;

/** A command line, read by an {@link OptionTable}. */
export interface Tokens<Name extends string> {
  /** Whether an option was given. */
  has(name: Name): boolean;
  /** Every value of an option. */
  all(name: Name): readonly string[];
  /** The last value of an option, read by `parse`; `undefined` without one. */
  last<Value>(name: Name, parse: (option: string, text: string) => Value): Value | undefined;
  readonly positionals: readonly string[];
  /** What follows `--`. */
  readonly rest: readonly string[];
}

/** A value as it is. */
export function asText(_option: string, value: string): string {
  return value;
}

/**
 * Reads the arguments of a command.
 *
 * @param command name for messages, for example `"run"`
 * @throws {UsageError} for anything that is not understood
 */
export function readTokens<Table extends OptionTable>(
  command: string,
  table: Table,
  args: readonly string[],
): Tokens<keyof Table & string> {
  // Not strict: the parser's own messages do not tell what to do.
  const { tokens } = parseArgs({
    args: [...args],
    options: table,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  const rest: string[] = [];
  let terminated = false;
  for (const token of tokens) {
    if (token.kind === "option-terminator") terminated = true;
    else if (token.kind === "positional") (terminated ? rest : positionals).push(token.value);
    else {
      checkName(command, table, token.name, token.rawName);
      const value = checkValue(command, table, token);
      values.set(token.name, [...(values.get(token.name) ?? []), value]);
    }
  }
  return {
    has: (name) => values.has(name),
    all: (name) => values.get(name) ?? [],
    last(name, parse) {
      const text = values.get(name)?.at(-1);
      return text === undefined ? undefined : parse(`--${name}`, text);
    },
    positionals,
    rest,
  };
}

function checkName(command: string, table: OptionTable, name: string, rawName: string): void {
  if (Object.hasOwn(table, name)) return;
  const suggestion = nearest(name, Object.keys(table));
  throw new UsageError(
    `${rawName} is not an option of netdevice ${command}. ${suggestion === undefined ? `See: netdevice ${command} --help` : `Did you mean --${suggestion}?`}`,
  );
}

function checkValue(
  command: string,
  table: OptionTable,
  token: {
    readonly name: string;
    readonly value: string | undefined;
    readonly inlineValue: boolean | undefined;
  },
): string {
  const { name, value, inlineValue } = token;
  const isInline = inlineValue === true;
  if (table[name]?.type === "boolean") {
    if (!isInline) return "";
    throw new UsageError(
      `--${name} takes no value, got ${JSON.stringify(value)}. Write only --${name}`,
    );
  }
  if (value === undefined) {
    throw new UsageError(
      `--${name} expects a value, got nothing. See: netdevice ${command} --help`,
    );
  }
  if (!isInline && value.length > 1 && value.startsWith("-")) {
    throw new UsageError(
      `--${name} expects a value, got the option ${value}. If that is the value, write --${name}=${value}`,
    );
  }
  return value;
}
