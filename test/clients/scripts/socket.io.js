import { io } from "socket.io-client";
import { askToCut, bytes, checkBytes, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

async function main() {
  const socket = io(url, {
    transports: ["websocket"],
    auth: { token: "secret" },
    reconnectionDelay: 1,
    reconnectionDelayMax: 50,
  });
  const event = (name) => next((tell) => socket.once(name, tell));

  await event("connect");
  console.log("connected");

  const numbers = expectInOrder();
  socket.on("number", numbers.take);
  for (let number = 0; number < count; number++) socket.emit("echo", "number", number);
  await numbers.complete;

  checkBytes(await socket.timeout(60_000).emitWithAck("return", bytes));

  const [lost, reconnected] = [event("disconnect"), event("connect")];
  askToCut();
  await lost;
  console.log("disconnected");
  await reconnected;
  console.log("connected again");

  const hello = event("hello");
  socket.emit("echo", "hello", "hello again");
  console.log(await hello);

  const closed = event("disconnect");
  socket.disconnect();
  await closed;
  console.log("closed");
}

void main();
