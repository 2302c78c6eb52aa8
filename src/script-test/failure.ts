import type { ScriptException, ScriptPosition } from "../errors.ts";
import type { TestFailure } from "./protocol.ts";
import { runtimeName } from "./test-file.ts";

/** Why a test failed, for reports. Plain data. */
export interface FailureReport {
  readonly name: string;
  readonly message: string;
  /** Lines `    at name (file:line:column)`, of the test and the scripts that it loads. */
  readonly stack: string;
  /** Where it is in the test file, or in a script where the test file is not on the stack. */
  readonly position: ScriptPosition | undefined;
}

/** A place in a stack: `at name (file:line:column)` or `at file:line:column`. */
const placePattern = /(\(| at |^at )([^()\n]+?):(\d+)(?::(\d+))?(?=\)|$)/gm;

/**
 * Reads what a test or the sandbox tells of an exception.
 *
 * @param file name of the test file
 * @param shift characters on its first line that are not its own
 */
export function readFailure(
  failure: TestFailure | ScriptException,
  file: string,
  shift: number,
): FailureReport {
  const stack = readStack(failure.stack, file, shift);
  const positions = [...stack.matchAll(placePattern)].map(toPosition);
  const told = "position" in failure ? failure.position : undefined;
  const position =
    positions.find((candidate) => candidate.file === file) ??
    (told === undefined ? positions[0] : shifted(told, file, shift));
  return { name: failure.name, message: failure.message, stack, position };
}

function readStack(stack: string, file: string, shift: number): string {
  return stack
    .split("\n")
    .filter(
      (line) => /^\s*at /.test(line) && !line.includes(runtimeName) && !line.endsWith("(native)"),
    )
    .join("\n")
    .replaceAll(placePattern, (all, before: string, name: string, line: string, column?: string) =>
      name === file && line === "1" && column !== undefined
        ? `${before}${name}:1:${Math.max(1, Number(column) - shift)}`
        : all,
    );
}

function toPosition([, , file = "", line, column]: RegExpMatchArray): ScriptPosition {
  return { file, line: Number(line), column: Number(column ?? 0) };
}

function shifted(position: ScriptPosition, file: string, shift: number): ScriptPosition {
  if (position.file !== file || position.line !== 1) return position;
  return { ...position, column: Math.max(1, position.column - shift) };
}
