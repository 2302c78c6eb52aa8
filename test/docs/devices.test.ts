import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { codeBlocks } from "../support/code-blocks.ts";
import { createConsumer, projectFolder } from "../support/consumer.ts";

const folder = join(projectFolder, "docs/devices");
const pages = readdirSync(folder);

test.each(pages)("docs/devices/%s shows what npm start prints for its device", async (page) => {
  const name = page.replace(".md", "");
  const command = `$ npm start ${name}\n`;
  const shown = codeBlocks(readFileSync(join(folder, page), "utf8")).find(({ code }) =>
    code.startsWith(command),
  );
  await using consumer = await createConsumer();

  const demo = join(projectFolder, "tools/demo.js");
  const { exitCode, stdout, stderr } = await consumer.run(process.execPath, demo, name);

  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(facts(stdout)).toEqual(facts(shown?.code.slice(command.length) ?? ""));
});

/** What happened, by its kind: things of different kinds may come in either order. Times and ports are of each run's own. */
function facts(output: string): Readonly<Record<string, readonly string[]>> {
  const lines = output
    .trimEnd()
    .split("\n")
    .map((line) =>
      line
        .replace(/^ *\d+ ms/, "")
        .replaceAll(/\b\d{5}\b/g, "PORT")
        .trim(),
    );
  const kinds = ["---", "-->", "<--", "...", "***", ""] as const;
  return Object.fromEntries(
    kinds.map((kind) => [kind, lines.filter((line) => kindOf(line) === kind)]),
  );
}

function kindOf(line: string): string {
  return /^(?:device|script) +(---|-->|<--|\.\.\.|\*\*\*) /.exec(line)?.[1] ?? "";
}
