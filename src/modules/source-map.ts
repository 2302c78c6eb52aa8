import { SourceMap, type SourceMapPayload } from "node:module";
import { posix } from "node:path";
import type { ScriptPosition } from "../errors.ts";

/** A source map that has been checked and read. */
export interface ReadSourceMap {
  /** The original place of a generated one, 1-based, if the map has it. */
  find(line: number, column: number): ScriptPosition | undefined;
  /** Text of an original source, if the map holds it. */
  text(file: string): string | undefined;
  /** How many places the map holds: what it takes of memory, some 130 bytes for each. */
  readonly size: number;
}

/** Most places that a map may have; the map of a bundle of 10 MB has about as many. */
const maxPlaces: number = 2 ** 21;
const maxSources = 100_000;
const maxSections = 10_000;
const maxNameLength = 1_000;

/** A source map that cannot be used. The message completes "the source map of x is ignored: ...". */
export class SourceMapError extends Error {}

/**
 * Reads a source map: version 3, with or without sections.
 *
 * Scripts bring their maps along, so a map is as hostile as they are: what Node's own reader gets has been built anew from fields that
 * were checked, and has a bounded size.
 *
 * @param file name of the generated file: sources are relative to it
 * @throws {SourceMapError}
 * @see https://tc39.es/ecma426/
 */
export function readSourceMap(json: string, file: string): ReadSourceMap {
  const texts = new Map<string, string>();
  const { payload, size } = checkMap(parse(json), file, texts);
  const map = new SourceMap(payload);
  return {
    size,
    find(line, column) {
      // Without a column, the first place of the line.
      const entry = map.findEntry(line - 1, Math.max(column - 1, 0));
      // Without an original source it is not there, or undefined, whatever its type says.
      if (!("originalSource" in entry) || typeof entry.originalSource !== "string") {
        return undefined;
      }
      const { generatedLine, originalSource, originalLine, originalColumn } = entry;
      // The reader goes back to earlier lines when the line has no places.
      if (generatedLine !== line - 1) return undefined;
      if (originalSource === "" || !isIndex(originalLine) || !isIndex(originalColumn)) {
        return undefined;
      }
      return { file: originalSource, line: originalLine + 1, column: originalColumn + 1 };
    },
    text: (source) => texts.get(source),
  };
}

function parse(json: string): unknown {
  try {
    // Servers may put a line before the map so that it is no script.
    return JSON.parse(json.replace(/^\)\]\}'[^\n]*\n/, "")) as unknown;
  } catch (error) {
    throw new SourceMapError("it is not JSON", { cause: error });
  }
}

interface CheckedMap {
  readonly payload: SourceMapPayload;
  readonly size: number;
}

/** Sections are part of the format, but not of Node's type. */
interface Section {
  readonly offset: { readonly line: number; readonly column: number };
  readonly map: SourceMapPayload;
}

function checkMap(value: unknown, file: string, texts: Map<string, string>): CheckedMap {
  const map = asObject(value, "it");
  if (map["version"] !== 3) throw new SourceMapError("its version is not 3");
  if (map["sections"] === undefined) return checkFlatMap(map, file, texts);
  if (!isList(map["sections"], maxSections)) throw tooMuch("sections", maxSections);
  let size = 0;
  const sections = map["sections"].map((value): Section => {
    const section = asObject(value, "a section");
    const { line, column } = asObject(section["offset"], "the offset of a section");
    if (!isIndex(line) || !isIndex(column)) {
      throw new SourceMapError("the offset of a section has no line or column");
    }
    const inner = checkFlatMap(asObject(section["map"], "the map of a section"), file, texts);
    size += inner.size;
    if (size > maxPlaces) throw tooMuch("places", maxPlaces);
    return { offset: { line, column }, map: inner.payload };
  });
  return { payload: Object.assign(emptyPayload(file), { sections }), size };
}

function checkFlatMap(
  map: Readonly<Record<string, unknown>>,
  file: string,
  texts: Map<string, string>,
): CheckedMap {
  const { sources, sourcesContent, sourceRoot, mappings } = map;
  if (!isList(sources, maxSources)) throw tooMuch("sources", maxSources);
  if (typeof mappings !== "string" || !/^[A-Za-z\d+/,;]*$/.test(mappings)) {
    throw new SourceMapError("its mappings are not in the alphabet of Base64");
  }
  const size = countPlaces(mappings);
  if (size > maxPlaces) throw tooMuch("places", maxPlaces);
  const root = typeof sourceRoot === "string" ? sourceRoot : "";
  const names = sources.map((source) => originalName(file, root, source));
  const contents = Array.isArray(sourcesContent) ? (sourcesContent as readonly unknown[]) : [];
  for (const [index, name] of names.entries()) {
    const text = contents[index];
    if (name !== "" && typeof text === "string") texts.set(name, text);
  }
  return { payload: { ...emptyPayload(file), sources: names, mappings }, size };
}

/** Names of functions stay as the engine tells them: the map's own are left out. */
function emptyPayload(file: string): SourceMapPayload {
  return {
    file,
    version: 3,
    sources: [],
    sourcesContent: [],
    names: [],
    mappings: "",
    sourceRoot: "",
  };
}

function countPlaces(mappings: string): number {
  let count = mappings === "" ? 0 : 1;
  for (let index = 0; index < mappings.length; index++) {
    const code = mappings.charCodeAt(index);
    // A comma or a semicolon.
    if (code === 0x2c || code === 0x3b) count++;
  }
  return count;
}

/** The name of a source in the names of the generated file; empty when it has none that could stand in a stack. */
function originalName(file: string, root: string, source: unknown): string {
  if (typeof source !== "string" || source === "") return "";
  const path = root === "" ? source : `${root.replace(/\/$/, "")}/${source}`;
  const name = /^(?:[a-z][a-z\d+.-]*:|\/)/i.test(path)
    ? path
    : posix.join(posix.dirname(file), decoded(path).replaceAll("\\", "/"));
  // oxlint-disable-next-line no-control-regex -- they would break the line of the stack
  return name.length > maxNameLength || /[()\0-\x1F\x7F]/.test(name) ? "" : name;
}

/** Sources are URLs, and many tools write them as paths. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SourceMapError(`${what} is not an object`);
  }
  return value as Readonly<Record<string, unknown>>; // Proven by the line above.
}

function isList(value: unknown, max: number): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= max;
}

function isIndex(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 31;
}

function tooMuch(what: string, max: number): SourceMapError {
  return new SourceMapError(`its ${what} are no list, or more than ${max}`);
}
