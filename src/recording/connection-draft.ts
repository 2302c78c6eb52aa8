import { Buffer } from "node:buffer";
import { STATUS_CODES } from "node:http";
import type { SandboxEvent } from "../events.ts";
import { encodeCloseFrame } from "./close-frame.ts";
import type { HarEntry, HarMessage, HarPair } from "./har-format.ts";
import { parameters, rounded } from "./har-parts.ts";
import { isSecretName, redactData, redacted, redactText, redactUrl } from "./redact.ts";

type EventOf<Type extends SandboxEvent["type"]> = Extract<SandboxEvent, { readonly type: Type }>;
type MessageEvent = EventOf<"sent" | "received" | "closing" | "closed">;

/** The entry of one connection while it is recorded. */
export class ConnectionDraft {
  readonly #connecting: EventOf<"connecting">;
  #open: EventOf<"open"> | undefined;
  #closed: EventOf<"closed"> | undefined;
  readonly #messages: MessageEvent[] = [];
  #last: number;

  constructor(event: EventOf<"connecting">) {
    this.#connecting = event;
    this.#last = event.time;
  }

  /** Takes any event of the connection. */
  observe(event: SandboxEvent): void {
    this.#last = event.time;
    switch (event.type) {
      case "open":
        this.#open = event;
        break;
      case "closing":
        this.#messages.push(event);
        break;
      case "sent":
      case "received":
        this.#messages.push(event);
        break;
      case "closed":
        this.#closed = event;
        if (this.#open !== undefined) this.#messages.push(event);
        break;
      default:
        // The others are about no message.
        break;
    }
  }

  /** @param start milliseconds since 1970 of the time 0 */
  entry(start: number, isRedacted: boolean): HarEntry {
    const { time: started, url, protocols } = this.#connecting;
    const shownUrl = isRedacted ? redactUrl(url) : url;
    const opened = this.#open?.time;
    const failure = this.#open === undefined ? this.#closed?.failure : undefined;
    const status = this.#open === undefined ? (failure?.status ?? 0) : 101;
    const offered = protocols.map((protocol) => shownProtocol(protocol, isRedacted));
    const { protocol = "", extensions = "" } = this.#open ?? {};
    return {
      _resourceType: "websocket",
      startedDateTime: new Date(start + started).toISOString(),
      time: rounded(this.#last - started),
      request: {
        method: "GET",
        url: shownUrl,
        httpVersion: "HTTP/1.1",
        headers: [
          ...upgrade,
          ...header("Sec-WebSocket-Version", "13"),
          ...header("Sec-WebSocket-Protocol", offered.join(", ")),
        ],
        queryString: parameters(shownUrl),
        cookies: [],
        headersSize: -1,
        bodySize: 0,
      },
      response: {
        status,
        statusText: STATUS_CODES[status] ?? "",
        httpVersion: status === 0 ? "" : "HTTP/1.1",
        headers:
          status === 101
            ? [
                ...upgrade,
                ...header("Sec-WebSocket-Protocol", shownProtocol(protocol, isRedacted)),
                ...header("Sec-WebSocket-Extensions", extensions),
              ]
            : [],
        cookies: [],
        content: { size: 0, mimeType: "x-unknown" },
        redirectURL: "",
        headersSize: -1,
        bodySize: -1,
        _transferSize: 0,
        _error: failure?.code ?? null,
      },
      cache: {},
      timings: {
        blocked: -1,
        dns: -1,
        connect: -1,
        ssl: -1,
        send: 0,
        wait: rounded((opened ?? this.#last) - started),
        receive: rounded(this.#last - (opened ?? this.#last)),
      },
      _webSocketMessages: this.#messages.map((event) => ({
        ...this.#message(event, isRedacted),
        // Microseconds: what a number that holds the seconds since 1970 can tell apart.
        time: Math.round((start + event.time) * 1_000) / 1_000_000,
      })),
    };
  }

  #message(event: MessageEvent, isRedacted: boolean): Omit<HarMessage, "time"> {
    const closeFrame = (code: number | undefined, reason: string): string =>
      encodeCloseFrame({
        ...(code === undefined ? {} : { code }),
        reason: isRedacted ? redactText(reason) : reason,
      });
    switch (event.type) {
      case "sent":
      case "received": {
        const type = event.type === "sent" ? "send" : "receive";
        const data = isRedacted ? redactData(event.data) : event.data;
        return typeof data === "string"
          ? { type, opcode: 1, data }
          : { type, opcode: 2, data: Buffer.from(data).toString("base64") };
      }
      case "closing":
        return { type: "send", opcode: 8, data: closeFrame(event.code, event.reason) };
      case "closed": {
        const { failure, code, reason } = event;
        if (failure === undefined)
          return { type: "receive", opcode: 8, data: closeFrame(code, reason) };
        return { type: "error", opcode: -1, data: `${failure.code}: ${failure.message}` };
      }
    }
  }
}

const upgrade: readonly HarPair[] = [
  { name: "Connection", value: "Upgrade" },
  { name: "Upgrade", value: "websocket" },
];

function header(name: string, value: string): readonly HarPair[] {
  return value === "" ? [] : [{ name, value }];
}

/** Some services take a token in the list of subprotocols, since scripts can set no header. */
function shownProtocol(protocol: string, isRedacted: boolean): string {
  if (!isRedacted) return protocol;
  return protocol.length > 40 && isSecretName(protocol) ? redacted : redactText(protocol);
}
