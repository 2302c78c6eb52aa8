import { SandboxError, ScriptError } from "../errors.ts";
import type { ErrorData } from "./messages.ts";

/** Turns any error of a sandbox into plain data. */
export function packError(error: unknown): ErrorData {
  if (error instanceof ScriptError) {
    return {
      code: error.code,
      message: error.message,
      exception: error.exception,
      cause: undefined,
    };
  }
  if (error instanceof SandboxError) {
    const { cause } = error;
    return {
      code: error.code,
      message: error.message,
      exception: undefined,
      cause: cause === undefined ? undefined : describe(cause),
    };
  }
  return { code: "ERR_ENGINE", message: describe(error), exception: undefined, cause: undefined };
}

/** Makes the error again. */
export function unpackError(data: ErrorData): SandboxError {
  if (data.exception !== undefined) return new ScriptError(data.exception);
  const options = data.cause === undefined ? undefined : { cause: new Error(data.cause) };
  return new SandboxError(data.code, data.message, options);
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
