import { Aedes } from "aedes";
import { onTestFinished } from "vitest";
import { createWebSocketStream } from "ws";
import { serveWebSockets, type TestServer } from "./test-server.ts";

/** The MQTT broker aedes, behind a WebSocket. */
export async function startAedes(): Promise<TestServer> {
  const broker = await Aedes.createBroker();
  onTestFinished(() => new Promise<void>((resolve) => broker.close(resolve)));
  return serveWebSockets(
    (socket) => {
      const stream = createWebSocketStream(socket);
      // A cut connection is what the test is about.
      stream.on("error", () => {});
      broker.handle(stream);
    },
    { handleProtocols: (protocols) => protocols.has("mqtt") && "mqtt" },
  );
}
