// Sandboxes with the isolation that is given, as many as are given; all run the workload, and only the first one has tasks.
import { allowOrigins, createSandbox } from "quickjs-network-device";
import { serveRunner } from "./serve-runner.js";

const [isolation, count = "1"] = process.argv.slice(2);

/** Of all limits only those on the number of connections differ from the default. */
const limits = { maxConnections: 2_048, maxConnectRate: 1_000_000, maxConnectDelay: 0 };

const sandboxes = [];
for (let index = 0; index < Number(count); index += 1) sandboxes.push(await create());
const [first, ...others] = sandboxes;

await serveRunner({
  async load(source) {
    for (const { sandbox } of sandboxes) await sandbox.run(source, { name: "workload.js" });
  },
  async call(name, argument) {
    const result = await call(first, name, argument);
    if (name === "open") {
      for (const other of others) await call(other, name, { ...argument, isControlling: false });
    }
    return result;
  },
});

async function create() {
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
  return { sandbox, results };
}

async function call({ sandbox, results }, name, argument) {
  // The global `workload` is seen by modules, too; their top level can wait.
  const source = `console.log(JSON.stringify(await workload.${name}(${JSON.stringify(argument)}) ?? null))`;
  await sandbox.run(source, { type: "module" });
  return results.pop();
}
