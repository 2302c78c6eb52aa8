import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

/** Fields of objects that no script ever gets hold of: they stay properties. */
const plainFields: ReadonlySet<string> = new Set(
  (
    "_back _chunkSteps _closeSteps _cursor _elements _errorSteps _front _iterator _next _nextSteps _promise _reason _reject _rejectPromise " +
    "_resolve _resolvePromise _returnSteps _size _waitForWritesToFinish _wasAlreadyErroring"
  ).split(" "),
);

/**
 * Moves the internal slots of the streams library, which it keeps in properties such as `_state`, into one private field of each object: a
 * script sees no more of them than of a browser's, and can forge none. The module gains the export `readSlot(object, name)`.
 */
export function hideSlots(source: string): string {
  let checks = 0;
  let creations = 0;
  const hidden = source
    // Having a slot is being of the interface: what `instanceof` adds, a script could change.
    .replace(
      /\(!!Object\.prototype\.hasOwnProperty\.call\((\w),("_\w+")\)&&\1 instanceof \w+\)/g,
      (_match, name: string, slot: string) => {
        checks++;
        return `(#slots in ${name}&&${slot}in ${name}.#slots)`;
      },
    )
    .replace(
      /Object\.prototype\.hasOwnProperty\.call\((\w),("_\w+")\)/g,
      (_match, name: string, slot: string) => {
        checks++;
        return `(#slots in ${name}&&${slot}in ${name}.#slots)`;
      },
    )
    .replace(/Object\.create\((?!Error\.)[\w.]+\)/g, (match) => {
      creations++;
      return `addSlots(${match})`;
    })
    .replace(/class \w+\{constructor\([^)]*\)\{/g, (match) => {
      creations++;
      return `${match}addSlots(this);`;
    })
    .replace(/\.(_[a-zA-Z]\w*)/g, (match, name: string) =>
      plainFields.has(name) ? match : `.#slots.${name}`,
    );
  const [, names] = /;export\{([\w,]+)\};\s*$/.exec(hidden) ?? [];
  // One for each of the thirteen interfaces and for the iterator; where this fails, the library is another one than it was.
  if (names === undefined || checks !== 14 || creations < 25) {
    throw new Error("The streams library has changed: adapt tools/hidden-slots.ts to it");
  }
  for (const [, name = ""] of source.matchAll(/\}(_[a-zA-Z]\w*)\([^)]*\)\{/g)) {
    if (!plainFields.has(name))
      throw new Error(`tools/hidden-slots.ts must keep the method ${name}`);
  }
  const body = hidden.slice(0, hidden.lastIndexOf(";export{"));
  return `let library, readSlot;
class Given { constructor(object) { return object; } }
class Slots extends Given {
  #slots = { __proto__: null };
  static {
    const addSlots = (object) => new Slots(object);
    readSlot = (object, name) => object.#slots[name];
    ${body};
    library = { ${names} };
  }
}
export { readSlot };
export const { ${names} } = library;
`;
}

/** Applies {@link hideSlots} to the library in a bundle. */
export const hiddenSlots: Plugin = {
  name: "hidden-slots",
  setup({ onLoad }) {
    onLoad(
      { filter: /[\\/]web-streams-polyfill[\\/]dist[\\/]ponyfill\.mjs$/ },
      async ({ path }) => ({
        contents: hideSlots(await readFile(path, "utf8")),
      }),
    );
  },
};
