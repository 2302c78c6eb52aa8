import { Buffer } from "node:buffer";
import type { JsonDifference } from "./json-difference.ts";
import type { RecordedData } from "./message-match.ts";

/** The first difference between what a script does and what was recorded. */
export interface Drift {
  readonly kind: DriftKind;
  /** Where: which connection or request, which message. For people. */
  readonly place: string;
  /** What the recording has there; absent where it has nothing. */
  readonly expected?: string;
  /** What the script did instead; absent where it did nothing. */
  readonly found?: string;
  /** By path, where both are JSON. */
  readonly differences: readonly JsonDifference[];
  /** All of it, as text of several lines. */
  readonly report: string;
}

/** What is different. */
export type DriftKind =
  /** The script opened a connection or made a request that the recording does not have. */
  | "unknown"
  /** The offered subprotocols. */
  | "protocols"
  /** A message, or the body of a request. */
  | "message"
  /** The script sent more messages than were recorded. */
  | "extra"
  /** The script closed too early, or with another code or reason. */
  | "close"
  /** The script has ended, and part of the recording was not needed. */
  | "unused";

/** Makes a {@link Drift}, with its report. */
export function createDrift(
  kind: DriftKind,
  place: string,
  details: {
    readonly expected?: string;
    readonly found?: string;
    readonly differences?: readonly JsonDifference[];
  },
): Drift {
  const { expected, found, differences = [] } = details;
  const lines = [
    `expected  ${expected ?? "nothing"}`,
    `found     ${found ?? "nothing"}`,
    ...differences.map(
      ({ path, ...sides }) =>
        `${path}  expected ${excerpt(sides.expected)}, found ${excerpt(sides.found)}`,
    ),
  ];
  return {
    kind,
    place,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    differences,
    report: `The conversation is not the recorded one.\n  ${place}\n${lines.map((line) => `    ${line}`).join("\n")}`,
  };
}

/** A message in one line. */
export function showMessage(data: RecordedData): string {
  if (typeof data === "string") return excerpt(isPlainJson(data) ? data : JSON.stringify(data));
  const bytes = Buffer.from(data.subarray(0, 24))
    .toString("hex")
    .replaceAll(/..(?!$)/g, "$& ");
  return `${data.byteLength} bytes ${bytes}${data.byteLength > 24 ? " ..." : ""}`.trimEnd();
}

/** Whether a text can be shown without quotes: they would only hide its own. */
function isPlainJson(text: string): boolean {
  return /^[[{][ -~\u00A0-\uD7FF\uE000-\uFFFF]*[\]}]$/.test(text);
}

/** A close frame in one line. */
export function showClose(code: number | undefined, reason: string): string {
  return `close${code === undefined ? "" : ` ${code}`}${reason === "" ? "" : ` ${excerpt(JSON.stringify(reason))}`}`;
}

/** Characters of a text that are shown. */
const maxShown = 300;

function excerpt(text: string | undefined): string {
  if (text === undefined) return "nothing";
  return text.length > maxShown ? `${text.slice(0, maxShown)}...` : text;
}
