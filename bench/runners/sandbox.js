// A sandbox with the isolation that is given.
import { allowOrigins, createSandbox } from "quickjs-network-device";
import { serveRunner } from "./serve-runner.js";

const isolation = process.argv[2];

/** Of all limits only those on the number of connections differ from the default. */
const limits = { maxConnections: 2_048, maxConnectRate: 1_000_000, maxConnectDelay: 0 };

const results = [];
const sandbox = await createSandbox({
  isolation,
  limits,
  policy: allowOrigins(["ws://127.0.0.1:*"]),
  observe(event) {
    if (event.type === "console") results.push(JSON.parse(event.message));
    if (event.type === "error" || event.type === "killed") {
      console.error(event);
      process.exit(1);
    }
  },
});

await serveRunner({
  load: (source) => sandbox.run(source, { name: "workload.js" }),
  async call(name, argument) {
    // The global `workload` is seen by modules, too; their top level can wait.
    const source = `console.log(JSON.stringify(await workload.${name}(${JSON.stringify(argument)}) ?? null))`;
    await sandbox.run(source, { type: "module" });
    return results.pop();
  },
});
