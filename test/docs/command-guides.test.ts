import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { type CodeBlock, codeBlocks } from "../support/code-blocks.ts";
import { type Consumer, createConsumer, projectFolder } from "../support/consumer.ts";

/** Examples talk to this origin; while they run an echo server on loopback takes its place. */
const exampleOrigin = "wss://echo.example";

/**
 * Blocks marked `step` are done one after another in one empty folder: `js step <name>` writes a file, `sh step` runs the command (`fails`:
 * in vain), and `text step` holds beginnings of lines that the command above it prints, in their order.
 */
describe.each(["docs/recording.md", "docs/script-tests.md"])("%s", (document) => {
  const steps = codeBlocks(readFileSync(join(projectFolder, document), "utf8"));
  let consumer: Consumer;
  let server: WebSocketServer;
  let output = "";

  beforeAll(async () => {
    server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    server.on("connection", (socket) => {
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    await new Promise((resolve) => server.once("listening", resolve));
    consumer = await createConsumer();
    await consumer.link("quickjs-network-device", projectFolder);
    await consumer.write("package.json", "{}");
  });

  afterAll(async () => {
    server.close();
    await consumer[Symbol.asyncDispose]();
  });

  test("has steps only", () => {
    expect(steps.filter(({ marks }) => marks[0] !== "step")).toEqual([]);
    expect(steps.length).toBeGreaterThan(10);
  });

  test.each(steps)(`${document}:$line`, async (step) => {
    switch (step.language) {
      case "sh":
        output = await run(step);
        break;
      case "text": {
        let rest = output.split("\n").map((line) => line.trim());
        for (const line of step.code.split("\n")) {
          const index = rest.findIndex((candidate) => candidate.includes(line.trim()));
          expect(index, `${line}\nin\n${output}`).toBeGreaterThanOrEqual(0);
          rest = rest.slice(index + 1);
        }
        break;
      }
      default:
        await consumer.write(step.marks[1] ?? "", `${localised(step.code)}\n`);
    }
  });

  /** Runs the command of a block and answers what it printed. */
  async function run({ code, marks }: CodeBlock): Promise<string> {
    const command = `"${process.execPath}" node_modules/quickjs-network-device/dist/cli/main.js`;
    const line = localised(code.replace(/^netdevice/, command).replaceAll("$.", String.raw`\$.`));
    const { exitCode, stdout } = await consumer.run("sh", "-c", `${line} 2>&1`);
    expect(exitCode === 0, stdout).toBe(!marks.includes("fails"));
    return stdout.replaceAll(localised(exampleOrigin), exampleOrigin);
  }

  function localised(text: string): string {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port");
    return text.replaceAll(exampleOrigin, `ws://127.0.0.1:${address.port}`);
  }
});
