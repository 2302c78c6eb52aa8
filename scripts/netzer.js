// Shows IO0 of a Netzer: its value now, and each change of it.
//
//   netdevice run scripts/netzer.js --allow ws://netzer.local --arg ws://netzer.local/ws
//
// Values (--arg): the URL of the module, and after how many values to end; without that the script goes on for ever.

const [url = "ws://netzer.local/ws", count = "Infinity"] = NetworkDevice.args;

// Milliseconds between attempts: the module has one connection to give, and refuses everybody else. Whoever asks again at once, and
// again, keeps it busy; so each wait is twice as long as the one before, up to a limit.
const shortestWait = 250;
const longestWait = 30_000;

let wait = shortestWait;
let left = Number(count);

connect();

function connect() {
  const socket = NetworkDevice.createWebSocket(url);

  socket.onopen = () => {
    // Tell of both edges of IO0. The module forgets it when it loses power, so it is said on each new connection.
    socket.send("tuv0=3");
    // What was missed meanwhile: the value now.
    socket.send("uv0");
  };

  socket.onmessage = ({ data }) => {
    // Not in onopen: a module that accepts and drops us at once must be left alone, too.
    wait = shortestWait;
    const value = JSON.parse(data).u?.v?.["0"];
    // The answer to the trigger, and whatever else the module tells.
    if (value === undefined) return;
    console.log("IO0 is", value);
    left -= 1;
    // Gives the connection back, for others.
    if (left === 0) socket.close();
  };

  // Also after a failed attempt: a script need not handle onerror as well.
  socket.onclose = () => {
    if (left === 0) return;
    console.log(`No connection to the Netzer: trying again in ${wait} ms`);
    setTimeout(connect, wait);
    wait = Math.min(2 * wait, longestWait);
  };
}
