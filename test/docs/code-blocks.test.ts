import { expect, test } from "vitest";
import { codeBlocks } from "../support/code-blocks.ts";

test("A block carries its line, language, marks and code", () => {
  const blocks = codeBlocks("# Title\n\n```ts run\nconst a = 1;\n\nconst b = 2;\n```\n");

  expect(blocks).toEqual([
    {
      line: 4,
      language: "ts",
      marks: ["run"],
      code: "const a = 1;\n\nconst b = 2;",
    },
  ]);
});

test("A block marked as output belongs to the last marked block above it", () => {
  const blocks = codeBlocks(
    "```js guest\nlog();\n```\n\n```sh\nrun it\n```\nIt prints:\n\n```text output\nhello\n```\n",
  );

  expect(blocks.map(({ code, output }) => ({ code, output }))).toEqual([
    { code: "log();", output: "hello" },
    { code: "run it", output: undefined },
  ]);
});

test("Output that no block prints is an error", () => {
  expect(() => codeBlocks("```text output\nhello\n```")).toThrow(
    "No block prints the output in line 2",
  );
});

test("Blocks without language, with longer fences and in lists are found", () => {
  const blocks = codeBlocks("```\nplain\n```\n- item\n\n  ````md\n  ```js\n  ```\n  ````\n");

  expect(blocks.map(({ language, line, code }) => ({ language, line, code }))).toEqual([
    { language: "", line: 2, code: "plain" },
    { language: "md", line: 7, code: "```js\n```" },
  ]);
});

test("A block without an end is an error", () => {
  expect(() => codeBlocks("```js\n1")).toThrow("The block in line 1 has no end");
});
