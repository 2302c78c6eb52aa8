// What `npm start` runs after the build: an echo server and a small Clown.Hub on free ports of this machine, and scripts/hello.js
// talking to them from a sandbox in a thread of its own; or, as in `npm start netzer`, one system with its script. Prints the
// conversation as an embedder can observe it.
import { readFile } from "node:fs/promises";
import { allowOrigins, createSandbox } from "../dist/index.js";
import { createClownHub, createEcho, serveSimulator } from "../dist/simulators/index.js";
import { describeEvent } from "./describe-event.js";
import { showScene } from "./show-scene.js";

const [, , scene] = process.argv;
const problems = await (scene === undefined ? showHello() : showScene(scene));
for (const problem of problems) console.error(`Problem: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

async function showHello() {
  const echo = await serveSimulator(createEcho());
  const bridge = createClownHub({ publishInterval: 250 });
  const hub = await serveSimulator(bridge);
  try {
    return await runHello(echo, bridge, hub);
  } finally {
    await Promise.all([echo.close(), hub.close()]);
  }
}

/** Runs the script, prints what happens and returns what went wrong. */
async function runHello(echo, bridge, hub) {
  const hubOrigin = hub.origin;
  console.log(
    "scripts/hello.js runs in a QuickJS sandbox and talks to real servers on real sockets:",
  );
  console.log(`  echo  ${echo.origin}`);
  console.log(`  hub   ${hubOrigin}, a Clown.Hub behind a password\n`);

  const problems = [];
  const peers = new Map();
  const counts = { sent: 0, received: 0, closed: 0 };
  const sandbox = await createSandbox({
    // Nothing else can be reached. `*@` lets the script put the hub's password into its URL.
    policy: allowOrigins([echo.origin, `ws://*@${hub.host}`]),
    args: [echo.origin, bridge.url(hub.origin)],
    trace: true,
    observe(event) {
      if (event.type === "connecting")
        peers.set(event.connection, event.url.startsWith(hubOrigin) ? "hub" : "echo");
      if (event.type in counts) counts[event.type] += 1;
      if (isProblem(event)) problems.push(JSON.stringify(event));
      console.log(describeEvent(event, peers.get(event.connection)));
    },
  });
  const source = await readFile(new URL("../scripts/hello.js", import.meta.url), "utf8");
  try {
    await sandbox.run(source, { name: "hello.js" });
    await sandbox.idle({ signal: AbortSignal.timeout(30_000) });
  } catch (error) {
    problems.push(error.message);
  }
  await sandbox.close();
  const reason = await sandbox.closed;
  if (reason !== undefined) problems.push(reason.message);
  if (counts.closed !== 2) problems.push(`expected 2 closed connections, got ${counts.closed}`);
  if (problems.length === 0) {
    console.log(
      `\nDone: 2 connections, ${counts.sent} messages sent, ${counts.received} received, both closed cleanly.`,
    );
  }
  return problems;
}

/** Whether an event means that the demo did not work. */
function isProblem(event) {
  if (event.type === "error" || event.type === "limit") return true;
  if (event.type === "console") return event.level === "error";
  return event.type === "closed" && !(event.code === 1000 && event.wasClean);
}
