import { Buffer } from "node:buffer";
import type { HarReader } from "./har-reader.ts";
import type { RecordedExchange } from "./recording.ts";

/** Whether an entry is a request of a script, rather than a page, an image or a style sheet. */
export function isExchange(entry: HarReader): boolean {
  const type = entry.at("_resourceType").value;
  return type === "fetch" || type === "xhr";
}

/** Reads the entry of an HTTP request. `begin`: milliseconds since 1970 of the recording's time 0. */
export function readExchange(entry: HarReader, url: URL, begin: number): RecordedExchange {
  const started = Math.max(0, (entry.at("startedDateTime").date() ?? begin) - begin);
  const response = entry.at("response");
  const sent = entry.at("request").at("postData");
  const time = entry.at("time").value;
  const failure = response.at("_error").value;
  url.hash = "";
  return {
    method: entry.at("request").at("method").text("GET").toUpperCase(),
    url: url.href,
    started,
    ...(sent.isPresent ? { sent: readBody(sent, "_encoding") } : {}),
    status: response.at("status").number(0),
    headers: readHeaders(response.at("headers")),
    received: readBody(response.at("content"), "encoding"),
    ...(typeof failure === "string" && failure !== "" ? { failure } : {}),
    ended: started + Math.max(0, typeof time === "number" && Number.isFinite(time) ? time : 0),
  };
}

/** Headers of the transfer: the body is recorded as it was decoded. */
const transferHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "keep-alive",
  "transfer-encoding",
]);

function readHeaders(headers: HarReader): Readonly<Record<string, string>> {
  const result = new Map<string, string>();
  for (const header of headers.list()) {
    const name = header.at("name").text().toLowerCase();
    // Names of HTTP/2 such as ":status" are no headers.
    if (name.startsWith(":") || transferHeaders.has(name)) continue;
    const before = result.get(name);
    const value = header.at("value").text("");
    result.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(result);
}

function readBody(content: HarReader, encoding: string): string | Uint8Array<ArrayBuffer> {
  const text = content.at("text").text("");
  return content.at(encoding).value === "base64"
    ? new Uint8Array(Buffer.from(text, "base64"))
    : text;
}
