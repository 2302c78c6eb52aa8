import { wsconnect } from "@nats-io/nats-core";
import { askToCut, bytes, checkBytes, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

async function main() {
  const connection = await wsconnect({
    servers: url,
    reconnectTimeWait: 10,
    reconnectJitter: 0,
    maxReconnectAttempts: -1,
  });
  const statuses = {};
  void (async () => {
    for await (const { type } of connection.status()) statuses[type]?.();
  })();
  const status = (type) => next((tell) => (statuses[type] = tell));
  const message = async (subject) => {
    for await (const received of connection.subscribe(subject, { max: 1 })) return received;
  };
  console.log("connected");

  const numbers = expectInOrder();
  connection.subscribe("numbers", { callback: (_, received) => numbers.take(received.string()) });
  for (let number = 0; number < count; number++) connection.publish("numbers", `${number}`);
  await numbers.complete;

  const received = message("bytes");
  connection.publish("bytes", bytes);
  checkBytes((await received).data);

  connection.subscribe("upper", {
    callback: (_, request) => request.respond(request.string().toUpperCase()),
  });
  console.log((await connection.request("upper", "answered")).string());

  const [lost, reconnected] = [status("disconnect"), status("reconnect")];
  askToCut();
  await lost;
  console.log("disconnected");
  await reconnected;
  console.log("connected again");

  const hello = message("hello");
  connection.publish("hello", "hello again");
  console.log((await hello).string());

  await connection.drain();
  console.log("closed");
}

void main();
