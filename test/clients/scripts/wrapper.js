import { askToCut, bytes, checkBytes, count, expectInOrder } from "./work.js";

/** What a client does with a library that has the interface of a WebSocket, against an echo server. */
export async function wrapperAtWork(socket) {
  const next = (type) =>
    new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
  socket.binaryType = "arraybuffer";

  await next("open");
  console.log("connected");

  const numbers = expectInOrder();
  const takeNumber = ({ data }) => numbers.take(data);
  socket.addEventListener("message", takeNumber);
  for (let number = 0; number < count; number++) socket.send(`${number}`);
  await numbers.complete;
  socket.removeEventListener("message", takeNumber);

  socket.send(bytes);
  checkBytes((await next("message")).data);

  const [lost, reopened] = [next("close"), next("open")];
  askToCut();
  await lost;
  console.log("disconnected");
  await reopened;
  console.log("connected again");

  socket.send("hello again");
  console.log((await next("message")).data);

  const closed = next("close");
  socket.close(1000, "done");
  await closed;
  console.log("closed");
}
