import { startProgram } from "./program.ts";
import type { TestServer } from "./test-server.ts";

/** The NATS server, with nothing but its WebSocket. */
export function startNats(): Promise<TestServer> {
  return startProgram({
    command: "nats-server",
    args: (file) => ["-c", file],
    configuration: (port) =>
      `listen: "127.0.0.1:-1"\nwebsocket { listen: "127.0.0.1:${port}", no_tls: true }\n`,
    ready: /Server is ready/,
  });
}
