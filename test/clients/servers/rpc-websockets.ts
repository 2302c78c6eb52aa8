import { Server } from "rpc-websockets";
import { listen, type TestServer } from "./test-server.ts";

/** The server of rpc-websockets; its method `secret` asks for a login. */
export async function startRpcWebSockets(): Promise<TestServer> {
  const { server, port, cut } = await listen();
  const service = new Server({ server });
  service.setAuth(async (credentials) => (credentials as { token?: string }).token === "secret");
  service.event("number");
  service.register("emit", (params) => service.emit("number", (params as number[])[0]));
  service.register("add", (params) => (params as number[]).reduce((sum, each) => sum + each, 0));
  service.register("secret", () => "the lamp is in the cellar").protected();
  return { url: `ws://127.0.0.1:${port}/`, cut };
}
