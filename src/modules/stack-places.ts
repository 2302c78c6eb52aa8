import type { ScriptPosition } from "../errors.ts";

/** A place in a stack: `at name (file:line:column)` or `at file:line:column`. */
const placePattern = /(\(| at |^at )([^()\n]+?):(\d+)(?::(\d+))?(?=\)|$)/gm;

/** The first place in a stack, or in a message that ends with one. */
export function firstPlace(stack: string): ScriptPosition | undefined {
  for (const [, , file, line, column] of stack.matchAll(placePattern)) {
    if (file !== undefined) return { file, line: Number(line), column: Number(column ?? 0) };
  }
  return undefined;
}

/** A stack with each place replaced; its functions keep their names. */
export function replacePlaces(
  stack: string,
  replace: (place: ScriptPosition) => ScriptPosition,
): string {
  return stack.replaceAll(
    placePattern,
    (_all, before: string, file: string, line: string, column?: string) => {
      const place = replace({ file, line: Number(line), column: Number(column ?? 0) });
      const at = place.column === 0 ? `${place.line}` : `${place.line}:${place.column}`;
      return `${before}${place.file}:${at}`;
    },
  );
}
