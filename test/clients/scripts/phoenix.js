import { Socket } from "phoenix";
import { askToCut, bytes, checkBytes, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

async function main() {
  const socket = new Socket(url, { params: { token: "secret" }, reconnectAfterMs: () => 10 });
  const events = {};
  socket.onOpen(() => events.open?.());
  socket.onClose(() => events.close?.());
  const event = (name) => next((tell) => (events[name] = tell));
  const answer = (push) => next((tell) => push.receive("ok", tell));

  const opened = event("open");
  socket.connect();
  await opened;
  const channel = socket.channel("lamps:kitchen", {});
  channel.rejoinTimer.timerCalc = () => 10;
  await answer(channel.join());
  console.log("connected");

  const numbers = expectInOrder();
  channel.on("number", ({ number }) => numbers.take(number));
  for (let number = 0; number < count; number++) channel.push("number", { number });
  await numbers.complete;
  const received = next((tell) => channel.on("bytes", tell));
  channel.push("bytes", bytes.buffer);
  checkBytes(await received);

  const [lost, reopened] = [event("close"), event("open")];
  askToCut();
  await lost;
  console.log("disconnected");
  await reopened;
  console.log("connected again");
  // What is pushed before the channel has been joined again is sent when it is.
  const hello = next((tell) => channel.on("hello", tell));
  channel.push("hello", { text: "hello again" });
  console.log((await hello).text);

  await answer(channel.leave());
  await next((tell) => socket.disconnect(tell));
  console.log("closed");
}

void main();
