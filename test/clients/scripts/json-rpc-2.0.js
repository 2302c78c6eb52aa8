import { JSONRPCClient, JSONRPCServer, JSONRPCServerAndClient } from "json-rpc-2.0";
import ReconnectingWebSocket from "reconnecting-websocket";
import { askToCut, count, expectInOrder } from "./work.js";

const [url] = NetworkDevice.args;

/** The library has no connection of its own: here it speaks, in both directions, over one that reconnects. */
async function main() {
  const options = { minReconnectionDelay: 1, maxReconnectionDelay: 50 };
  const socket = new ReconnectingWebSocket(url, [], options);
  const next = (type) =>
    new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
  const peer = new JSONRPCServerAndClient(
    new JSONRPCServer(),
    new JSONRPCClient((request) => socket.send(JSON.stringify(request))),
  );
  socket.addEventListener("message", ({ data }) => peer.receiveAndSend(JSON.parse(data)));
  socket.addEventListener("close", ({ reason }) => peer.rejectAllPendingRequests(reason));

  await next("open");
  console.log("connected");

  const numbers = expectInOrder();
  peer.addMethod("number", ([number]) => numbers.take(number));
  peer.addMethod("name", () => "device");
  for (let number = 0; number < count; number++) peer.notify("emit", [number]);
  await numbers.complete;
  console.log(`sum is ${await peer.request("add", [2, 3])}`);
  console.log(await peer.request("greet"));
  await peer.request("missing").catch((error) => console.log(error.code, error.message));

  const [lost, reopened] = [next("close"), next("open")];
  askToCut();
  await lost;
  console.log("disconnected");
  await reopened;
  console.log("connected again");
  console.log(`sum is ${await peer.request("add", [20, 30])}`);

  const closed = next("close");
  socket.close();
  await closed;
  console.log("closed");
}

void main();
