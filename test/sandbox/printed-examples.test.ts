import { describe, expect, test } from "vitest";
import { guestGlobals } from "../../src/boundary.ts";
import { createClownHub } from "../../src/simulators/clown-hub.ts";
import { createEcho } from "../../src/simulators/echo.ts";
import { createNetzer } from "../../src/simulators/netzer.ts";
import { serve } from "../support/device-script.ts";
import { openSandbox, type TestSandbox } from "../support/sandbox.ts";

// Code as the documents of the five systems print it, written afresh: only addresses come from outside, and what a page would do with
// a click or an element is done by the script around it.

/** The network device of the Turbulenz engine, with every handler that forgets the socket. */
const networkDeviceExample = `
var networkDevice = TurbulenzEngine.createNetworkDevice({});
var websocket = networkDevice.createWebSocket(url, "chat");
if (!websocket)
{
    window.alert("WebSockets are not supported here");
}
else
{
    websocket.onopen = function onopenFn()
    {
        websocket.send("hello");
    };

    websocket.onmessage = function onmessageFn(message)
    {
        window.alert("received " + message.data);
        websocket.close();
    };

    websocket.onerror = function onerrorFn()
    {
        window.alert("connection error");
        forget();
    };

    websocket.onclose = function oncloseFn()
    {
        window.alert("connection closed");
        forget();
    };
}

function forget()
{
    if (websocket)
    {
        websocket.onopen = null;
        websocket.onmessage = null;
        websocket.onerror = null;
        websocket.onclose = null;
        websocket = null;
    }
}

var frames = TurbulenzEngine.setInterval(function () {
    networkDevice.update();
    if (!websocket) TurbulenzEngine.clearInterval(frames);
}, 1000 / 60);
`;

/** The Netzer's, with the fallback to the older name. */
const netzerExample = `
var websocket = null;

function connect() {
  if ("WebSocket" in window) {
    websocket = new WebSocket(url);
  } else if ("MozWebSocket" in window) {
    websocket = new MozWebSocket(url);
  } else {
    alert("Your browser has no WebSockets");
    return;
  }
  websocket.onopen = function () {
    websocket.send("tuv0=3");
  };
  websocket.onmessage = function (event) {
    var data = JSON.parse(event.data);
    if (!data.u || !data.u.v || !data.u.v["0"]) return;
    show(data.u.v["0"]);
  };
  websocket.onclose = function () {
    websocket.onopen = websocket.onmessage = websocket.onclose = null;
    websocket = null;
    alert("disconnected");
  };
}

function show(value) {
  alert("IO0: " + value);
}

connect();
`;

/** The Clown.Hub's, which connects by a static method and expects it to throw. */
const clownHubExample = `
var socket;

function init() {
  try {
    socket = WebSocket.connect(url);
    console.log("state " + socket.readyState);
    socket.onopen = function (event) {
      console.log("state " + this.readyState);
      socket.send(JSON.stringify(["clown.talk/-/config/set", {}]) + "\\n");
    };
    socket.onmessage = function (event) {
      var message = JSON.parse(event.data);
      console.log(message[0]);
      socket.close();
    };
    socket.onclose = function (event) {
      console.log("state " + this.readyState);
    };
  } catch (exception) {
    console.log("cannot connect: " + exception);
  }
}

init();
`;

/** A plain one, which forgets its socket inside onerror, before onclose. */
const plainExample = `
let ws = new WebSocket(url);
ws.onopen = () => ws.send("hi");
ws.onmessage = (e) => { console.log("got " + e.data); ws.close(); };
ws.onerror = function () {
  console.log("error");
  ws.onopen = null; ws.onmessage = null; ws.onerror = null; ws.onclose = null;
  ws = null;
};
ws.onclose = function () {
  console.log("close");
  ws.onopen = null; ws.onmessage = null; ws.onerror = null; ws.onclose = null;
  ws = null;
};
`;

describe.each(["none", "worker"] as const)("printed examples, isolation %j", (isolation) => {
  async function open(
    url: string,
    options: { readonly delivery?: "auto" | "update" } = {},
  ): Promise<TestSandbox & { alerts(): readonly string[] }> {
    const opened = await openSandbox({ isolation, globals: guestGlobals, ...options });
    await opened.sandbox.run(`var url = ${JSON.stringify(url)};`);
    return {
      ...opened,
      alerts: () =>
        opened.events.flatMap((event) => (event.type === "alert" ? [event.message] : [])),
    };
  }

  test.each(["auto", "update"] as const)(
    "the network device's shows what it receives, delivery %j",
    async (delivery) => {
      const { origin } = await serve(createEcho());
      const { runToIdle, alerts } = await open(origin, { delivery });

      await runToIdle(networkDeviceExample);

      expect(alerts()).toEqual(["received hello", "connection closed"]);
    },
  );

  test("the network device's forgets its socket when it cannot connect", async () => {
    const { origin } = await serve({ connect: (peer) => peer.refuse() });
    const { runToIdle, alerts, events } = await open(origin);

    await runToIdle(networkDeviceExample);

    expect(alerts()).toEqual(["connection error"]);
    expect(events.filter(({ type }) => type === "error")).toEqual([]);
  });

  test("the Netzer's shows a change, and that the module has gone", async () => {
    const netzer = createNetzer();
    const { origin } = await serve({
      connect(peer) {
        netzer.connect(peer);
        const { onmessage } = peer;
        peer.onmessage = (data) => {
          onmessage?.(data);
          netzer.setInput(0, true);
          peer.close();
        };
      },
    });
    const { runToIdle, alerts } = await open(`${origin}/ws`);

    await runToIdle(netzerExample);

    expect(alerts()).toEqual(["IO0: 1", "disconnected"]);
  });

  test("the Netzer's takes MozWebSocket where there is no WebSocket", async () => {
    const { origin } = await serve({
      connect(peer) {
        peer.accept();
        peer.onmessage = () => peer.close();
      },
    });
    const { runToIdle, alerts, sandbox } = await open(origin);
    await sandbox.run("delete globalThis.WebSocket;");

    await runToIdle(netzerExample);

    expect(alerts()).toEqual(["disconnected"]);
  });

  test("the Clown.Hub's connects by the static method, and catches a URL that is none", async () => {
    const hub = createClownHub();
    const { origin } = await serve(hub);
    const { runToIdle, lines } = await open(hub.url(origin));

    await runToIdle(clownHubExample);
    await runToIdle('url = "no://url"; init();');

    expect(lines()).toEqual([
      "state 0",
      "state 1",
      "clown.talk/-/config/ok",
      "state 3",
      expect.stringMatching(/^cannot connect: SyntaxError/),
    ]);
  });

  test("a plain one may forget everything inside onerror and inside onclose", async () => {
    const { origin } = await serve(createEcho());
    const refused = await serve({ connect: (peer) => peer.refuse() });
    const first = await open(origin);
    const second = await open(refused.origin);

    await first.runToIdle(plainExample);
    await second.runToIdle(plainExample);

    expect([first.lines(), second.lines()]).toEqual([["got hi", "close"], ["error"]]);
    expect(second.events.filter(({ type }) => type === "error")).toEqual([]);
  });
});
