// The process that is measured: an embedder with one scenario. Run by main.js.
import { cycles } from "./cycles.js";
import { messages } from "./messages.js";
import { neighbours } from "./neighbours.js";
import { sandboxes } from "./sandboxes.js";

const scenarios = { messages, cycles, sandboxes, neighbours };
const [name, length, ...servers] = process.argv.slice(2);

const figures = await scenarios[name]({
  isShort: length === "short",
  server: servers[0],
  hostileServer: servers[1],
  progress: (text) => process.send({ progress: text }),
});
process.send({ figures });
process.disconnect();
