import Pusher from "pusher-js/worker";
import { askToCut, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

async function main() {
  const { hostname, port } = new URL(url);
  const pusher = new Pusher("key", {
    cluster: "",
    wsHost: hostname,
    wsPort: Number(port),
    forceTLS: false,
    enableStats: false,
    enabledTransports: ["ws"],
  });
  const state = (wanted) =>
    next((tell) =>
      pusher.connection.bind("state_change", ({ current }) => current === wanted && tell()),
    );
  await state("connected");
  console.log("connected");

  const numbers = expectInOrder();
  const channel = pusher.subscribe("lamps");
  channel.bind("number", ({ number }) => numbers.take(number));
  await numbers.complete;

  const [lost, reconnected] = [state("connecting"), state("connected")];
  askToCut();
  await lost;
  console.log("disconnected");
  await reconnected;
  console.log("connected again");

  const closed = state("disconnected");
  pusher.disconnect();
  await closed;
  console.log("closed");
}

void main();
