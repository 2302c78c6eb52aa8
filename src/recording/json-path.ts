import { RecordingError } from "./recording-error.ts";

/** A place in a JSON value: names of properties and indices of lists, from its top. */
export type JsonPlace = readonly (string | number)[];

/** Tells which places a JSON path names. */
export type JsonPathMatcher = (place: JsonPlace) => boolean;

type Segment =
  | { readonly type: "name"; readonly name: string | number }
  | { readonly type: "any" }
  | { readonly type: "descendants" };

/**
 * Reads a path: `$.time`, `$.lamps[0].state`, `$.lamps[*].id`, `$.*.id`, `$["a b"]`, `$..time` for every `time` at any depth.
 *
 * @throws {RecordingError} `ERR_REPLAY_OPTION`
 */
export function parseJsonPath(path: string): JsonPathMatcher {
  const segments: Segment[] = [];
  const pattern =
    /(\.\.)?(?:(?:\.|(?<=\.\.))([^.[\]\s"'*]+)|(?:\.|(?<=\.\.))?(\*)|\[(?:(\d+)|(\*)|("(?:[^"\\]|\\.)*"))\])/y;
  pattern.lastIndex = 1;
  while (path.startsWith("$") && pattern.lastIndex < path.length) {
    const match = pattern.exec(path);
    if (match === null) throw wrongPath(path);
    const [, descendants, name, star, index, anyIndex, quoted] = match;
    if (descendants !== undefined) segments.push({ type: "descendants" });
    if (star !== undefined || anyIndex !== undefined) segments.push({ type: "any" });
    else if (index !== undefined) segments.push({ type: "name", name: Number(index) });
    else if (quoted !== undefined) segments.push({ type: "name", name: unquote(quoted, path) });
    else segments.push({ type: "name", name: name ?? "" });
  }
  if (segments.length === 0) throw wrongPath(path);
  return (place) => matches(segments, 0, place, 0);
}

/** How a place is written as a path. */
export function formatPlace(place: JsonPlace): string {
  return place.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return /^[\w-]+$/.test(part) ? `${text}.${part}` : `${text}[${JSON.stringify(part)}]`;
  }, "$");
}

function matches(
  segments: readonly Segment[],
  segment: number,
  place: JsonPlace,
  depth: number,
): boolean {
  const current = segments[segment];
  if (current === undefined) return depth === place.length;
  if (current.type === "descendants") {
    for (let skip = depth; skip < place.length; skip++) {
      if (matches(segments, segment + 1, place, skip)) return true;
    }
    return false;
  }
  const part = place[depth];
  if (part === undefined) return false;
  if (current.type === "name" && current.name !== part) return false;
  return matches(segments, segment + 1, place, depth + 1);
}

function unquote(quoted: string, path: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    throw wrongPath(path);
  }
}

function wrongPath(path: string): RecordingError {
  return new RecordingError(
    "ERR_REPLAY_OPTION",
    `Expected a JSON path such as $.time, $.lamps[*].id or $..time, got ${JSON.stringify(path)}`,
  );
}
