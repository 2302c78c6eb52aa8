import { Socket } from "engine.io-client";
import { askToCut, bytes, checkBytes, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

/** Engine.IO itself does not reconnect: that is the work of what is built on it. */
async function open() {
  const socket = new Socket(url, { transports: ["websocket"] });
  socket.binaryType = "arraybuffer";
  await next((tell) => socket.once("open", tell));
  return socket;
}

async function main() {
  let socket = await open();
  const event = (name) => next((tell) => socket.once(name, tell));
  console.log("connected");

  const numbers = expectInOrder();
  socket.on("message", numbers.take);
  for (let number = 0; number < count; number++) socket.send(`${number}`);
  await numbers.complete;
  socket.off("message", numbers.take);

  socket.send(bytes);
  checkBytes(await event("message"));

  const lost = event("close");
  askToCut();
  await lost;
  console.log("disconnected");
  socket = await open();
  console.log("connected again");

  socket.send("hello again");
  console.log(await event("message"));

  const closed = event("close");
  socket.close();
  await closed;
  console.log("closed");
}

void main();
