import type { LogLevel } from "../boundary.ts";
import { type SandboxError, ScriptError, type ScriptException } from "../errors.ts";
import type { ConnectionFailure, Observer, SandboxEvent } from "../events.ts";
import type { Colours } from "./colours.ts";
import { explainFailure, isRefusal } from "./explain-failure.ts";
import type { Output, OutputStream } from "./output.ts";
import { printable } from "./printable.ts";
import { reportException, type ScriptSources } from "./report-exception.ts";
import { traceLine } from "./trace.ts";

/** Prints what happens in a sandbox and remembers how the command has to end. */
export interface Reporter {
  readonly observe: Observer;
  /** Reports what ended the script: an exception of its own, or why the sandbox closed. */
  failed(error: SandboxError): void;
  /** Prints a line of the command's own to standard error. */
  note(message: string): void;
  /** What the script has come to so far. */
  readonly outcome: Outcome;
}

/** `"failed"`: the script did not catch an exception; `"refused"`: the policy or a limit refused something or ended the script. */
export type Outcome = "done" | "failed" | "refused";

/** Options of {@link createReporter}. */
export interface ReporterOptions {
  readonly output: Output;
  readonly sources: ScriptSources;
  /** For standard error. */
  readonly colours: Colours;
  /** Whether every message is printed. */
  readonly trace: boolean;
  /** Whether control characters in what the script prints become escapes. */
  readonly isEscaped: boolean;
}

/** Connections that are explained one by one; a script can open millions that fail. */
const maxExplained = 100;

const streams: Readonly<Record<LogLevel, OutputStream>> = {
  debug: "stdout",
  log: "stdout",
  info: "stdout",
  warn: "stderr",
  error: "stderr",
};

/** Failures that the script itself caused. */
const ownFailures: ReadonlySet<string> = new Set(["ERR_CLOSED_BY_SCRIPT", "ERR_ABORTED"]);

export function createReporter(options: ReporterOptions): Reporter {
  const { output, sources, colours } = options;
  /** URLs of connections and requests, which are numbered together. */
  const urls = new Map<number, string>();
  const limits = new Set<string>();
  let hasFailed = false;
  let isRefused = false;
  let isEnded = false;
  let lastException: ScriptException | undefined;
  let explained = 0;

  function note(message: string): void {
    output.write("stderr", `${colours.yellow("netdevice:")} ${message}\n`);
  }

  function exception(data: ScriptException): void {
    lastException = data;
    // The engine's memory is a limit, whatever the script was doing when it ran out.
    if (isOutOfMemory(data)) {
      isEnded = true;
      note("the script ran out of memory. To give it more: --memory 512MB");
    } else hasFailed = true;
    output.write("stderr", reportException(sources.original(data, note), sources, colours));
  }

  function ended(id: number, failure: ConnectionFailure | undefined): void {
    const url = urls.get(id) ?? "a connection";
    urls.delete(id);
    if (failure === undefined || ownFailures.has(failure.code)) return;
    if (
      isRefusal(failure) ||
      failure.code === "ERR_LIMIT" ||
      failure.code === "ERR_MESSAGE_TOO_LARGE"
    ) {
      isRefused = true;
    }
    explained++;
    if (explained > maxExplained) return;
    const [first = "", ...rest] = explainFailure(url, failure);
    note([first, ...rest.map((line) => `  ${line}`)].join("\n"));
    if (explained === maxExplained) note("further failed connections are not explained");
  }

  function observe(event: SandboxEvent): void {
    if (options.trace) {
      const line = traceLine(event);
      if (line !== undefined) output.write("stderr", `${colours.dim(line)}\n`);
    }
    switch (event.type) {
      case "connecting":
        urls.set(event.connection, event.url);
        break;
      case "closed":
        ended(event.connection, event.failure);
        break;
      case "request":
      case "redirect":
        urls.set(event.request, event.url);
        break;
      case "finished":
        ended(event.request, event.failure);
        break;
      case "console":
        output.write(streams[event.level], `${shown(event.message)}\n`);
        break;
      case "alert":
        output.write("stdout", `${shown(event.message)}\n`);
        break;
      case "error":
        exception(event.exception);
        break;
      case "limit":
        isRefused = true;
        if (!limits.has(event.limit)) note(`the script reached the limit ${event.limit}`);
        limits.add(event.limit);
        break;
      case "killed":
      // Told by the error that ends the command.
      case "open":
      case "sent":
      case "received":
      case "closing":
      case "response":
      case "requestBody":
      case "responseBody":
        break;
    }
  }

  function shown(text: string): string {
    return options.isEscaped ? printable(text) : text;
  }

  return {
    observe,
    note,
    failed(error) {
      if (error instanceof ScriptError) {
        // The top level's exception has been reported as uncaught before it ended the script.
        if (!isSame(error.exception, lastException)) exception(error.exception);
        return;
      }
      if (error.code === "ERR_LIMIT") isEnded = true;
      else hasFailed = true;
      note(printable(error.message));
    },
    get outcome() {
      if (isEnded) return "refused";
      if (hasFailed) return "failed";
      return isRefused ? "refused" : "done";
    },
  };
}

function isSame(exception: ScriptException, other: ScriptException | undefined): boolean {
  return (
    exception.name === other?.name &&
    exception.message === other.message &&
    exception.stack === other.stack
  );
}

function isOutOfMemory(exception: ScriptException): boolean {
  return exception.name === "InternalError" && exception.message === "out of memory";
}
