// Logs a few readings of the thermometer behind a Clown.Hub, then closes.
//
//   netdevice run scripts/thermometer.ts --allow 'ws://*@hub.local' \
//     --arg ws://user:password@hub.local/auth/clown-talk-server_nodes_bridge_0 --arg 5

interface Reading {
  readonly temperature: readonly [value: number, unit: string];
}

const [url, count = "3"] = NetworkDevice.args;
if (url === undefined)
  throw new Error("Give the URL of the hub: --arg ws://user:password@HOST/auth/...");

let left = Number(count);
const socket = NetworkDevice.createWebSocket(url);

function send(topic: string, payload: object): void {
  socket.send(`${JSON.stringify([topic, payload])}\n`);
}

socket.onopen = () => send("clown.talk/-/config/set", {});

socket.onmessage = (event: MessageEvent<string>) => {
  const [topic, payload] = JSON.parse(event.data) as [topic: string, payload: Reading];
  if (!topic.startsWith("thermometer/")) return;
  const [value, unit] = payload.temperature;
  console.log(`${topic.slice("thermometer/".length)}: ${value.toFixed(1)} ${unit}`);
  left -= 1;
  if (left === 0) socket.close(1000, "enough");
};

socket.onclose = ({ code, reason }) => {
  if (code !== 1000) console.error(`The hub is gone: ${code} ${reason}`);
};
