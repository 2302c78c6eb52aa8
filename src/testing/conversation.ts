import type { ConnectionFailure, SandboxEvent } from "../events.ts";

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

/** Collects the connections of a sandbox from its events, which must include those of `trace`. */
export class ConnectionLog {
  readonly #connections = new Map<number, LoggedConnection>();

  get connections(): readonly TestConnection[] {
    return [...this.#connections.values()];
  }

  add(event: SandboxEvent): void {
    if (event.type === "connecting") {
      this.#connections.set(event.connection, new LoggedConnection(event));
    } else if ("connection" in event && event.connection !== undefined) {
      this.#connections.get(event.connection)?.add(event);
    }
  }
}

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
 * Writes connections down for people, the same for the same conversation: a line with the URL for each, then one for each thing that
 * happened on it, `→` for what the script sent and `←` for what it received.
 */
export function formatConversation(
  connections: readonly TestConnection[],
  { times = false }: ConversationOptions = {},
): string {
  const numbered = connections.length > 1;
  const at = (time: number | undefined): string => (times ? `${Math.round(time ?? 0)} ms ` : "");
  return connections
    .map((connection) => {
      const { id, url, protocols, frames, end } = connection;
      const lines = [`${numbered ? `#${id} ` : ""}${url}${listOf(protocols)}`];
      if (connection instanceof LoggedConnection && connection.openedAt !== undefined) {
        const chosen = connection.protocol === "" ? "" : ` ${connection.protocol}`;
        lines.push(`${at(connection.openedAt)}open${chosen}`);
      }
      for (const frame of frames) lines.push(`${at(frame.time)}${formatFrame(frame)}`);
      if (end !== undefined) lines.push(`${at(end.time)}${formatEnd(end)}`);
      return lines.join("\n  ");
    })
    .join("\n");
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
