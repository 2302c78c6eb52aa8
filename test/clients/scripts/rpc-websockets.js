import { Client } from "rpc-websockets";
import { askToCut, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

async function main() {
  const client = new Client(url, { reconnect_interval: 10, max_reconnects: 0 });
  const event = (name) => next((tell) => client.once(name, tell));

  await event("open");
  await client.login({ token: "secret" });
  console.log("connected");

  const numbers = expectInOrder();
  await client.subscribe("number");
  client.on("number", numbers.take);
  const calls = Array.from({ length: count }, (_, number) => client.call("emit", [number]));
  await Promise.all([numbers.complete, ...calls]);
  console.log(`sum is ${await client.call("add", [2, 3])}`);
  await client.call("fail").catch((error) => console.log(`refused: ${error.message}`));

  const [lost, reopened] = [event("close"), event("open")];
  askToCut();
  await lost;
  console.log("disconnected");
  await reopened;
  console.log("connected again");
  console.log(`sum is ${await client.call("add", [20, 30])}`);

  const closed = event("close");
  client.close();
  await closed;
  console.log("closed");
}

void main();
