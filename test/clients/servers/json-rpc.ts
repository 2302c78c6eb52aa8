import { JSONRPCClient, JSONRPCServer, JSONRPCServerAndClient } from "json-rpc-2.0";
import { serveWebSockets, type TestServer } from "./test-server.ts";

/** JSON-RPC 2.0 in both directions: a method may call one of its caller. */
export function startJsonRpc(): Promise<TestServer> {
  return serveWebSockets((socket) => {
    const peer = new JSONRPCServerAndClient(
      new JSONRPCServer(),
      new JSONRPCClient((request) => socket.send(JSON.stringify(request))),
    );
    peer.addMethod("emit", (params: number[]) => peer.notify("number", params));
    peer.addMethod("add", ([a = 0, b = 0]: number[]) => a + b);
    peer.addMethod("greet", async () => `hello, ${await peer.request("name", undefined)}`);
    socket.on("message", (data) => void peer.receiveAndSend(JSON.parse(String(data))));
    socket.once("close", () => peer.rejectAllPendingRequests("The connection is closed"));
  });
}
