import mqtt from "mqtt";
import { askToCut, bytes, checkBytes, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

async function main() {
  const client = mqtt.connect(url, { reconnectPeriod: 10, clientId: "device" });
  const event = (name) => next((tell) => client.once(name, tell));
  const listeners = {};
  client.on("message", (topic, payload) => listeners[topic](payload));
  const message = (topic) => next((tell) => (listeners[topic] = tell));

  await event("connect");
  console.log("connected");

  await client.subscribeAsync(["numbers", "bytes", "hello"], { qos: 1 });
  const numbers = expectInOrder();
  listeners.numbers = (payload) => numbers.take(payload.toString());
  for (let number = 0; number < count; number++) {
    client.publish("numbers", `${number}`, { qos: 1 });
  }
  await numbers.complete;

  const received = message("bytes");
  await client.publishAsync("bytes", bytes, { qos: 2 });
  checkBytes(await received);

  const [lost, reconnected] = [event("close"), event("connect")];
  askToCut();
  await lost;
  console.log("disconnected");
  await reconnected;
  console.log("connected again");

  const hello = message("hello");
  await client.publishAsync("hello", "hello again", { qos: 1 });
  console.log((await hello).toString());

  await client.endAsync();
  console.log("closed");
}

void main();
