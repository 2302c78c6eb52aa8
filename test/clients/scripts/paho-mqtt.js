import Paho from "paho-mqtt";
import { askToCut, bytes, checkBytes, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

async function main() {
  const client = new Paho.Client(url, "device");
  const listeners = {};
  client.onMessageArrived = (message) => listeners[message.destinationName](message);
  const message = (topic) => next((tell) => (listeners[topic] = tell));
  const connected = () => next((tell) => (client.onConnected = tell));

  const first = connected();
  // It tries again when `timeout`, in seconds, has passed, also when it was refused at once.
  client.connect({ reconnect: true, cleanSession: true, timeout: 1 });
  await first;
  console.log("connected");

  const subscribe = (filter) =>
    next((tell) => client.subscribe(filter, { qos: 1, onSuccess: tell }));
  await subscribe("#");
  const numbers = expectInOrder();
  listeners.numbers = ({ payloadString }) => numbers.take(payloadString);
  for (let number = 0; number < count; number++) {
    client.publish("numbers", `${number}`, 1);
  }
  await numbers.complete;

  const received = message("bytes");
  client.publish("bytes", bytes, 1);
  checkBytes((await received).payloadBytes);

  const lost = next((tell) => (client.onConnectionLost = tell));
  const reconnected = connected();
  askToCut();
  await lost;
  console.log("disconnected");
  await reconnected;
  console.log("connected again");

  // A clean session begins without subscriptions.
  await subscribe("hello");
  const hello = message("hello");
  client.publish("hello", "hello again", 1);
  console.log((await hello).payloadString);

  const closed = next((tell) => (client.onConnectionLost = tell));
  client.disconnect();
  await closed;
  console.log("closed");
}

void main();
