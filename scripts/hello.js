// The script of `npm start`: talks to an echo server, then to a Clown.Hub (BigClown) with a relay and a thermometer.
//
//   netdevice run scripts/hello.js --allow ws://echo.local --allow 'ws://*@hub.local' \
//     --arg ws://echo.local/ --arg ws://user:password@hub.local/auth/clown-talk-server_nodes_bridge_0

const [echoUrl, hubUrl] = NetworkDevice.args;

talkToEcho();

function talkToEcho() {
  const greetings = ["Hello, device", "Grüße an die Lampe 💡", "Bye"];
  const socket = NetworkDevice.createWebSocket(echoUrl);
  socket.binaryType = "arraybuffer";

  socket.onopen = () => {
    console.log("The echo server is open");
    socket.send(greetings[0]);
  };

  socket.onmessage = (event) => {
    if (typeof event.data !== "string") {
      console.log("The echo server returned", new Uint8Array(event.data));
      socket.close(1000, "said everything");
      return;
    }
    console.log("The echo server says", event.data);
    const next = greetings[greetings.indexOf(event.data) + 1];
    // A string and bytes travel alike.
    socket.send(next ?? new Uint8Array([1, 2, 4, 8, 255]));
  };

  socket.onerror = () => console.error("The echo server cannot be reached");
  socket.onclose = (event) => {
    console.log("The echo server is closed:", event.code, event.reason);
    talkToHub();
  };
}

function talkToHub() {
  const wanted = 3;
  let readings = 0;
  // The standard's constructor does the same as createWebSocket.
  const socket = new WebSocket(hubUrl);
  /** @type {(topic: string, payload: object) => void} */
  const send = (topic, payload) => socket.send(`${JSON.stringify([topic, payload])}\n`);

  socket.addEventListener("open", () => {
    console.log("The hub is open");
    send("clown.talk/-/config/set", {});
  });

  socket.addEventListener("message", (event) => {
    const [topic, payload] = JSON.parse(event.data);
    if (topic === "clown.talk/-/config/ok") {
      console.log("The hub is a", payload.device);
      send("relay/i2c0-3b/set", { state: true });
    } else if (topic === "relay/i2c0-3b/ok") {
      console.log("The relay is", payload.state ? "on" : "off");
    } else if (topic.startsWith("thermometer/")) {
      const [value, unit] = payload.temperature;
      console.log("The thermometer shows", value, unit);
      readings += 1;
      if (readings === wanted) socket.close(1000, "seen enough");
    }
  });

  socket.addEventListener("error", () => console.error("The hub cannot be reached"));
  socket.addEventListener("close", (event) => {
    console.log("The hub is closed:", event.code, event.reason);
  });
}
