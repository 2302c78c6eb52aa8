import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codeBlocks } from "../support/code-blocks.ts";
import { type Consumer, createConsumer, projectFolder } from "../support/consumer.ts";

let consumer: Consumer;

beforeAll(async () => {
  consumer = await createConsumer();
  await consumer.link("quickjs-network-device", projectFolder);
  await consumer.write(
    "tsconfig.json",
    JSON.stringify({
      compilerOptions: {
        lib: ["es2023"],
        types: ["quickjs-network-device/guest/testing"],
        target: "es2022",
        module: "esnext",
        moduleResolution: "bundler",
        moduleDetection: "force",
        allowImportingTsExtensions: true,
        strict: true,
        noImplicitAny: false,
        noEmit: true,
        allowJs: true,
        checkJs: true,
        skipLibCheck: false,
      },
      include: ["*.test.*"],
    }),
  );
});

afterAll(async () => consumer[Symbol.asyncDispose]());

test("The script tests of the documents type-check against the types of the testing library", async () => {
  const guide = readFileSync(join(projectFolder, "docs/script-tests.md"), "utf8");
  const tests = codeBlocks(guide).filter(({ marks }) => marks[1]?.endsWith(".test.js"));
  for (const { marks, code } of tests) await consumer.write(marks[1] ?? "", code);

  expect(tests.length).toBeGreaterThan(2);
  expect(await consumer.typeCheck(".")).toBe("");
});

test("A test that uses what the library does not have does not type-check", async () => {
  await consumer.write("misuse.test.ts", 'expect(1).toBeFine();\ndevice("ws://a").send();\n');

  const complaints = await consumer.typeCheck(".");

  expect(complaints).toContain("toBeFine");
  expect(complaints).toContain("Expected 1 arguments");
});
