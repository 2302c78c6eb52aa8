import {
  callService,
  createConnection,
  createLongLivedTokenAuth,
  subscribeEntities,
} from "home-assistant-js-websocket";
import { askToCut, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

async function main() {
  const auth = createLongLivedTokenAuth(url, "secret");
  const connection = await createConnection({ auth });
  const event = (name) => next((tell) => connection.addEventListener(name, tell));
  console.log("connected");

  const numbers = expectInOrder();
  const unsubscribe = await connection.subscribeEvents(
    ({ data }) => numbers.take(data.number),
    "number",
  );
  for (let number = 0; number < count; number++) {
    void callService(connection, "test", "fire", { number });
  }
  await numbers.complete;
  await unsubscribe();

  let seen;
  subscribeEntities(connection, (entities) => seen?.(entities["light.kitchen"]?.state));
  const lightIs = (wanted) => next((tell) => (seen = (state) => state === wanted && tell()));
  const isOn = lightIs("on");
  await callService(connection, "light", "turn_on", {}, { entity_id: "light.kitchen" });
  await isOn;
  console.log("light is on");

  const [lost, reconnected] = [event("disconnected"), event("ready")];
  askToCut();
  await lost;
  console.log("disconnected");
  await reconnected;
  console.log("connected again");

  const isOff = lightIs("off");
  await callService(connection, "light", "turn_off", {}, { entity_id: "light.kitchen" });
  await isOff;
  console.log("light is off");

  connection.close();
  console.log("closed");
}

void main();
