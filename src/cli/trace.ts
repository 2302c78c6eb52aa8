import type { SandboxEvent } from "../events.ts";
import { excerpt, printable } from "./printable.ts";

/** Most characters or bytes of a message that are shown. */
const maxShown = 60;

/** One line for an event of a connection or request, or `undefined` for other events. */
export function traceLine(event: SandboxEvent): string | undefined {
  const fact = describe(event);
  return fact && `${event.time.toFixed(0).padStart(6)} ms  ${fact}`;
}

function describe(event: SandboxEvent): string | undefined {
  switch (event.type) {
    case "connecting": {
      const protocols =
        event.protocols.length === 0 ? "" : ` protocols ${printable(event.protocols.join(", "))}`;
      return `#${event.connection} connecting to ${printable(event.url)}${protocols}`;
    }
    case "open":
      return `#${event.connection} open${named("protocol", event.protocol)}${named("extensions", event.extensions)}`;
    case "sent":
      return `#${event.connection} > ${message(event.data)}`;
    case "received":
      return `#${event.connection} < ${message(event.data)}`;
    case "closing":
      return `#${event.connection} > close${event.code === undefined ? "" : ` ${event.code}`}${shownReason(event.reason)}`;
    case "closed": {
      const reason = shownReason(event.reason);
      return `#${event.connection} closed ${event.code}${reason} ${event.wasClean ? "cleanly" : `(${event.failure?.code ?? "not clean"})`}`;
    }
    case "request":
      return `#${event.request} ${event.method} ${printable(event.url)}`;
    case "redirect":
      return `#${event.request} redirected (${event.status}) to ${event.method} ${printable(event.url)}`;
    case "response":
      return `#${event.request} answered ${event.status} ${printable(event.statusText)}`.trimEnd();
    case "requestBody":
      return `#${event.request} > ${message(event.data)}`;
    case "responseBody":
      return `#${event.request} < ${message(event.data)}`;
    case "finished":
      return `#${event.request} finished${event.failure === undefined ? "" : ` (${event.failure.code})`}`;
    case "console":
    case "alert":
    case "error":
    case "limit":
    case "killed":
      return undefined;
  }
}

function shownReason(reason: string): string {
  return reason === "" ? "" : ` ${excerpt(reason, maxShown)}`;
}

function named(name: string, value: string): string {
  return value === "" ? "" : ` ${name} ${printable(value)}`;
}

function message(data: string | Uint8Array): string {
  if (typeof data === "string") {
    return `text ${Buffer.byteLength(data)} B  ${excerpt(data, maxShown)}`;
  }
  const shown = Buffer.from(data.subarray(0, maxShown / 3))
    .toString("hex")
    .replaceAll(/..(?!$)/g, "$& ");
  return `binary ${data.byteLength} B  ${shown}${data.byteLength > maxShown / 3 ? " ..." : ""}`;
}
