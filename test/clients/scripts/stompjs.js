import { Client } from "@stomp/stompjs";
import { askToCut, bytes, checkBytes, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

async function main() {
  const client = new Client({
    brokerURL: url,
    connectHeaders: { login: "device", passcode: "secret" },
    reconnectDelay: 10,
  });
  const connected = () => next((tell) => (client.onConnect = tell));
  const closed = () => next((tell) => (client.onWebSocketClose = tell));

  const first = connected();
  client.activate();
  await first;
  console.log("connected");

  const numbers = expectInOrder();
  client.subscribe("/topic/numbers", ({ body }) => numbers.take(body));
  for (let number = 0; number < count; number++) {
    client.publish({ destination: "/topic/numbers", body: `${number}` });
  }
  await numbers.complete;

  const received = next((tell) => client.subscribe("/topic/bytes", tell));
  client.publish({
    destination: "/topic/bytes",
    binaryBody: bytes,
    headers: { "content-type": "application/octet-stream" },
  });
  checkBytes((await received).binaryBody);

  const [lost, reconnected] = [closed(), connected()];
  askToCut();
  await lost;
  console.log("disconnected");
  await reconnected;
  console.log("connected again");

  const hello = next((tell) => client.subscribe("/topic/hello", tell));
  client.publish({ destination: "/topic/hello", body: "hello again" });
  console.log((await hello).body);

  await client.deactivate();
  console.log("closed");
}

void main();
