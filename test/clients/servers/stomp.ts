import type { WebSocket } from "ws";
import { serveWebSockets, type TestServer } from "./test-server.ts";

interface Frame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * A STOMP 1.2 broker of topics: CONNECT with a login, SUBSCRIBE, UNSUBSCRIBE, SEND, receipts and DISCONNECT.
 *
 * @see https://stomp.github.io/stomp-specification-1.2.html
 */
export function startStomp(): Promise<TestServer> {
  const subscriptions = new Map<WebSocket, Map<string, string>>();
  let messages = 0;
  return serveWebSockets(
    (socket) => {
      const topics = new Map<string, string>();
      subscriptions.set(socket, topics);
      socket.once("close", () => subscriptions.delete(socket));
      socket.on("message", (data) => {
        for (const frame of readFrames(data as Buffer)) receive(frame);
      });

      function receive({ command, headers, body }: Frame): void {
        switch (command) {
          case "CONNECT":
          case "STOMP":
            if (headers["passcode"] === "secret") {
              socket.send(writeFrame("CONNECTED", { version: "1.2", "heart-beat": "0,0" }));
            } else {
              socket.send(writeFrame("ERROR", { message: "Wrong passcode" }));
              socket.close();
            }
            return;
          case "SUBSCRIBE":
            topics.set(headers["id"] ?? "", headers["destination"] ?? "");
            break;
          case "UNSUBSCRIBE":
            topics.delete(headers["id"] ?? "");
            break;
          case "SEND":
            publish(headers, body);
            break;
          case "DISCONNECT":
            break;
          default:
            socket.send(writeFrame("ERROR", { message: `Unknown command ${command}` }));
            socket.close();
            return;
        }
        const { receipt } = headers;
        if (receipt !== undefined) socket.send(writeFrame("RECEIPT", { "receipt-id": receipt }));
      }
    },
    { handleProtocols: (protocols) => protocols.has("v12.stomp") && "v12.stomp" },
  );

  function publish(headers: Frame["headers"], body: Buffer): void {
    for (const [socket, topics] of subscriptions) {
      for (const [subscription, topic] of topics) {
        if (topic !== headers["destination"]) continue;
        const id = `${++messages}`;
        const message = writeFrame("MESSAGE", { ...headers, subscription, "message-id": id }, body);
        socket.send(message, { binary: headers["content-type"] === "application/octet-stream" });
      }
    }
  }
}

/** The frames of one message; a line feed alone is a heart-beat. */
function* readFrames(data: Buffer): Generator<Frame> {
  let at = 0;
  while (at < data.length) {
    if (data[at] === 0x0a) {
      at++;
      continue;
    }
    const bodyStart = data.indexOf("\n\n", at) + 2;
    const [command = "", ...lines] = data.toString("utf8", at, bodyStart - 2).split("\n");
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
    );
    const length = headers["content-length"];
    const bodyEnd = length === undefined ? data.indexOf(0, bodyStart) : bodyStart + Number(length);
    yield { command, headers, body: data.subarray(bodyStart, bodyEnd) };
    at = bodyEnd + 1;
  }
}

function writeFrame(
  command: string,
  headers: Frame["headers"],
  body: Buffer = Buffer.alloc(0),
): Buffer {
  const lines = Object.entries({ ...headers, "content-length": `${body.length}` });
  const head = `${command}\n${lines.map((line) => line.join(":")).join("\n")}\n\n`;
  return Buffer.concat([Buffer.from(head), body, Buffer.of(0)]);
}
