// The reference: the `ws` client in plain Node.
import { runInThisContext } from "node:vm";
import { WebSocket } from "ws";
import { serveRunner } from "./serve-runner.js";

globalThis.WebSocket = WebSocket;

await serveRunner({
  load: (source) => runInThisContext(source),
  call: (name, argument) => globalThis.workload[name](argument),
});
