import JsonClient from "obs-websocket-js";
import MessagePackClient from "obs-websocket-js/msgpack";
import { askToCut, count, expectInOrder, next } from "./work.js";

const [url, encoding] = NetworkDevice.args;

async function main() {
  const obs = encoding === "msgpack" ? new MessagePackClient() : new JsonClient();
  const event = (name) => next((tell) => obs.once(name, tell));
  const connect = () => obs.connect(url, "secret", { rpcVersion: 1 });

  const { negotiatedRpcVersion } = await connect();
  console.log("connected", negotiatedRpcVersion);

  const numbers = expectInOrder();
  obs.on("CustomEvent", ({ number }) => numbers.take(number));
  for (let number = 0; number < count; number++) {
    void obs.call("BroadcastCustomEvent", { eventData: { number } });
  }
  await numbers.complete;

  const changed = event("CurrentProgramSceneChanged");
  const [{ scenes }] = await Promise.all([
    obs.call("GetSceneList"),
    obs.call("SetCurrentProgramScene", { sceneName: "Garden" }),
  ]);
  console.log(scenes.length, "scenes, now", (await changed).sceneName);
  await obs.call("Sleep").catch((error) => console.log("refused", error.code, error.message));

  const lost = event("ConnectionClosed");
  askToCut();
  await lost;
  console.log("disconnected");
  // The library leaves it to its user to connect again.
  await connect();
  console.log("connected again");

  const closed = event("ConnectionClosed");
  await obs.disconnect();
  await closed;
  console.log("closed");
}

void main();
