import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CodeBlock, codeBlocks } from "../support/code-blocks.ts";
import { type Consumer, createConsumer, projectFolder } from "../support/consumer.ts";
import { packProject } from "../support/pack.ts";

/**
 * Blocks marked `step` are done one after another in one empty folder: `js step <name>` writes a file, `sh step` runs commands (`fails`: the
 * last one fails), and `text step` holds lines that the commands above it print.
 */
const steps = codeBlocks(readFileSync(join(projectFolder, "docs/testing.md"), "utf8"));

let consumer: Consumer;
let output = "";

beforeAll(async () => {
  consumer = await createConsumer();
});

afterAll(async () => consumer[Symbol.asyncDispose]());

test("Every block of docs/testing.md is a step that is done here", () => {
  expect(steps.filter(({ marks }) => marks[0] !== "step")).toEqual([]);
  expect(steps.length).toBeGreaterThan(10);
});

test.each(steps)("docs/testing.md:$line", async (step) => {
  switch (step.language) {
    case "sh":
      output = await runCommands(step);
      break;
    case "text":
      for (const line of step.code.split("\n")) expect(output).toContain(line);
      break;
    default:
      await consumer.write(step.marks[1] ?? "", `${step.code}\n`);
  }
});

/** Runs the lines of a block and answers what they printed, without colours and times. */
async function runCommands({ code, marks }: CodeBlock): Promise<string> {
  let printed = "";
  const commands = code.split("\n");
  for (const [index, command] of commands.entries()) {
    const result = await consumer.run("sh", "-c", `${await localised(command)} 2>&1`);
    printed += result.stdout;
    const fails = marks.includes("fails") && index === commands.length - 1;
    expect(result.exitCode === 0, `${command}\n${result.stdout}`).toBe(!fails);
  }
  return printed.replaceAll(/\u001B\[[\d;]*m/g, "").replaceAll(/ \d+ms$/gm, "");
}

/** The package is not published while it is tested: its tarball takes its place. */
async function localised(command: string): Promise<string> {
  if (!command.startsWith("npm install")) return command;
  const tarball = await packProject(consumer);
  const quiet = "--prefer-offline --ignore-scripts --no-audit --no-fund";
  const { devDependencies } = JSON.parse(
    readFileSync(join(projectFolder, "package.json"), "utf8"),
  ) as { readonly devDependencies: Readonly<Record<string, string>> };
  return command
    .replace("npm install", `npm install ${quiet}`)
    .replace("quickjs-network-device", `"${tarball}"`)
    .replace("vitest", `vitest@${devDependencies["vitest"]}`);
}
