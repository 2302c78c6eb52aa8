import type { ScriptException } from "../errors.ts";

/**
 * Reads JSON of `ExceptionData` that came from the guest.
 *
 * It is hostile: anything else than the agreed shape gives an exception without details.
 */
export function parseException(json: string): ScriptException {
  const [name, message, stack, file, line, column] = parseArray(json);
  const hasPosition = typeof file === "string" && file !== "" && isPosition(line) && line > 0;
  return {
    name: typeof name === "string" ? name : "Error",
    message: typeof message === "string" ? message : "unknown exception",
    stack: typeof stack === "string" ? stack : "",
    position: hasPosition ? { file, line, column: isPosition(column) ? column : 0 } : undefined,
  };
}

function parseArray(json: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? value : [];
  } catch {
    // The guest answered with something else than JSON: there is nothing to describe.
    return [];
  }
}

function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
