import { Buffer } from "node:buffer";
import { decodeCloseFrame } from "./close-frame.ts";
import { describe, type HarReader } from "./har-reader.ts";
import { RecordingError } from "./recording-error.ts";
import type { RecordedConnection, RecordedEvent } from "./recording.ts";

/** Reads the entry of a WebSocket. `begin`: milliseconds since 1970 of the recording's time 0. */
export function readConnection(entry: HarReader, url: URL, begin: number): RecordedConnection {
  const started = Math.max(0, (entry.at("startedDateTime").date() ?? begin) - begin);
  const events = readEvents(entry.at("_webSocketMessages").list(), begin, started);
  const response = entry.at("response");
  const headers = entry.at("request").at("headers");
  const status = response.at("status").number(events.length > 0 ? 101 : 0);
  const isOpen = status === 101 || events.length > 0;
  const first = events[0]?.time ?? Number.POSITIVE_INFINITY;
  const last = events.at(-1)?.time ?? started;
  const opened = Math.min(first, started + handshakeTime(entry.at("timings")));
  const protocols = offeredProtocols(headers);
  const failure = response.at("_error").value;
  return {
    url: webSocketUrl(url),
    ...(protocols === undefined ? {} : { protocols }),
    protocol: response.at("headers").header("sec-websocket-protocol") ?? "",
    started,
    ...(isOpen ? { opened } : {}),
    status: isOpen ? 101 : status,
    ...(isOpen || typeof failure !== "string" || failure === "" ? {} : { failure }),
    events,
    ended: Math.max(last, opened, started + Math.max(0, finite(entry.at("time").value))),
  };
}

function webSocketUrl(url: URL): string {
  const { href, protocol } = url;
  return protocol.startsWith("http") ? href.replace(/^http/, "ws") : href;
}

/** Absent when the exporter kept no headers of the handshake, as some do without sensitive data. */
function offeredProtocols(headers: HarReader): readonly string[] | undefined {
  const offered = headers.header("sec-websocket-protocol");
  if (offered !== undefined) return offered.split(",").map((protocol) => protocol.trim());
  return headers.header("sec-websocket-version") === undefined ? undefined : [];
}

/** Milliseconds before the messages. */
function handshakeTime(timings: HarReader): number {
  return ["blocked", "dns", "connect", "send", "wait"].reduce(
    (sum, name) => sum + Math.max(0, finite(timings.at(name).value)),
    0,
  );
}

function finite(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function readEvents(
  messages: readonly HarReader[],
  begin: number,
  started: number,
): readonly RecordedEvent[] {
  const events: RecordedEvent[] = [];
  let time = started;
  for (const message of messages) {
    // Exporters list them in order; a clock that was set back must not turn time around.
    time = Math.max(time, readTime(message.at("time"), begin) ?? time);
    const event = readEvent(message, time);
    if (event !== undefined) events.push(event);
    // The other side's close frame is the answer, and nothing comes after it.
    if (event?.type === "closed" || event?.type === "failed") break;
  }
  return events;
}

/** Seconds since 1970; tolerates milliseconds and microseconds. */
function readTime(reader: HarReader, begin: number): number | undefined {
  if (!reader.isPresent) return undefined;
  let ms = reader.number(0) * 1_000;
  while (ms > 1e14) ms /= 1_000;
  return Math.max(0, Math.round((ms - begin) * 1_000) / 1_000);
}

function readEvent(message: HarReader, time: number): RecordedEvent | undefined {
  const data = message.at("data").text("");
  const direction = readDirection(message.at("type"));
  if (direction === "error") return { type: "failed", time, failure: readFailure(data) };
  const opcode = message.at("opcode").number(1);
  switch (opcode) {
    case 1:
      return { type: direction, time, data };
    case 2:
      return { type: direction, time, data: readBytes(message.at("data"), data) };
    case 8: {
      const by = direction === "sent" ? "client" : "server";
      return { type: "closed", time, by, ...decodeCloseFrame(data) };
    }
    case 9:
    case 10:
      // Pings are answered by themselves and say nothing to a script.
      return undefined;
    default:
      throw message.at("opcode").expected("1, 2, 8, 9 or 10");
  }
}

function readDirection(reader: HarReader): "sent" | "received" | "error" {
  switch (reader.value) {
    case "send":
    case "sent":
      return "sent";
    case "receive":
    case "received":
      return "received";
    case "error":
      return "error";
    default:
      throw reader.expected('"send" or "receive"');
  }
}

/** Our own recordings begin with the code; a browser writes what it shows. */
function readFailure(data: string): string {
  return /^ERR_[A-Z_]+/.exec(data)?.[0] ?? "ERR_CONNECTION_LOST";
}

function readBytes(reader: HarReader, data: string): Uint8Array<ArrayBuffer> {
  if (/^[\w+/-]*={0,2}$/.test(data)) return new Uint8Array(Buffer.from(data, "base64"));
  // Some exporters write the bytes as characters.
  const bytes = Uint8Array.from(data, (character) => character.charCodeAt(0));
  if ([...bytes].every((byte, index) => byte === data.charCodeAt(index))) return bytes;
  throw new RecordingError(
    "ERR_HAR_SHAPE",
    `Expected bytes in base64 at ${reader.path} of the HTTP Archive, got ${describe(data)}`,
  );
}
