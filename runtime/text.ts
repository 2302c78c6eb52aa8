/** Makes strings of code units without asking any prototype. */
import { apply, createList, fromCharCode } from "./intrinsics.ts";

/** Arguments of one call of `String.fromCharCode`: few enough for the engine's stack. */
const chunkLength = 2_048;

/** The string of `count` code units, the first of which is `units[start]`. */
export function fromCodeUnits(
  units: Readonly<Record<number, number>>,
  start: number,
  count: number,
): string {
  let text = "";
  let chunk = createList<number>();
  for (let index = 0; index < count; index++) {
    chunk[chunk.length] = units[start + index] ?? 0;
    if (chunk.length === chunkLength) {
      text += apply(fromCharCode, undefined, chunk);
      chunk = createList();
    }
  }
  return chunk.length === 0 ? text : text + apply(fromCharCode, undefined, chunk);
}
