import { Buffer } from "node:buffer";
import { type JsonDifference, jsonDifferences, parseShallowJson } from "./json-difference.ts";
import { parseJsonPath } from "./json-path.ts";
import { RecordingError } from "./recording-error.ts";
import { redactData, redacted } from "./redact.ts";

/** What a message or a body holds. */
export type RecordedData = string | Uint8Array<ArrayBuffer>;

/** How what the script sends is compared with what was recorded. */
export type MatchRule =
  /** The same bytes, and text is text. */
  | "exact"
  /** JSON with the same values, whatever its order of properties and its spaces; everything else exactly. */
  | "json"
  /** Whatever it says. */
  | ((found: RecordedData, recorded: RecordedData) => boolean);

/** Options of {@link messageMatcher}. */
export interface MatchOptions {
  /** @defaultValue `"json"` */
  readonly match?: MatchRule;
  /** JSON paths that may differ, for example `$.time`. Only with `"json"`. @defaultValue none */
  readonly ignore?: readonly string[];
}

/** Compares; `undefined` for a match. Where the recording has `REDACTED`, the secret that the script sends counts as that. */
export type MessageMatcher = (
  found: RecordedData,
  recorded: RecordedData,
) => readonly JsonDifference[] | undefined;

/**
 * Makes a comparison of messages.
 *
 * @throws {RecordingError} `ERR_REPLAY_OPTION` for a wrong rule or path
 */
export function messageMatcher(options: MatchOptions): MessageMatcher {
  const { match = "json", ignore = [] } = options;
  if (typeof match !== "function" && match !== "json" && match !== "exact") {
    const found = JSON.stringify(match);
    throw optionError(`match must be "json", "exact" or a function, got ${found}`);
  }
  if (match === "exact" && ignore.length > 0) {
    throw optionError(`ignore needs match "json": an exact comparison has no paths`);
  }
  const paths = ignore.map(parseJsonPath);
  const isIgnored = (place: readonly (string | number)[]): boolean =>
    paths.some((matches) => matches(place));
  return (found, recorded) => {
    const sent = asRecorded(found, recorded);
    if (typeof match === "function") return match(sent, recorded) ? undefined : [];
    if (isSame(sent, recorded)) return undefined;
    if (match === "exact") return [];
    const [a, b] = [jsonOf(recorded), jsonOf(sent)];
    if (a === undefined || b === undefined || typeof sent !== typeof recorded) return [];
    const differences = jsonDifferences(a, b, isIgnored);
    return differences.length === 0 ? undefined : differences;
  };
}

/** What the script sends as it would have been recorded. */
export function asRecorded(found: RecordedData, recorded: RecordedData): RecordedData {
  return textOf(recorded)?.includes(redacted) === true ? redactData(found) : found;
}

function isSame(a: RecordedData, b: RecordedData): boolean {
  if (typeof a === "string" || typeof b === "string") return a === b;
  return Buffer.compare(a, b) === 0;
}

/** Bytes may hold JSON as well. */
function jsonOf(data: RecordedData): unknown {
  const text = textOf(data);
  return text === undefined ? undefined : parseShallowJson(text);
}

function textOf(data: RecordedData): string | undefined {
  if (typeof data === "string") return data;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch {
    return undefined;
  }
}

function optionError(message: string): RecordingError {
  return new RecordingError("ERR_REPLAY_OPTION", message);
}
