import { WebSocket as ReconnectingWebSocket } from "partysocket";
import { wrapperAtWork } from "./wrapper.js";

const [url] = NetworkDevice.args;
const options = { minReconnectionDelay: 1, maxReconnectionDelay: 50 };
void wrapperAtWork(new ReconnectingWebSocket(url, "echo", options));
