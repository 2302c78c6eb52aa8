import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer, type WebSocket as Peer } from "ws";
import { openSandbox, type TestSandbox } from "../support/sandbox.ts";

// Scripts as a page has them, unchanged: only the address comes from `location`, as it does there.

/** A reconnecting client with handler attributes, a queue and a back-off. */
const chat = `
var statusText = "";
var ws;
var attempts = 0;
var outbox = [];

function setStatus(text) {
  statusText = text;
  console.log("status: " + text);
}

function connect() {
  ws = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/chat", ["chat.v2", "chat.v1"]);
  setStatus("connecting");
  ws.onopen = function () {
    attempts = 0;
    setStatus("online via " + ws.protocol);
    while (outbox.length) ws.send(outbox.shift());
  };
  ws.onmessage = function (event) {
    var message;
    try {
      message = JSON.parse(event.data);
    } catch (e) {
      console.warn("not JSON:", event.data);
      return;
    }
    if (message.type === "say") console.log(message.from + ": " + message.text);
    if (message.type === "leave") ws.close(1000, "bye");
  };
  ws.onerror = function () {
    setStatus("error");
  };
  ws.onclose = function (event) {
    if (event.wasClean && event.code === 1000) {
      setStatus("offline: " + event.reason);
      return;
    }
    setStatus("lost " + event.code + " " + event.reason);
    if (++attempts <= 3) window.setTimeout(connect, 2 ** attempts);
  };
}

function say(text) {
  var data = JSON.stringify({ type: "say", text: text });
  if (ws && ws.readyState === WebSocket.OPEN) ws.send(data);
  else outbox.push(data);
}

connect();
say("h\\u00e9llo \\u{1F600}");
`;

/** Binary frames with listeners, both kinds of binary data, and an object as listener. */
const sensor = `
class Sensor extends EventTarget {
  #socket;
  #controller = new AbortController();

  constructor(url) {
    super();
    const { signal } = this.#controller;
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("open", () => this.#ask(1), { once: true });
    this.#socket.addEventListener("message", this, { signal });
    this.#socket.addEventListener("close", ({ code, reason, wasClean }) => {
      this.dispatchEvent(new CustomEvent("end", { detail: { code, reason, wasClean } }));
    });
  }

  #ask(channel) {
    const request = new DataView(new ArrayBuffer(3));
    request.setUint8(0, 0x01);
    request.setUint16(1, channel, true);
    this.#socket.send(request);
  }

  handleEvent(event) {
    const view = new DataView(event.data);
    const channel = view.getUint16(1, true);
    const value = view.getFloat32(3, true);
    this.dispatchEvent(new CustomEvent("reading", { detail: { channel, value } }));
    if (channel < 3) return this.#ask(channel + 1);
    this.#controller.abort();
    this.#socket.send(new Blob([new Uint8Array([0x02]), "done"]));
  }
}

const sensor = new Sensor(new URL("/sensor", location.href.replace(/^http/, "ws")));
sensor.addEventListener("reading", (event) => {
  console.log("channel %d is %f", event.detail.channel, event.detail.value);
});
sensor.addEventListener("end", ({ detail }) => console.log(JSON.stringify(detail)));
`;

/** Requests answered by promises, with a time limit, and an upload whose progress is the buffered amount. */
const calls = `
(async () => {
  const socket = new WebSocket("/rpc");
  const opened = new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("cannot connect"));
  });
  const pending = new Map();
  let next = 1;
  socket.onmessage = async ({ data, origin }) => {
    const text = typeof data === "string" ? data : await data.text();
    const { id, result, error } = JSON.parse(text);
    const { resolve, reject } = pending.get(id);
    pending.delete(id);
    if (error) reject(new Error(error));
    else resolve([result, origin === location.origin.replace("http", "ws")]);
  };
  const call = (method, ...params) =>
    new Promise((resolve, reject) => {
      const id = next++;
      const timer = setTimeout(() => reject(new DOMException(method, "TimeoutError")), 60_000);
      pending.set(id, {
        resolve: (value) => (clearTimeout(timer), resolve(value)),
        reject: (reason) => (clearTimeout(timer), reject(reason)),
      });
      socket.send(JSON.stringify({ id, method, params }));
    });

  await opened;
  const answers = await Promise.allSettled([call("add", 2, 3), call("fail"), call("blob", "x")]);
  for (const { status, value, reason } of answers) console.log(status, value ?? reason.message);

  const file = new File([new Uint8Array(100_000)], "firmware.bin");
  for (let at = 0; at < file.size; at += 40_000) socket.send(file.slice(at, at + 40_000));
  console.log(socket.bufferedAmount);
  while (socket.bufferedAmount > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  try {
    socket.close(1001);
  } catch (error) {
    console.log(error.name);
  }
  socket.addEventListener("close", (event) => console.log(event.code, event.reason, event.wasClean));
  socket.close(4000, "uploaded");
})();
`;

/** A script of the older kind: a function around everything, both kinds of binary data one after the other, `this` in handlers. */
const terminal = `
"use strict";

(function () {
  var states = ["connecting", "open", "closing", "closed"];
  var socket = new (window.WebSocket || window.MozWebSocket)("ws://" + location.host + "/", ["chat.v2", "chat.v1"]);
  var step = 0;

  function log() {
    console.log(Array.prototype.slice.call(arguments).join(" "));
  }

  log("state:", states[socket.readyState]);

  socket.onopen = function (event) {
    log("connected with", this.protocol, event instanceof Event && event.target === socket);
  };

  socket.addEventListener("message", function (event) {
    if (typeof event.data === "string") {
      log("<<", event.data);
      step += 1;
      if (step === 1) socket.send("hello");
      if (step === 2) socket.send(new Blob([new Uint8Array([1, 2]), new Uint8Array([3, 4])]));
    } else if (event.data instanceof Blob) {
      event.data.arrayBuffer().then(function (buffer) {
        log("blob", event.data.size, "bytes:", new Uint8Array(buffer).join(" "));
        socket.binaryType = "arraybuffer";
        var view = new DataView(new ArrayBuffer(4));
        view.setUint32(0, 0xdeadbeef);
        socket.send(view);
      }, log);
    } else {
      log("buffer", event.data.byteLength, "bytes:", new Uint8Array(event.data).join(" "));
      socket.send("leave");
    }
  });

  socket.onerror = function () {
    log("error");
  };

  socket.onclose = function (event) {
    log("closed", event.code, event.reason, event.wasClean);
    log("state:", states[this.readyState]);
  };
})();
`;

describe.each(["none", "worker"] as const)("code of a page, isolation %j", (isolation) => {
  test("a chat client queues, reconnects after a lost connection and leaves", async () => {
    let visits = 0;
    const { runToIdle, lines } = await openPage(isolation, (peer) => {
      visits += 1;
      peer.on("message", (data) => {
        if (visits === 1) peer.send(JSON.stringify({ ...JSON.parse(text(data)), from: "me" }));
        peer.send("plain");
        if (visits === 1) peer.close(1012, "restart");
      });
      if (visits === 2) {
        peer.once("pong", () => peer.terminate());
        peer.ping();
      }
      if (visits === 3) peer.send(JSON.stringify({ type: "leave" }));
    });

    await runToIdle(chat);

    expect(lines()).toEqual([
      "status: connecting",
      "status: online via chat.v2",
      "me: héllo \u{1f600}",
      "not JSON: plain",
      "status: lost 1012 restart",
      "status: connecting",
      "status: online via chat.v2",
      "status: error",
      "status: lost 1006 ",
      "status: connecting",
      "status: online via chat.v2",
      "status: offline: bye",
    ]);
  });

  test("a sensor client speaks a binary protocol", async () => {
    const received: string[] = [];
    const { runToIdle, lines } = await openPage(isolation, (peer) => {
      peer.on("message", (data: Buffer) => {
        received.push(data.toString("hex"));
        if (data[0] === 2) return peer.close(3001, "thanks");
        const answer = Buffer.alloc(7);
        answer.writeUInt16LE(data.readUInt16LE(1), 1);
        answer.writeFloatLE(data.readUInt16LE(1) / 2, 3);
        peer.send(answer);
      });
    });

    await runToIdle(sensor);

    expect(received).toEqual(["010100", "010200", "010300", "02646f6e65"]);
    expect(lines()).toEqual([
      "channel 1 is 0.5",
      "channel 2 is 1",
      "channel 3 is 1.5",
      '{"code":3001,"reason":"thanks","wasClean":true}',
    ]);
  });

  test("a client of calls gets its answers and uploads a file", async () => {
    let uploaded = 0;
    const { runToIdle, lines } = await openPage(isolation, (peer) => {
      peer.on("message", (data: Buffer, isBinary) => {
        if (isBinary) uploaded += data.byteLength;
        else answer(peer, JSON.parse(text(data)) as Call);
      });
    });

    await runToIdle(calls);

    expect(lines()).toEqual([
      "fulfilled [ 5, true ]",
      "rejected no such method",
      "fulfilled [ 'x', true ]",
      "100000",
      "InvalidAccessError",
      "4000 uploaded true",
    ]);
    expect(uploaded).toBe(100_000);
  });

  test("a terminal sends and receives text, blobs and buffers, and is closed by the server", async () => {
    const { runToIdle, lines, events } = await openPage(isolation, (peer) => {
      peer.send("welcome");
      peer.on("message", (data, isBinary) => {
        if (isBinary) peer.send(data);
        else if (text(data) === "leave") peer.close(4001, "you asked for it");
        else peer.send(JSON.stringify({ text: text(data) }));
      });
    });

    await runToIdle(terminal);

    expect(lines()).toEqual([
      "state: connecting",
      "connected with chat.v2 true",
      "<< welcome",
      '<< {"text":"hello"}',
      "blob 4 bytes: 1 2 3 4",
      "buffer 4 bytes: 222 173 190 239",
      "closed 4001 you asked for it true",
      "state: closed",
    ]);
    expect(events.filter(({ type }) => type === "error")).toEqual([]);
  });
});

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

function answer(peer: Peer, { id, method, params }: Call): void {
  if (method === "add")
    peer.send(JSON.stringify({ id, result: Number(params[0]) + Number(params[1]) }));
  else if (method === "blob") peer.send(Buffer.from(JSON.stringify({ id, result: params[0] })));
  else peer.send(JSON.stringify({ id, error: "no such method" }));
}

function text(data: unknown): string {
  return String(data);
}

/** A sandbox with the `location` of a page, and the server that the page came from. */
async function openPage(
  isolation: "none" | "worker",
  visit: (peer: Peer) => void,
): Promise<TestSandbox> {
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    handleProtocols: ([first]) => first ?? false,
  });
  onTestFinished(() => {
    server.close();
  });
  server.on("connection", visit);
  await new Promise((resolve) => server.once("listening", resolve));
  const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const opened = await openSandbox({ isolation, baseUrl: page });
  await opened.sandbox.run(`var location = new URL(${JSON.stringify(page)});`);
  return opened;
}
