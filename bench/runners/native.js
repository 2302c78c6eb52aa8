// A runtime with a WebSocket of its own: Deno, Bun, Node.
import { pathToFileURL } from "node:url";
import { serveRunner } from "./serve-runner.js";

await serveRunner({
  load: (_source, file) => import(pathToFileURL(file).href),
  call: (name, argument) => globalThis.workload[name](argument),
});
