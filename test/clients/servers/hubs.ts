import { serveWebSockets, type JsonMessage, type TestServer } from "./test-server.ts";

/**
 * A Phoenix channel that sends every push back as an event, in version 2 of the protocol.
 *
 * @see https://hexdocs.pm/phoenix/writing_a_channels_client.html
 */
export function startPhoenix(): Promise<TestServer> {
  return serveWebSockets((socket) => {
    const send = (...message: readonly unknown[]): void => socket.send(JSON.stringify(message));
    const ok = { status: "ok", response: {} };
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) {
        const { references, topic, broadcast } = readBinaryPush(data);
        send(...references, topic, "phx_reply", ok);
        socket.send(broadcast);
        return;
      }
      const [joinReference, reference, topic, event = "", payload] = JSON.parse(
        String(data),
      ) as readonly string[];
      send(joinReference, reference, topic, "phx_reply", ok);
      if (!/^(?:phx_|heartbeat$)/.test(event)) send(joinReference, null, topic, event, payload);
    });
  });
}

/** A push in binary: its kind, four lengths, four texts and the payload; and the broadcast of the same payload, of kind 2. */
function readBinaryPush(push: Buffer): {
  readonly references: readonly string[];
  readonly topic: string;
  readonly broadcast: Buffer;
} {
  const [, joinLength = 0, referenceLength = 0, topicLength = 0, eventLength = 0] = push;
  const referenceStart = 5 + joinLength;
  const topicStart = referenceStart + referenceLength;
  return {
    references: [
      push.toString("utf8", 5, referenceStart),
      push.toString("utf8", referenceStart, topicStart),
    ],
    topic: push.toString("utf8", topicStart, topicStart + topicLength),
    broadcast: Buffer.concat([Buffer.of(2, topicLength, eventLength), push.subarray(topicStart)]),
  };
}

/**
 * A SignalR hub in JSON: `number` calls the client back, `upper` returns its argument in capitals.
 *
 * @see https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md
 */
export async function startSignalR(): Promise<TestServer> {
  const separator = "\u001E";
  const { url, cut } = await serveWebSockets((socket) => {
    let isReady = false;
    const send = (message: object): void => socket.send(JSON.stringify(message) + separator);
    socket.on("message", (data) => {
      for (const text of String(data).split(separator)) {
        if (text !== "") receive(JSON.parse(text) as JsonMessage);
      }
    });

    function receive({ type, target, arguments: given, invocationId }: JsonMessage): void {
      if (!isReady) {
        isReady = true;
        send({});
      } else if (type === 1 && target === "number") {
        send({ type: 1, target, arguments: given });
      } else if (type === 1 && target === "upper") {
        const [text] = given as readonly [string];
        send({ type: 3, invocationId, result: text.toUpperCase() });
      }
    }
  });
  return { url: url.replace("ws:", "http:"), cut };
}

/**
 * A Pusher application that sends a thousand numbers to whoever subscribes first.
 *
 * @see https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/
 */
export function startPusher(): Promise<TestServer> {
  let subscribers = 0;
  return serveWebSockets((socket) => {
    const send = (event: string, data: object, channel?: unknown): void =>
      socket.send(JSON.stringify({ event, channel, data: JSON.stringify(data) }));
    send("pusher:connection_established", { socket_id: "1.1", activity_timeout: 120 });
    socket.on("message", (data) => {
      const message = JSON.parse(String(data)) as {
        readonly event: string;
        readonly data: JsonMessage;
      };
      if (message.event !== "pusher:subscribe") return;
      const { channel } = message.data;
      send("pusher_internal:subscription_succeeded", {}, channel);
      if (subscribers++ > 0) return;
      for (let number = 0; number < 1_000; number++) send("number", { number }, channel);
    });
  });
}
