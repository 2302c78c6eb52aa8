// What an embedder writes in an afternoon with quickjs-emscripten: a host function for each thing a socket does, and a call for each event.
import { getQuickJS } from "quickjs-emscripten";
import { WebSocket } from "ws";
import { serveRunner } from "./serve-runner.js";

const context = (await getQuickJS()).newContext();
const sockets = new Map();
const waiting = new Map();
let lastId = 0;

define("hostNow", () => context.newNumber(performance.now()));
define("hostConnect", (url) => {
  const id = (lastId += 1);
  const socket = new WebSocket(context.getString(url));
  sockets.set(id, socket);
  socket.on("open", () => deliver(id, "open"));
  socket.on("error", () => deliver(id, "error"));
  socket.on("close", () => deliver(id, "close"));
  socket.on("message", (data, isBinary) => {
    if (!isBinary) return deliver(id, "message", context.newString(data.toString()));
    const bytes = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
    return deliver(id, "message", context.newArrayBuffer(bytes));
  });
  return context.newNumber(id);
});
define("hostSend", (id, data) => {
  const socket = sockets.get(context.getNumber(id));
  if (context.typeof(data) === "string") socket.send(context.getString(data));
  // Copied: the memory is the engine's.
  else context.getArrayBuffer(data).consume(({ value }) => socket.send(value.slice()));
});
define("hostClose", (id) => sockets.get(context.getNumber(id)).close());
define("hostSettled", (id, error, result) => {
  const { resolve, reject } = waiting.get(context.getNumber(id));
  const message = context.getString(error);
  if (message === "") resolve(JSON.parse(context.getString(result)));
  else reject(new Error(message));
});

evaluate(`
  const sockets = new Map();
  globalThis.performance = { now: hostNow };
  globalThis.WebSocket = class {
    constructor(url) {
      this.id = hostConnect(url);
      sockets.set(this.id, this);
    }
    send(data) { hostSend(this.id, data.buffer ?? data) }
    close() { hostClose(this.id) }
  };
  function deliver(id, type, data) {
    sockets.get(id)["on" + type]?.({ type, data });
  }
  function call(id, name, argument) {
    workload[name](JSON.parse(argument)).then(
      (result) => hostSettled(id, "", JSON.stringify(result ?? null)),
      (error) => hostSettled(id, String(error), ""),
    );
  }
`);
const guestDeliver = context.getProp(context.global, "deliver");
const guestCall = context.getProp(context.global, "call");

await serveRunner({
  load: evaluate,
  call: (name, argument) =>
    new Promise((resolve, reject) => {
      const id = (lastId += 1);
      waiting.set(id, { resolve, reject });
      const text = JSON.stringify(argument) ?? "null";
      enter(guestCall, context.newNumber(id), context.newString(name), context.newString(text));
    }),
});

function define(name, work) {
  context
    .newFunction(name, work)
    .consume((handle) => context.setProp(context.global, name, handle));
}

function evaluate(source) {
  context.unwrapResult(context.evalCode(source)).dispose();
  context.runtime.executePendingJobs();
}

function deliver(id, type, data = context.undefined) {
  enter(guestDeliver, context.newNumber(id), context.newString(type), data);
}

function enter(callee, ...args) {
  context.unwrapResult(context.callFunction(callee, context.undefined, ...args)).dispose();
  for (const handle of args) handle.dispose();
  context.unwrapResult(context.runtime.executePendingJobs());
}
