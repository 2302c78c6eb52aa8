import type { ConnectionFailure, SandboxEvent } from "../events.ts";
import { LoggedRequest, type TestRequest } from "./test-request.ts";

/** One message of a connection. */
export interface Frame {
  /** As the script sees it. */
  readonly direction: "sent" | "received";
  readonly data: string | Uint8Array<ArrayBuffer>;
  /** Milliseconds since the sandbox started. */
  readonly time: number;
}

/** How a connection ended. */
export interface ConnectionEnd {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /** Why it failed, which the script is not told. */
  readonly failure?: ConnectionFailure;
  readonly time: number;
}

/** One connection that a script asked for, as it was observed so far. */
export interface TestConnection {
  /** 1 for the script's first. */
  readonly id: number;
  readonly url: string;
  /** Subprotocols that the script offered. */
  readonly protocols: readonly string[];
  readonly state: "connecting" | "open" | "closed";
  /** Subprotocol that the server chose; empty for none, and before the connection is open. */
  readonly protocol: string;
  /** Milliseconds since the sandbox started; absent until then. */
  readonly openedAt: number | undefined;
  readonly frames: readonly Frame[];
  /** Data of the frames that the script sent. */
  readonly sent: readonly Frame["data"][];
  /** Data of the frames that the script received. */
  readonly received: readonly Frame["data"][];
  /** Absent while the connection lives. */
  readonly end: ConnectionEnd | undefined;
}

/** Options of {@link formatConversation}. */
export interface ConversationOptions {
  /** Whether each line begins with its time. @defaultValue false */
  readonly times?: boolean;
}

/** Collects connections and requests of a sandbox from its events, which must include those of `trace`. */
export class ConversationLog {
  readonly #connections = new Map<number, LoggedConnection>();
  readonly #requests = new Map<number, LoggedRequest>();
  readonly #entries: ConversationEntry[] = [];

  get connections(): readonly TestConnection[] {
    return [...this.#connections.values()];
  }

  get requests(): readonly TestRequest[] {
    return [...this.#requests.values()];
  }

  /** Both, in the order in which they began. */
  get entries(): readonly ConversationEntry[] {
    return this.#entries;
  }

  add(event: SandboxEvent): void {
    if (event.type === "connecting") {
      const connection = new LoggedConnection(event);
      this.#connections.set(connection.id, connection);
      this.#entries.push(connection);
    } else if (event.type === "request") {
      const request = new LoggedRequest(event);
      this.#requests.set(request.id, request);
      this.#entries.push(request);
    } else if ("connection" in event && event.connection !== undefined) {
      this.#connections.get(event.connection)?.add(event);
    } else if ("request" in event && event.request !== undefined) {
      this.#requests.get(event.request)?.add(event);
    }
  }
}

/** What a conversation is made of. */
export type ConversationEntry = TestConnection | TestRequest;

class LoggedConnection implements TestConnection {
  readonly id: number;
  readonly url: string;
  readonly protocols: readonly string[];
  state: TestConnection["state"] = "connecting";
  protocol = "";
  openedAt: number | undefined;
  readonly frames: Frame[] = [];
  end: ConnectionEnd | undefined;

  constructor(event: SandboxEvent & { readonly type: "connecting" }) {
    this.id = event.connection;
    this.url = event.url;
    this.protocols = event.protocols;
  }

  get sent(): readonly Frame["data"][] {
    return this.#data("sent");
  }

  get received(): readonly Frame["data"][] {
    return this.#data("received");
  }

  add(event: SandboxEvent): void {
    const { time } = event;
    if (event.type === "open") {
      this.state = "open";
      this.protocol = event.protocol;
      this.openedAt = time;
    } else if (event.type === "sent" || event.type === "received") {
      this.frames.push({ direction: event.type, data: event.data, time });
    } else if (event.type === "closed") {
      const { code, reason, wasClean, failure } = event;
      this.state = "closed";
      this.end = { code, reason, wasClean, time, ...(failure === undefined ? {} : { failure }) };
    }
  }

  #data(direction: Frame["direction"]): readonly Frame["data"][] {
    return this.frames.filter((frame) => frame.direction === direction).map(({ data }) => data);
  }
}

/**
 * Writes connections and requests down for people, the same for the same conversation: a line for each, then one for each thing that
 * happened, `→` for what the script sent and `←` for what it received.
 */
export function formatConversation(
  entries: readonly ConversationEntry[],
  { times = false }: ConversationOptions = {},
): string {
  const isNumbered = entries.filter((entry) => !("method" in entry)).length > 1;
  return entries
    .map((entry) => {
      const { title, lines } =
        "method" in entry ? describeRequest(entry) : describeConnection(entry, isNumbered);
      const shown = lines.map(({ time, text }) =>
        times ? `${Math.round(time)} ms ${text}` : text,
      );
      return [title, ...shown].join("\n  ");
    })
    .join("\n");
}

interface Description {
  readonly title: string;
  readonly lines: readonly { readonly time: number; readonly text: string }[];
}

function describeConnection(connection: TestConnection, isNumbered: boolean): Description {
  const { id, url, protocol, protocols, frames, end, openedAt } = connection;
  const opened =
    openedAt === undefined ? [] : [{ time: openedAt, text: `open ${protocol}`.trim() }];
  const sent = frames.map((frame) => ({ time: frame.time, text: formatFrame(frame) }));
  const ended = end === undefined ? [] : [{ time: end.time, text: formatEnd(end) }];
  return {
    title: `${isNumbered ? `#${id} ` : ""}${url}${listOf(protocols)}`,
    lines: [...opened, ...sent, ...ended],
  };
}

function describeRequest(request: TestRequest): Description {
  const { method, url, body, redirects, response, failure, time } = request;
  const lines: { time: number; text: string }[] = [];
  if (body.length > 0) lines.push({ time, text: `→ ${formatBody(body)}` });
  for (const redirect of redirects) {
    const { status, method: next, url: target } = redirect;
    lines.push({ time: redirect.time, text: `${status} to ${next} ${target}` });
  }
  if (response !== undefined) {
    const { status, statusText, body: answer } = response;
    lines.push({ time: response.time, text: `${status} ${statusText}`.trim() });
    if (answer.length > 0) lines.push({ time: response.time, text: `← ${formatBody(answer)}` });
  }
  if (failure !== undefined)
    lines.push({ time, text: `failed ${failure.code}: ${failure.message}` });
  return { title: `${method} ${url}`, lines };
}

/** Bodies have no type of their own: what is valid UTF-8 is shown as text. */
function formatBody(body: Uint8Array<ArrayBuffer>): string {
  const text = Buffer.from(body).toString("utf8");
  return formatData(Buffer.from(text, "utf8").equals(body) ? text : body);
}

/** One frame in a line: text as it is unless that would be misread, bytes in hexadecimal. */
export function formatFrame({ direction, data }: Pick<Frame, "direction" | "data">): string {
  return `${direction === "sent" ? "→" : "←"} ${formatData(data)}`;
}

/** Data of one frame in a line. */
export function formatData(data: Frame["data"]): string {
  if (typeof data === "string") return isPlain(data) ? data : JSON.stringify(data);
  const shown = Buffer.from(data.subarray(0, maxShownBytes)).toString("hex");
  const more = data.length > maxShownBytes ? " …" : "";
  const hex = shown.replaceAll(/..(?!$)/g, "$& ");
  return `${data.length} bytes${hex === "" ? "" : `: ${hex}`}${more}`;
}

/** How a connection ended, in a line. */
export function formatEnd({ code, reason, failure }: ConnectionEnd): string {
  if (failure !== undefined) return `failed ${failure.code}: ${failure.message}`;
  return `closed ${code}${reason === "" ? "" : ` ${reason}`}`;
}

const maxShownBytes = 32;

/** Whether a text can stand in a line without quotes, and is not taken for one with them. */
function isPlain(text: string): boolean {
  return /^[^"\s\p{Cc}](?:[^\p{Cc}\p{Zl}\p{Zp}]*[^\s\p{Cc}])?$/u.test(text);
}

function listOf(protocols: readonly string[]): string {
  return protocols.length === 0 ? "" : ` (${protocols.join(", ")})`;
}
