import { serveJson, type JsonMessage, type TestServer } from "./test-server.ts";

/**
 * The part of Home Assistant that a client of its WebSocket API meets first: the authentication phase, events by type, entities as
 * compressed states, and two services that switch a light and one that fires an event.
 *
 * @see https://developers.home-assistant.io/docs/api/websocket
 */
export async function startHomeAssistant(): Promise<TestServer> {
  let light = "off";
  const tellLights = new Set<() => void>();
  const { url, cut } = await serveJson((send, socket) => {
    let isAuthenticated = false;
    const subscriptions = new Map<number, string>();
    send({ type: "auth_required", ha_version: "2024.6.0" });
    return (message) => {
      if (!isAuthenticated) {
        isAuthenticated = message["access_token"] === "secret";
        if (isAuthenticated) send({ type: "auth_ok", ha_version: "2024.6.0" });
        else send({ type: "auth_invalid", message: "Invalid access token" });
        return;
      }
      const id = Number(message["id"]);
      const result = (value: unknown = null): void =>
        send({ id, type: "result", success: true, result: value });
      switch (message["type"]) {
        case "ping":
          return send({ id, type: "pong" });
        case "supported_features":
          return result();
        case "subscribe_events":
          subscriptions.set(id, String(message["event_type"]));
          return result();
        case "unsubscribe_events":
          subscriptions.delete(id);
          return result();
        case "subscribe_entities": {
          result();
          send({ id, type: "event", event: { a: { "light.kitchen": stateOf(light) } } });
          const tell = (): void =>
            send({ id, type: "event", event: { c: { "light.kitchen": { "+": { s: light } } } } });
          tellLights.add(tell);
          socket.once("close", () => tellLights.delete(tell));
          return;
        }
        case "call_service":
          callService(message, subscriptions, send);
          return result({ context: { id: `call-${id}` } });
        default:
          return send({
            id,
            type: "result",
            success: false,
            error: { code: "unknown_command", message: "Unknown command" },
          });
      }
    };
  });
  return { url: url.replace("ws:", "http:").replace(/\/$/, ""), cut };

  function callService(
    message: JsonMessage,
    subscriptions: ReadonlyMap<number, string>,
    send: (message: object) => void,
  ): void {
    if (message["domain"] === "light") {
      light = message["service"] === "turn_on" ? "on" : "off";
      for (const tell of tellLights) tell();
      return;
    }
    for (const [id, type] of subscriptions) {
      if (type !== "number") continue;
      send({ id, type: "event", event: { event_type: type, data: message["service_data"] } });
    }
  }
}

function stateOf(state: string): object {
  return { s: state, a: { friendly_name: "Kitchen" }, c: "context", lc: 1_700_000_000 };
}
