import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { askToCut, bytes, checkBytes, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

/** A document that is kept in step with all others of its room. */
function join(room) {
  const document = new Y.Doc();
  // Two documents of one page would find each other by a BroadcastChannel: these are to meet at the server.
  const options = { disableBc: true, maxBackoffTime: 10 };
  const provider = new WebsocketProvider(url, room, document, options);
  const status = (wanted) =>
    next((tell) => provider.on("status", ({ status }) => status === wanted && tell()));
  const synced = () => next((tell) => provider.on("sync", (isSynced) => isSynced && tell()));
  return { document, provider, status, synced };
}

async function main() {
  const [here, there] = [join("lamps"), join("lamps")];
  await Promise.all([here.synced(), there.synced()]);
  console.log("connected");

  const numbers = expectInOrder();
  const received = there.document.getArray("numbers");
  received.observe(({ changes }) => {
    for (const { insert } of changes.delta) insert?.forEach(numbers.take);
  });
  const sent = here.document.getArray("numbers");
  for (let number = 0; number < count; number++) sent.push([number]);
  await numbers.complete;

  const state = there.document.getMap("state");
  const bytesCame = next((tell) => state.observe(() => tell(state.get("bytes"))));
  here.document.getMap("state").set("bytes", bytes);
  checkBytes(await bytesCame);

  const lost = [here.status("disconnected"), there.status("disconnected")];
  const again = [here.synced(), there.synced()];
  askToCut();
  await Promise.all(lost);
  console.log("disconnected");
  // What is written without a connection is sent with the next one.
  const hello = next((tell) => state.observe(() => state.has("hello") && tell(state.get("hello"))));
  here.document.getMap("state").set("hello", "hello again");
  await Promise.all(again);
  console.log("connected again");
  console.log(await hello);

  for (const { provider, document } of [here, there]) {
    provider.destroy();
    document.destroy();
  }
  console.log("closed");
}

void main();
