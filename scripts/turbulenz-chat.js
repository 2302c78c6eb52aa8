// A chat by the network device of the Turbulenz engine, written as for the engine: in ES5, polled once per frame.
//
//   netdevice run scripts/turbulenz-chat.js --globals turbulenz --delivery update --allow ws://chat.local \
//     --arg ws://chat.local/chat --arg ada --arg 'Hello, everybody' --arg Bye
//
// Values (--arg): the URL, a name, and what to say; the script leaves once it has heard all of it. Without anything to say it listens
// for ever.

var url = NetworkDevice.args[0] || "ws://chat.local/chat";
var name = NetworkDevice.args[1] || "guest";
var texts = NetworkDevice.args.slice(2);

// There is one network device, and this throws when it is called again.
var networkDevice = TurbulenzEngine.createNetworkDevice({});
/** @type {WebSocket | null} */
var websocket = null;
var spoken = 0;
var wait = 250;

function connect() {
  websocket = networkDevice.createWebSocket(url, "chat");
  if (!websocket) {
    console.warn("There are no WebSockets here");
    return;
  }

  websocket.onopen = function onopenFn() {
    send({ type: "join", name: name });
  };

  websocket.onmessage = function onmessageFn(message) {
    wait = 250;
    receive(JSON.parse(message.data));
  };

  websocket.onerror = function onerrorFn() {
    console.log("The chat cannot be reached");
  };

  websocket.onclose = function oncloseFn(event) {
    websocket = null;
    if (isDone()) {
      console.log("Left the chat");
      TurbulenzEngine.clearInterval(frames);
      return;
    }
    console.log("Disconnected (" + event.code + "): coming back in " + wait + " ms");
    TurbulenzEngine.setTimeout(connect, wait);
    wait = Math.min(2 * wait, 10000);
  };
}

/** @type {(message: object) => void} */
function send(message) {
  // readyState is compared with the constants on the object: in the engine there is no WebSocket constructor.
  if (websocket && websocket.readyState === websocket.OPEN) {
    websocket.send(JSON.stringify(message));
  }
}

/** @type {(message: { type: string, name: string, names: string[], text: string }) => void} */
function receive(message) {
  switch (message.type) {
    case "welcome":
      // The server decides on the name, which may be taken.
      name = message.names[message.names.length - 1];
      console.log("Here are " + message.names.join(", "));
      sayNext();
      break;
    case "joined":
      console.log(message.name + " comes in");
      break;
    case "left":
      console.log(message.name + " leaves");
      break;
    case "said":
      console.log(message.name + ": " + message.text);
      if (message.name === name && message.text === texts[spoken]) {
        spoken += 1;
        sayNext();
      }
  }
}

function sayNext() {
  if (isDone()) {
    if (websocket) websocket.close();
  } else if (spoken < texts.length) {
    send({ type: "say", text: texts[spoken] });
  }
}

function isDone() {
  return texts.length > 0 && spoken === texts.length;
}

// No callback of the socket runs but in update(): 60 frames a second.
var frames = TurbulenzEngine.setInterval(function frame() {
  networkDevice.update();
}, 1000 / 60);

connect();
