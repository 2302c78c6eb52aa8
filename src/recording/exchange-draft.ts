import { Buffer } from "node:buffer";
import type { HeaderList, SandboxEvent } from "../events.ts";
import type { HarEntry, HarPair } from "./har-format.ts";
import { parameters, rounded } from "./har-parts.ts";
import { redactData, redactHeader, redactUrl } from "./redact.ts";

type EventOf<Type extends SandboxEvent["type"]> = Extract<SandboxEvent, { readonly type: Type }>;

/** One request of a chain of redirects. */
interface Hop {
  readonly started: number;
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderList;
  readonly sent: Uint8Array[];
  response?: { readonly status: number; readonly statusText: string; readonly headers: HeaderList };
  answered?: number;
  ended?: number;
  readonly received: Uint8Array[];
  failure?: string;
}

/** The entries of one `fetch` while it is recorded: its request, and one more for each redirect. */
export class ExchangeDraft {
  readonly #hops: Hop[];

  constructor({ time, method, url, headers }: EventOf<"request">) {
    this.#hops = [{ started: time, method, url, headers, sent: [], received: [] }];
  }

  /** Takes any event of the request. */
  observe(event: SandboxEvent): void {
    const hop = this.#hops.at(-1);
    if (hop === undefined) return;
    switch (event.type) {
      case "requestBody":
        hop.sent.push(event.data);
        break;
      case "redirect": {
        const { time, status, headers, method, url } = event;
        hop.response = { status, statusText: "", headers };
        hop.answered = hop.ended = time;
        // A redirect that turns POST into GET leaves the body behind.
        const sent = method === hop.method ? hop.sent : [];
        this.#hops.push({ started: time, method, url, headers: hop.headers, sent, received: [] });
        break;
      }
      case "response":
        hop.response = event;
        hop.answered = event.time;
        break;
      case "responseBody":
        hop.received.push(event.data);
        break;
      case "finished":
        hop.ended = event.time;
        if (event.failure !== undefined) hop.failure = event.failure.code;
        break;
      default:
        // The others are about no request.
        break;
    }
  }

  /** @param start milliseconds since 1970 of the time 0 */
  entries(start: number, isRedacted: boolean): readonly HarEntry[] {
    return this.#hops.map((hop) => entryOf(hop, start, isRedacted));
  }
}

function entryOf(hop: Hop, start: number, isRedacted: boolean): HarEntry {
  const { started, answered = started, ended = answered, response } = hop;
  const url = isRedacted ? redactUrl(hop.url) : hop.url;
  const sent = Buffer.concat(hop.sent);
  const received = Buffer.concat(hop.received);
  const headers = shownHeaders(response?.headers ?? [], isRedacted);
  return {
    _resourceType: "fetch",
    startedDateTime: new Date(start + started).toISOString(),
    time: rounded(ended - started),
    request: {
      method: hop.method,
      url,
      httpVersion: "HTTP/1.1",
      headers: shownHeaders(hop.headers, isRedacted),
      queryString: parameters(url),
      cookies: [],
      headersSize: -1,
      bodySize: sent.byteLength,
      ...(sent.byteLength === 0
        ? {}
        : {
            postData: {
              mimeType: valueOf(hop.headers, "content-type"),
              ...postBody(sent, isRedacted),
            },
          }),
    },
    response: {
      status: response?.status ?? 0,
      statusText: response?.statusText ?? "",
      httpVersion: response === undefined ? "" : "HTTP/1.1",
      headers,
      cookies: [],
      content: {
        size: received.byteLength,
        mimeType: valueOf(response?.headers ?? [], "content-type") || "x-unknown",
        ...body(received, isRedacted),
      },
      redirectURL: headers.find(({ name }) => name.toLowerCase() === "location")?.value ?? "",
      headersSize: -1,
      bodySize: received.byteLength,
      _transferSize: received.byteLength,
      _error: hop.failure ?? null,
    },
    cache: {},
    timings: {
      blocked: -1,
      dns: -1,
      connect: -1,
      ssl: -1,
      send: 0,
      wait: rounded(answered - started),
      receive: rounded(ended - answered),
    },
  };
}

function shownHeaders(headers: HeaderList, isRedacted: boolean): readonly HarPair[] {
  return headers.map(([name, value]) => {
    if (!isRedacted) return { name, value };
    const clean = redactHeader(name, value);
    return { name, value: name.toLowerCase() === "location" ? redactUrl(clean) : clean };
  });
}

function valueOf(headers: HeaderList, wanted: string): string {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? "";
}

/** Text as it is, everything else in base64. */
function body(
  bytes: Buffer<ArrayBuffer>,
  isRedacted: boolean,
): { readonly text: string; readonly encoding?: "base64" } {
  const shown = isRedacted ? redactData(new Uint8Array(bytes)) : bytes;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { text: typeof shown === "string" ? shown : decoder.decode(shown) };
  } catch {
    return { text: bytes.toString("base64"), encoding: "base64" };
  }
}

/** HAR has no place for the coding of what is sent. */
function postBody(
  bytes: Buffer<ArrayBuffer>,
  isRedacted: boolean,
): { readonly text: string; readonly _encoding?: "base64" } {
  const { text, encoding } = body(bytes, isRedacted);
  return encoding === undefined ? { text } : { text, _encoding: encoding };
}
