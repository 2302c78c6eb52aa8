import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { askToCut, count, expectInOrder, next } from "./work.js";

const [url] = NetworkDevice.args;

async function main() {
  const connection = new HubConnectionBuilder()
    .withUrl(url, { skipNegotiation: true, transport: HttpTransportType.WebSockets })
    .withAutomaticReconnect([1, 10, 10])
    .configureLogging(LogLevel.None)
    .build();
  await connection.start();
  console.log("connected");

  const numbers = expectInOrder();
  connection.on("number", numbers.take);
  for (let number = 0; number < count; number++) void connection.send("number", number);
  await numbers.complete;
  console.log(await connection.invoke("upper", "answered"));

  const lost = next((tell) => connection.onreconnecting(tell));
  const reconnected = next((tell) => connection.onreconnected(tell));
  askToCut();
  await lost;
  console.log("disconnected");
  await reconnected;
  console.log("connected again");
  console.log(await connection.invoke("upper", "hello again"));

  await connection.stop();
  console.log("closed");
}

void main();
