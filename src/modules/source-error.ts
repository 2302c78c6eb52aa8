import type { ScriptException, ScriptPosition } from "../errors.ts";

/**
 * A source that cannot be used: not found, not allowed, or with syntax that is not supported.
 *
 * Meant for scripts: `name`, `message` and `stack` hold only what a script may see, never a path of the host.
 */
export class SourceError extends Error {
  /** What is wrong, when known as a place in a source. */
  readonly position: ScriptPosition | undefined;

  constructor(name: "SyntaxError" | "TypeError", message: string, position?: ScriptPosition) {
    super(message);
    this.name = name;
    this.position = position;
    this.stack = `${name}: ${message}\n${stackLine(position)}`.trimEnd();
  }

  /** The same as plain data, for a {@link ScriptError}. */
  toException(): ScriptException {
    return {
      name: this.name,
      message: this.message,
      stack: stackLine(this.position),
      position: this.position,
    };
  }
}

function stackLine(position: ScriptPosition | undefined): string {
  return position === undefined
    ? ""
    : `    at ${position.file}:${position.line}:${position.column}`;
}
