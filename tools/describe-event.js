/** One line of a shown conversation: when, with whom, in which direction, what. `peer` names the other end of a connection. */
export function describeEvent(event, peer = "script") {
  return `${event.time.toFixed(0).padStart(6)} ms  ${peer.padEnd(6)}  ${fact(event)}`;
}

function fact(event) {
  switch (event.type) {
    case "connecting":
      return `--- connecting to ${event.url}`;
    case "open":
      return "--- open";
    case "sent":
      return `--> ${show(event.data)}`;
    case "received":
      return `<-- ${show(event.data)}`;
    case "closing":
      return `--- closing with ${event.code ?? "no code"} ${JSON.stringify(event.reason)}`;
    case "request":
      return `--> ${event.method} ${event.url}`;
    case "response":
      return `<-- ${event.status} ${event.statusText}`;
    case "responseBody":
      return `<-- ${Buffer.from(event.data).toString()}`;
    case "finished":
      return `--- answered${event.failure ? `: ${event.failure.message}` : ""}`;
    case "closed":
      return `--- closed with ${event.code} ${JSON.stringify(event.reason)}${event.failure ? `: ${event.failure.message}` : ""}`;
    case "console":
      return `... ${event.message}`;
    case "error":
      return `!!! ${event.exception.name}: ${event.exception.message}\n${event.exception.stack}`;
    default:
      return `... ${JSON.stringify(event)}`;
  }
}

function show(data) {
  return typeof data === "string" ? data.trimEnd() : `${data.byteLength} bytes: ${data.join(" ")}`;
}
