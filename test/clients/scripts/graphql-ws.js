import { createClient } from "graphql-ws";
import { askToCut, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

async function main() {
  const client = createClient({
    url,
    connectionParams: { token: "secret" },
    // Without it an error, as a connection that cannot be made is one, ends all subscriptions.
    shouldRetry: () => true,
    retryAttempts: 100,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 10)),
  });
  const event = (name) => next((tell) => client.on(name, tell));

  const connected = event("connected");
  const numbers = expectInOrder();
  const counted = (async () => {
    const query = `subscription { count(to: ${count}) }`;
    for await (const { data } of client.iterate({ query })) numbers.take(data.count);
  })();
  await connected;
  console.log("connected");
  await Promise.all([numbers.complete, counted]);

  // A subscription that is cut is subscribed to again.
  const greetings = client.iterate({ query: "subscription { greeting }" });
  console.log((await greetings.next()).value.data.greeting);
  const lost = event("closed");
  askToCut();
  await lost;
  console.log("disconnected");
  const { value } = await greetings.next();
  console.log("connected again");
  console.log(value.data.greeting);
  await greetings.return();

  const closed = event("closed");
  await client.dispose();
  await closed;
  console.log("closed");
}

void main();
