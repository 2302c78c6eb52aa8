import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const bench = fileURLToPath(new URL("../../bench/main.js", import.meta.url));

test("the bench measures as many messages in the sandbox as with plain ws", async () => {
  const args = [bench, "--only", "ping-pong", "--rounds", "1", "--quick", "--json", "-"];

  const { stdout } = await run(process.execPath, args);

  const { figures } = JSON.parse(stdout);
  const [{ costs, results }] = figures;
  const { messages } = costs.plain;
  expect(messages).toBeGreaterThan(0);
  expect(costs).toMatchObject({ worker: { messages }, none: { messages } });
  expect(results).toMatchObject({
    worker: { value: expect.any(Number) },
    none: { value: expect.any(Number) },
  });
});

test("the bench refuses a scenario that it does not have", async () => {
  const failure = run(process.execPath, [bench, "--only", "teleport"]);

  await expect(failure).rejects.toMatchObject({
    code: 2,
    stderr: "bench: no scenario is named teleport: see --help\n",
  });
});
