import { JsonSourceError, parseJsonSource, type TextPosition } from "../policy/json-source.ts";
import { readConnection } from "./har-connection.ts";
import { isExchange, readExchange } from "./har-exchange.ts";
import { describe, HarReader } from "./har-reader.ts";
import { RecordingError } from "./recording-error.ts";
import type { RecordedConnection, RecordedExchange, Recording } from "./recording.ts";

/** Options of {@link parseHar}. */
export interface ParseHarOptions {
  /** Longest text that is read, in UTF-16 code units. @defaultValue 268_435_456 */
  readonly maxLength?: number;
  /** Most messages that are read. @defaultValue 1_000_000 */
  readonly maxMessages?: number;
}

/** Entries that are read; a page that loads for an hour has some thousands. */
const maxEntries = 200_000;

/**
 * Reads an HTTP Archive with `_webSocketMessages`, as {@link recordHar}, Chromium and Firefox write it.
 *
 * @throws {RecordingError} `ERR_HAR_SYNTAX`, `ERR_HAR_SHAPE`, `ERR_HAR_LIMIT`, or `ERR_HAR_EMPTY` for one without WebSocket messages and
 * without requests of a script
 */
export function parseHar(text: string, options: ParseHarOptions = {}): Recording {
  const { maxLength = 2 ** 28, maxMessages = 1_000_000 } = options;
  if (text.length > maxLength) {
    throw limitError(`at most ${maxLength} characters`, text.length);
  }
  const entries = entriesOf(parseJson(text.startsWith("\uFEFF") ? text.slice(1) : text));
  if (entries.length > maxEntries)
    throw limitError(`at most ${maxEntries} entries`, entries.length);
  const connections: RecordedConnection[] = [];
  const exchanges: RecordedExchange[] = [];
  const begin = beginOf(entries);
  let messages = 0;
  let hasMessageLists = false;
  for (const entry of entries) {
    const url = urlOf(entry);
    if (url === undefined) continue;
    if (isWebSocket(entry, url)) {
      hasMessageLists ||= entry.at("_webSocketMessages").isPresent;
      messages += entry.at("_webSocketMessages").list().length;
      if (messages > maxMessages) throw limitError(`at most ${maxMessages} messages`, messages);
      connections.push(readConnection(entry, url, begin ?? 0));
    } else if (isExchange(entry)) exchanges.push(readExchange(entry, url, begin ?? 0));
  }
  if (connections.length === 0 && exchanges.length === 0) throw emptyError(entries);
  if (connections.length > 0 && !hasMessageLists && exchanges.length === 0) {
    throw new RecordingError(
      "ERR_HAR_EMPTY",
      `The HTTP Archive has ${connections.length} WebSocket connections (${list(connections.map(({ url }) => url))}) but no messages: _webSocketMessages is missing. Export it once more with a browser that writes them (Chromium since version 76), or record with netdevice run --record`,
    );
  }
  const byStart = (a: { readonly started: number }, b: { readonly started: number }): number =>
    a.started - b.started;
  return {
    ...(begin === undefined ? {} : { startedAt: begin }),
    connections: connections.toSorted(byStart),
    exchanges: exchanges.toSorted(byStart),
    duration: [...connections, ...exchanges].reduce((last, { ended }) => Math.max(last, ended), 0),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RecordingError(
      "ERR_HAR_SYNTAX",
      `The HTTP Archive is not JSON: ${reason.replace(/(?: in JSON)? at position.*|, ".*is not valid JSON$/s, "")} (${position(reason, text)})`,
      { cause: error },
    );
  }
}

/** The engine tells the index, but for short texts and for a missing end. */
function position(reason: string, text: string): string {
  const index = /at position (\d+)/.exec(reason)?.[1];
  const { line, column } =
    index === undefined
      ? (mistake(text) ?? placeOf(text, text.length))
      : placeOf(text, Number(index));
  return `line ${line}, column ${column}`;
}

function placeOf(text: string, index: number): TextPosition {
  const before = text.slice(0, index);
  return { line: before.split("\n").length, column: index - before.lastIndexOf("\n") };
}

function mistake(text: string): TextPosition | undefined {
  if (text.length > 1_000) return undefined;
  try {
    parseJsonSource(text);
    return undefined;
  } catch (error) {
    return error instanceof JsonSourceError ? error.position : undefined;
  }
}

function entriesOf(value: unknown): readonly HarReader[] {
  const entries = new HarReader(value, "").at("log").at("entries");
  if (Array.isArray(entries.value)) return entries.list();
  throw new RecordingError(
    "ERR_HAR_SHAPE",
    `The JSON is not an HTTP Archive: expected an object with a list log.entries, got ${describe(value)}${entries.isPresent ? ` with log.entries ${describe(entries.value)}` : " without it"}`,
  );
}

/** URL of an entry; other schemes (`data:`, extensions) are no network. */
function urlOf(entry: HarReader): URL | undefined {
  if (!entry.isObject()) throw entry.expected("an object");
  const reader = entry.at("request").at("url");
  const text = reader.text();
  if (!URL.canParse(text)) throw reader.expected("an absolute URL");
  const url = new URL(text);
  return /^(?:ws|http)s?:$/.test(url.protocol) ? url : undefined;
}

/** Firefox has no `_resourceType`, and some exporters write the scheme of the handshake. */
function isWebSocket(entry: HarReader, url: URL): boolean {
  if (url.protocol === "ws:" || url.protocol === "wss:") return true;
  if (entry.at("_webSocketMessages").isPresent) return true;
  if (entry.at("_resourceType").value === "websocket") return true;
  const upgrade = entry.at("request").at("headers").header("upgrade");
  return entry.at("response").at("status").value === 101 && upgrade?.toLowerCase() === "websocket";
}

/** When the archive begins: the earliest start of an entry. */
function beginOf(entries: readonly HarReader[]): number | undefined {
  const begin = entries.reduce(
    (earliest, entry) => Math.min(earliest, entry.at("startedDateTime").date() ?? earliest),
    Number.POSITIVE_INFINITY,
  );
  return Number.isFinite(begin) ? begin : undefined;
}

function emptyError(entries: readonly HarReader[]): RecordingError {
  const urls = entries.map((entry) => entry.at("request").at("url").text(""));
  return new RecordingError(
    "ERR_HAR_EMPTY",
    `The HTTP Archive has no WebSocket connection; it has ${entries.length === 0 ? "no entries" : list(urls)}`,
  );
}

function limitError(expected: string, found: number): RecordingError {
  return new RecordingError(
    "ERR_HAR_LIMIT",
    `The HTTP Archive is too large: expected ${expected}, got ${found}. Export only the connections that are wanted`,
  );
}

/** The first few of many. */
function list(items: readonly string[]): string {
  const shown = [...new Set(items)].slice(0, 5).map((item) => describe(item).slice(1, -1));
  const rest = new Set(items).size - shown.length;
  return `${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
