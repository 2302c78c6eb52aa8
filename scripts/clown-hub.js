// A thermostat: switches a relay of a Clown.Hub (BigClown) on while its thermometer shows less than a limit.
//
//   netdevice run scripts/clown-hub.js --allow 'ws://*@hub.local' \
//     --arg ws://user:password@hub.local/auth/clown-talk-server_nodes_bridge_0 --arg 22.5
//
// Values (--arg): the URL with user name and password, the limit in degrees Celsius, and after how many readings to end. The part *@
// of the grant lets the script put a password into the URL; the password itself never appears in socket.url.

const [
  url = "ws://user:password@hub.local/auth/clown-talk-server_nodes_bridge_0",
  limit = "22.5",
  count = "Infinity",
] = NetworkDevice.args;

const relay = "relay/i2c0-3b";
// Milliseconds until the next attempt after the bridge has gone.
const wait = 2_000;

let left = Number(count);

connect();

function connect() {
  const socket = NetworkDevice.createWebSocket(url);
  /** @type {boolean | undefined} */
  let isHeating;

  /** @type {(topic: string, payload: object) => void} */
  function send(topic, payload) {
    // One line for each message: the bridge waits for the line feed.
    socket.send(`${JSON.stringify([topic, payload])}\n`);
  }

  socket.onopen = () => {
    // Nothing is measured before the bridge has been configured.
    send("clown.talk/-/config/set", {});
  };

  socket.onmessage = ({ data }) => {
    const [topic, payload] = JSON.parse(data);
    if (topic === "clown.talk/-/config/ok") {
      console.log(`Connected to the ${payload.device}, firmware ${payload["firmware-release"]}`);
    } else if (topic === `${relay}/ok`) {
      console.log("The heating is", payload.state ? "on" : "off");
    } else if (topic.startsWith("thermometer/")) {
      const [value, unit] = payload.temperature;
      console.log("The room has", value, unit);
      control(value < Number(limit));
      left -= 1;
      if (left === 0) socket.close(1000, "done");
    }
  };

  /** @type {(wanted: boolean) => void} */
  function control(wanted) {
    if (wanted === isHeating) return;
    isHeating = wanted;
    send(`${relay}/set`, { state: wanted });
  }

  socket.onclose = ({ code }) => {
    if (left === 0) return;
    // 1006 also for a wrong password: whoever runs the script is told which it was.
    console.log(`The hub is gone (${code}): trying again in ${wait / 1_000} s`);
    setTimeout(connect, wait);
  };
}
