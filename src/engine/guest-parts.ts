import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { guestParts } from "../boundary.ts";

const require: NodeJS.Require = createRequire(import.meta.url);

const sources = new Map<string, string>();

/**
 * Source of a part of the guest runtime, by its index in {@link guestParts}. Read when it is first asked for, in the middle of a call of
 * the guest: the files are small, and most scripts need none.
 */
export function partSource(index: number): string {
  const name = guestParts[index];
  if (name === undefined) throw new RangeError("unknown part");
  let source = sources.get(name);
  if (source === undefined) {
    source = readFileSync(require.resolve(`#guest-part/${name}`), "utf8");
    sources.set(name, source);
  }
  return source;
}
