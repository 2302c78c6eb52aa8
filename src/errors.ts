/** Why a sandbox operation failed. */
export type SandboxErrorCode =
  /** The sandbox is closed, or was closed before the operation ended. */
  | "ERR_CLOSED"
  /** The engine could not be loaded, or broke while it ran and was discarded. */
  | "ERR_ENGINE"
  /** A limit stopped the sandbox; the message names it. */
  | "ERR_LIMIT"
  /** An option has a wrong type or value; the message names it and what was expected. */
  | "ERR_OPTION"
  /** The script threw, rejected or does not parse: see {@link ScriptError}. */
  | "ERR_SCRIPT";

/** Base of every error that this package throws on the host. */
export class SandboxError extends Error {
  /** Stable, for programs. */
  readonly code: SandboxErrorCode;

  constructor(code: SandboxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SandboxError";
    this.code = code;
  }
}

/** An exception that left a script. Its `stack` is the guest's: `at function (file:line:column)`. */
export class ScriptError extends SandboxError {
  /** `name` of the guest's exception, for example `"TypeError"`. */
  readonly guestName: string;
  /** Where the exception was made, when known. Lines and columns are 1-based. */
  readonly position: ScriptPosition | undefined;
  /** The exception as the guest described it. */
  readonly exception: ScriptException;

  constructor(exception: ScriptException) {
    super("ERR_SCRIPT", `${exception.name}: ${exception.message}`);
    this.name = "ScriptError";
    this.exception = exception;
    this.guestName = exception.name;
    this.position = exception.position;
    this.stack = `${this.message}\n${exception.stack}`.trimEnd();
  }
}

/** A guest exception in plain data. */
export interface ScriptException {
  readonly name: string;
  readonly message: string;
  /** Lines of the form `    at function (file:line:column)`. */
  readonly stack: string;
  readonly position: ScriptPosition | undefined;
}

/** A place in a script, 1-based. */
export interface ScriptPosition {
  readonly file: string;
  readonly line: number;
  /** 0 when unknown. */
  readonly column: number;
}
/** The message of whatever was thrown: whoever throws may throw something that has no text, or whose text throws. */
export function describeError(error: unknown): string {
  try {
    const text: unknown = error instanceof Error ? error.message : String(error);
    return typeof text === "string" ? text : "something without a description";
  } catch {
    return "something without a description";
  }
}
