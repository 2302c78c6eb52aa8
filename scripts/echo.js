// Sends texts to an echo server, one after the other, then bytes, and checks that all come back.
//
//   netdevice run scripts/echo.js --allow wss://echo.local --arg wss://echo.local/ --arg hello --arg 'grüß dich'
//
// Values (--arg): the URL, and the texts.

const [url = "ws://127.0.0.1:8080/", ...texts] = NetworkDevice.args;
/** @type {(string | Uint8Array)[]} */
const messages = [...(texts.length > 0 ? texts : ["hello"]), new Uint8Array([1, 2, 4, 8])];

const socket = NetworkDevice.createWebSocket(url);
// The default, "blob", can only be read later.
socket.binaryType = "arraybuffer";

/** @type {string | Uint8Array | undefined} */
let expected;

socket.onopen = sendNext;

socket.onmessage = ({ data }) => {
  const returned = typeof data === "string" ? data : new Uint8Array(data);
  if (String(returned) === String(expected)) console.log("came back:", returned);
  else console.error("sent", expected, "and got", returned);
  sendNext();
};

socket.onclose = ({ code, reason, wasClean }) => {
  if (wasClean) console.log("closed:", code, reason);
  else console.error("The connection failed");
};

function sendNext() {
  expected = messages.shift();
  if (expected === undefined) socket.close(1000, "thanks");
  else socket.send(expected);
}
