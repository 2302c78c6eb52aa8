// Shows the buttons and motion sensors of a deCONZ gateway.
//
//   netdevice run scripts/deconz.js --allow http://gateway.local --allow ws://gateway.local:443 \
//     --arg http://gateway.local --arg 0123456789
//
// Values (--arg): the gateway, the API key, after how many seconds without any event the connection is taken for dead, and after how
// many events to end; without that the script goes on for ever. The port of the second --allow is the one that the gateway tells:
// ws://gateway.local:* allows all of them.

const [gateway = "http://gateway.local", apiKey = "0123456789", quiet = "300", count = "Infinity"] =
  NetworkDevice.args;

// The number of a button times 1,000, and one of these.
const gestures = new Map([
  [0, "is down"],
  [1, "is held"],
  [2, "was pressed"],
  [3, "was held and let go"],
]);

const shortestWait = 1_000;
const longestWait = 60_000;

let wait = shortestWait;
let left = Number(count);

void connect();

async function connect() {
  try {
    listen(await findPort());
  } catch (error) {
    console.warn("The gateway does not tell its port:", String(error));
    retry();
  }
}

/** Asks the gateway for the port of its WebSockets: it can be any, and another one after an update. */
async function findPort() {
  // A gateway that has gone answers with nothing at all.
  const controller = new AbortController();
  const timeout = setTimeout(() => controller.abort(), 10_000);
  try {
    const url = `${gateway}/api/${apiKey}/config`;
    const response = await fetch(url, { signal: controller.signal });
    const answer = await response.json();
    // Errors are an array, 403 for a wrong key and 503 while the gateway starts.
    if (!response.ok) throw new Error(`${response.status} ${answer[0].error.description}`);
    return answer.websocketport;
  } finally {
    clearTimeout(timeout);
  }
}

/** @type {(port: number) => void} */
function listen(port) {
  const url = new URL(gateway);
  url.protocol = "ws:";
  url.port = String(port);
  const socket = NetworkDevice.createWebSocket(url);
  /** @type {number | undefined} */
  let silence;

  // The gateway sends no pings, and what it is sent it ignores. So a connection that died on the way looks open for ever: when nothing
  // has come for long, a new one costs less than asking oneself.
  function listening() {
    clearTimeout(silence);
    silence = setTimeout(
      () => {
        console.log(`Nothing heard for ${quiet} s: connecting anew`);
        // Unlike close() it waits for nobody, and calls nobody back.
        socket.destroy();
        void connect();
      },
      Number(quiet) * 1_000,
    );
  }

  socket.onopen = () => {
    console.log("Listening to the gateway at port", port);
    wait = shortestWait;
    listening();
  };

  socket.onmessage = ({ data }) => {
    listening();
    const event = JSON.parse(data);
    if (event.e !== "changed" || event.r !== "sensors") return;
    // Each message has one of state, config and attr.
    const { buttonevent, presence } = event.state ?? {};
    if (buttonevent !== undefined) {
      const button = Math.floor(buttonevent / 1_000);
      console.log(`Button ${button} of ${event.id}`, gestures.get(buttonevent % 1_000));
    } else if (presence !== undefined) {
      console.log(`Sensor ${event.id} sees`, presence ? "somebody" : "nobody");
    } else return;
    left -= 1;
    if (left === 0) socket.close(1000, "done");
  };

  socket.onclose = ({ code }) => {
    clearTimeout(silence);
    if (left === 0) return;
    console.log("The connection has ended:", code);
    retry();
  };
}

function retry() {
  console.log(`Trying again in ${wait / 1_000} s`);
  setTimeout(connect, wait);
  wait = Math.min(2 * wait, longestWait);
}
