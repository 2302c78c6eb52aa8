import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import { askToCut, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

async function main() {
  const events = {};
  const socket = createWSClient({
    url,
    retryDelayMs: () => 10,
    onOpen: () => events.open?.(),
    onClose: () => events.close?.(),
  });
  const event = (name) => next((tell) => (events[name] = tell));
  const client = createTRPCClient({ links: [wsLink({ client: socket })] });

  await event("open");
  console.log("connected");

  const numbers = expectInOrder();
  const subscription = client.count.subscribe(count, { onData: numbers.take });
  await numbers.complete;
  subscription.unsubscribe();
  console.log(await client.greet.query("device"));

  const [lost, reopened] = [event("close"), event("open")];
  askToCut();
  await lost;
  console.log("disconnected");
  await reopened;
  console.log("connected again");
  console.log(await client.greet.query("device"));

  await socket.close();
  console.log("closed");
}

void main();
