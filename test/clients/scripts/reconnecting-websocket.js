import ReconnectingWebSocket from "reconnecting-websocket";
import { wrapperAtWork } from "./wrapper.js";

const [url] = NetworkDevice.args;
const options = { minReconnectionDelay: 1, maxReconnectionDelay: 50 };
void wrapperAtWork(new ReconnectingWebSocket(url, "echo", options));
