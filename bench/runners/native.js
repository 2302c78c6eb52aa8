// A runtime with a WebSocket of its own: Deno, Bun, Node.
import { serveRunner } from "./serve-runner.js";

await serveRunner({
  load: (source) => import(`data:text/javascript,${encodeURIComponent(source)}`),
  call: (name, argument) => globalThis.workload[name](argument),
});
