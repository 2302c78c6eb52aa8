import { defineClassString, defineFunction, defineValue } from "./interface.ts";
import {
  apply,
  createMap,
  ErrorOf,
  indexOf,
  is,
  jsonStringify,
  NumberOf,
  stringSlice,
  uncurry,
} from "./intrinsics.ts";
import { loadPart } from "./parts.ts";
import type { RuntimeScope } from "./scope.ts";
import { scriptStack } from "./stack.ts";
import { toDOMString } from "./webidl.ts";

/** Indices of `logLevels`. */
const debug = 0;
const log = 1;
const info = 2;
const warn = 3;
const error = 4;

/** Longest argument that is passed on without a look. */
const maxPlainLength = 2 ** 20;
const maxIndentation = 64;
/** Labels that are remembered. */
const maxLabels = 1_000;

const toFixed: (self: unknown, digits: number) => string = uncurry(Number.prototype.toFixed);

/** What the part `inspect` makes of values. */
export interface Inspector {
  /** Joins the arguments of a console method; format specifiers in the first are replaced by the arguments that follow. */
  format(data: readonly unknown[]): string;
  /** Describes a value for people. Never throws. */
  inspect(value: unknown): string;
  /** Draws the table of `console.table`, `undefined` when the data has no rows. */
  consoleTable(data: unknown, columns: unknown): string | undefined;
}

type Method = (...data: readonly unknown[]) => void;

/**
 * Installs `console`.
 *
 * @see https://console.spec.whatwg.org/
 */
export function installConsole({ global, host }: RuntimeScope): void {
  const hostLog = host.log;
  const counts = createMap<string, number>();
  const starts = createMap<string, number>();
  let labels = 0;
  let indentation = "";

  function print(level: number, text: string): void {
    hostLog(level, jsonStringify(indentation === "" ? text : indent(text, indentation)));
  }

  function printer(level: number): Method {
    return (...data) => {
      const first = data[0];
      // The usual call, kept short: scripts print a million lines.
      if (data.length === 1 && typeof first === "string" && first.length <= maxPlainLength) {
        if (indentation === "") hostLog(level, jsonStringify(first));
        else print(level, first);
      } else if (data.length > 0) print(level, format(data));
      else print(level, "");
    };
  }

  function remember<T>(
    map: { set(label: string, value: T): unknown },
    label: string,
    value: T,
  ): void {
    labels += 1;
    // A script that makes up labels for ever starts again from none.
    if (labels > maxLabels) {
      counts.clear();
      starts.clear();
      labels = 1;
    }
    map.set(label, value);
  }

  function printTime(level: number, label: string, more: readonly unknown[]): void {
    const start = starts.get(label);
    if (start === undefined) print(warn, "There is no timer '" + label + "'");
    else {
      const elapsed = label + ": " + duration(host.now() - start);
      print(level, more.length === 0 ? elapsed : elapsed + " " + format(more));
    }
  }

  const printLog = printer(log);
  const group: Method = (...data) => {
    if (data.length > 0) apply(printLog, undefined, data);
    if (indentation.length < maxIndentation) indentation += "  ";
  };

  const methods: Readonly<Record<string, Method>> = {
    assert(condition, ...data) {
      if (condition) return;
      const prefix = "Assertion failed";
      if (data.length === 0) print(error, prefix);
      else print(error, prefix + ": " + format(data));
    },
    clear() {
      indentation = "";
    },
    count(label = "default") {
      const name = toDOMString(label);
      const count = (counts.get(name) ?? 0) + 1;
      if (count === 1) remember(counts, name, count);
      else counts.set(name, count);
      print(info, name + ": " + count);
    },
    countReset(label = "default") {
      const name = toDOMString(label);
      if (!counts.delete(name)) print(warn, "There is no counter '" + name + "'");
    },
    debug: printer(debug),
    dir(value) {
      print(log, inspector()?.inspect(value) ?? unavailable);
    },
    dirxml: (...data) => apply(printLog, undefined, data),
    error: printer(error),
    group,
    groupCollapsed: (...data) => apply(group, undefined, data),
    groupEnd() {
      indentation = stringSlice(indentation, 2);
    },
    info: printer(info),
    log: printLog,
    table(data, columns) {
      const table = inspector()?.consoleTable(data, columns);
      print(log, table ?? format([data]));
    },
    time(label = "default") {
      const name = toDOMString(label);
      if (starts.has(name)) print(warn, "The timer '" + name + "' has started already");
      else remember(starts, name, host.now());
    },
    timeEnd(label = "default") {
      const name = toDOMString(label);
      printTime(info, name, []);
      starts.delete(name);
    },
    timeLog(label = "default", ...data) {
      printTime(log, toDOMString(label), data);
    },
    trace(...data) {
      const text = data.length === 0 ? "Trace" : "Trace: " + format(data);
      print(log, text + "\n" + withoutLastNewline(scriptStack(new ErrorOf().stack)));
    },
    warn: printer(warn),
  };

  // A namespace object: its prototype is an empty object, for history's sake.
  const console: object = Object.create({});
  for (const name of Object.keys(methods)) {
    const method = methods[name];
    if (method !== undefined) defineFunction(console, name, method, 0);
  }
  defineClassString(console, "console");
  defineValue(global, "console", console);
}

const unavailable = "[No memory to show it]";

function inspector(): Inspector | undefined {
  try {
    return loadPart("inspect");
  } catch {
    // The console never throws.
    return undefined;
  }
}

/** Joins the arguments. Text and numbers need no part. */
function format(data: readonly unknown[]): string {
  let text = "";
  for (let index = 0; index < data.length; index++) {
    const item = data[index];
    const isPlain =
      typeof item === "string"
        ? item.length <= maxPlainLength && (index > 0 || indexOf(item, "%") < 0)
        : typeof item === "boolean" || (typeof item === "number" && !is(item, -0));
    if (!isPlain) return inspector()?.format(data) ?? unavailable;
    text += (index === 0 ? "" : " ") + item;
  }
  return text.length <= maxPlainLength ? text : (inspector()?.format(data) ?? unavailable);
}

function duration(elapsed: number): string {
  return elapsed < 1_000
    ? NumberOf(toFixed(elapsed, 3)) + "ms"
    : NumberOf(toFixed(elapsed / 1_000, 3)) + "s";
}

function withoutLastNewline(text: string): string {
  return text[text.length - 1] === "\n" ? stringSlice(text, 0, -1) : text;
}

function indent(text: string, margin: string): string {
  let indented = margin;
  let start = 0;
  for (;;) {
    const end = indexOf(text, "\n", start);
    if (end < 0) return indented + stringSlice(text, start);
    indented += stringSlice(text, start, end + 1) + margin;
    start = end + 1;
  }
}
