import type { ScriptException, ScriptPosition } from "../errors.ts";
import { type ReadSourceMap, readSourceMap, SourceMapError } from "./source-map.ts";
import { replacePlaces } from "./stack-places.ts";

/** Code that was generated, with the way back. */
export interface MappedSource {
  /** The code as it ran. */
  readonly code: string;
  /** Its source map, as JSON. */
  readonly sourceMap: string;
}

/** Tells where exceptions of generated code (bundled, minified, compiled) were made in its original sources. */
export interface SourceMapper {
  /** The exception with the places of its stack, and its position, in the original sources as far as maps tell them. */
  map(exception: ScriptException): ScriptException;
  /** Text of an original source that {@link SourceMapper.map} has named, if a map holds it. */
  text(file: string): string | undefined;
}

/** Files that are asked for: the names in a stack are whatever a script says. */
const maxFiles = 1_000;

/** Places of all maps together that are kept, some 130 bytes each. */
const maxPlaces: number = 2 ** 22;

/**
 * Creates a {@link SourceMapper}. Maps are read when an exception first names their file, and each once.
 *
 * @param find the generated code of a name in a stack, with its map, or nothing for a file that has none; is asked once for each name
 * @param ignored is told of maps that cannot be used, once for each; their places stay as they are
 *
 * @example
 * ```ts
 * const mapper = createSourceMapper((file) => (file === "bundle.js" ? { code, sourceMap } : undefined));
 * const sandbox = await createSandbox({
 *   observe(event) {
 *     if (event.type === "error") console.error(mapper.map(event.exception).stack);
 *   },
 * });
 * await sandbox.run(code, { name: "bundle.js" });
 * ```
 */
export function createSourceMapper(
  find: (file: string) => MappedSource | undefined,
  ignored: (file: string, reason: string) => void = () => {},
): SourceMapper {
  const files = new Map<string, Places | undefined>();
  let places = 0;

  function read(file: string): Places | undefined {
    const source = find(file);
    if (source === undefined) return undefined;
    try {
      const map = readSourceMap(source.sourceMap, file);
      if (places + map.size > maxPlaces) {
        throw new SourceMapError(`the maps read before leave no room for it`);
      }
      places += map.size;
      return { map, columns: columnCounter(source.code) };
    } catch (error) {
      if (!(error instanceof SourceMapError)) throw error;
      ignored(file, error.message);
      return undefined;
    }
  }

  function original(place: ScriptPosition): ScriptPosition {
    const { file, line, column } = place;
    if (!files.has(file) && files.size < maxFiles) files.set(file, read(file));
    const known = files.get(file);
    return known?.map.find(line, known.columns(line, column)) ?? place;
  }

  return {
    map(exception) {
      const { stack, position } = exception;
      return {
        ...exception,
        stack: replacePlaces(stack, original),
        position: position === undefined ? undefined : original(position),
      };
    },
    text(file) {
      for (const known of files.values()) {
        const text = known?.map.text(file);
        if (text !== undefined) return text;
      }
      return undefined;
    },
  };
}

interface Places {
  readonly map: ReadSourceMap;
  readonly columns: (line: number, column: number) => number;
}

/** Turns columns of the engine, which counts code points, into columns of source maps, which count code units. */
function columnCounter(code: string): (line: number, column: number) => number {
  if (!/[\uD800-\uDBFF]/.test(code)) return (_line, column) => column;
  return (line, column) => {
    const text = code.split("\n", line)[line - 1] ?? "";
    let units = 0;
    for (let points = 1; points < column && units < text.length; points++) {
      units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
    }
    return units + 1;
  };
}
