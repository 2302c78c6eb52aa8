import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectFolder } from "../support/consumer.ts";

// The security page names hostile inputs by the ids of their tests. They exist, and none is left out of the list of all.

interface Case {
  readonly id: string;
  readonly sentence: string;
}

const cases = listCases();

test("The list of security cases has every test of test/hostile", async () => {
  await expect(asMarkdown(cases)).toMatchFileSnapshot(
    join(projectFolder, "docs/security-cases.md"),
  );
});

test("At least 200 hostile inputs are tested", () => {
  expect(cases.length).toBeGreaterThan(200);
});

test("Every case that the security page names exists", () => {
  const page = readFileSync(join(projectFolder, "docs/security.md"), "utf8");
  const areas = [...new Set(cases.map(({ id }) => id.split("/")[0]))].join("|");
  const named = [...page.matchAll(new RegExp(`\`((?:${areas})/[^\`]+)\``, "g"))].map(
    ([, id = ""]) => id,
  );

  expect(named.length).toBeGreaterThan(100);
  const known = new Set(cases.map(({ id }) => id));
  expect(named.filter((id) => !known.has(id) && !isArea(id, known))).toEqual([]);
});

/** `servers/status-*` stands for all that begin so. */
function isArea(id: string, known: ReadonlySet<string>): boolean {
  return id.endsWith("*") && [...known].some((other) => other.startsWith(id.slice(0, -1)));
}

/** The names of the tests, without those that repeat a case on the caller's thread. */
function listCases(): readonly Case[] {
  const vitest = join(projectFolder, "node_modules/vitest/vitest.mjs");
  const output = execFileSync(
    process.execPath,
    [vitest, "list", "--project", "source", "test/hostile", "--json"],
    { cwd: projectFolder, encoding: "utf8", maxBuffer: 2 ** 26 },
  );
  const names = (JSON.parse(output.slice(output.indexOf("["))) as { readonly name: string }[]).map(
    ({ name }) => name.split(" > ").at(-1) ?? "",
  );
  const known = new Map<string, string>();
  for (const name of names) {
    const [, id, sentence] =
      /^([a-z]+\/[^\s,:]+)(?:, on the caller's thread)?: (.*)$/s.exec(name) ?? [];
    if (id === undefined || sentence === undefined)
      throw new Error(`${name} is not "area/id: sentence"`);
    if (!known.has(id)) known.set(id, sentence);
  }
  return [...known].map(([id, sentence]) => ({ id, sentence }));
}

function asMarkdown(all: readonly Case[]): string {
  const areas = group(all);
  const parts = [...areas]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([area, list]) => {
      const lines = list.map(
        ({ id, sentence }) => `- \`${id}\`: ${sentence.replaceAll(/([_*<])/g, "\\$1")}`,
      );
      return `## ${area} (${list.length})\n\n${lines.join("\n")}\n`;
    });
  return `# Security cases\n\nThe ${all.length} hostile inputs of \`test/hostile/\`, by the names of their tests; \`npx vitest run --project source test/hostile -t "servers/zip-bomb"\` runs one.\nThis list is made from the tests.\n\n${parts.join("\n")}`;
}

function group(all: readonly Case[]): ReadonlyMap<string, Case[]> {
  const areas = new Map<string, Case[]>();
  for (const one of all) {
    const area = one.id.split("/")[0] ?? "";
    areas.set(area, [...(areas.get(area) ?? []), one]);
  }
  return areas;
}
