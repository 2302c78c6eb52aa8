import { readFile } from "node:fs/promises";
import { allowOrigins, createSandbox } from "../dist/index.js";
import { serveSimulator } from "../dist/simulators/index.js";
import { describeEvent } from "./describe-event.js";
import { scenes } from "./scenes.js";

/** Plays one of the scenes, prints the conversation, and returns what went wrong. */
export async function showScene(name) {
  if (!Object.hasOwn(scenes, name)) {
    return [`expected one of ${Object.keys(scenes).join(", ")}, got ${JSON.stringify(name)}`];
  }
  const { script, createDevice, args, options, play, grants = ownOrigin } = scenes[name];
  const device = createDevice();
  const server = await serveSimulator(device);
  const problems = [];
  const said = createLines();
  const sandbox = await createSandbox({
    ...options,
    // `*@` lets the script put a password into its URL.
    policy: allowOrigins(grants(server)),
    args: args(device, server),
    trace: true,
    observe(event) {
      if (event.type === "error" || event.type === "limit") problems.push(JSON.stringify(event));
      console.log(
        describeEvent(event, "connection" in event || "request" in event ? "device" : "script"),
      );
      if (event.type === "console") said.add(event.message);
    },
  });
  const stage = {
    says: (text) => said.next(text),
    happens(what, how) {
      console.log(`${" ".repeat(11)}device  *** ${what}`);
      how();
    },
  };
  console.log(`scripts/${script} runs against a simulated ${name} at ${server.host}:\n`);
  try {
    const source = await readFile(new URL(`../scripts/${script}`, import.meta.url), "utf8");
    await sandbox.run(source, { name: script });
    // Whichever comes first: a script that is through has no more to say.
    await Promise.race([play(device, stage), sandbox.idle()]);
    await sandbox.idle({ signal: AbortSignal.timeout(30_000) });
  } catch (error) {
    problems.push(error.message);
  }
  await sandbox.close();
  await server.close();
  return problems;
}

function ownOrigin({ host, origin }) {
  return [origin, `ws://*@${host}`];
}

/** Lines that can be waited for, each once. */
function createLines() {
  const lines = [];
  let wake = () => {};
  return {
    add(line) {
      lines.push(line);
      wake();
    },
    async next(text) {
      for (;;) {
        while (lines.length > 0) if (lines.shift().includes(text)) return;
        await new Promise((resolve) => (wake = resolve));
      }
    },
  };
}
