import { startProgram } from "./program.ts";
import type { TestServer } from "./test-server.ts";

/** The MQTT broker mosquitto. */
export function startMosquitto(): Promise<TestServer> {
  return startProgram({
    command: "mosquitto",
    args: (file) => ["-c", file],
    // The other listener is there because some builds end when all that they have are for WebSockets.
    configuration: (port, folder) =>
      `user root\nlistener 0 ${folder}/socket\nlistener ${port} 127.0.0.1\nsocket_domain ipv4\nprotocol websockets\nallow_anonymous true\npersistence false\nlog_dest stderr\nmax_queued_messages 0\n`,
    ready: /mosquitto version \S+ running/,
  });
}
