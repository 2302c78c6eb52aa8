import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noColours } from "../../src/cli/colours.ts";
import { createJunitReporter } from "../../src/cli/junit-reporter.ts";
import { createSpecReporter } from "../../src/cli/spec-reporter.ts";
import { createTapReporter } from "../../src/cli/tap-reporter.ts";
import type { TestReport, TestReporter } from "../../src/cli/test-report.ts";

function passed(names: readonly string[], more: Partial<TestReport> = {}): TestReport {
  const position = { file: "a.test.js", line: 1, column: 1 };
  const rest = { outcome: "passed" as const, failures: [], lines: [], position, duration: 1.5 };
  return { path: "a.test.js", names, ...rest, ...more };
}

function failed(message: string, stack = ""): TestReport {
  const failures = [{ name: "Error", message, stack, position: undefined }];
  return passed([message], { outcome: "failed", failures, lines: [{ level: "log", message }] });
}

function report(reporter: TestReporter, reports: readonly TestReport[]): string {
  return [
    reporter.begin(),
    ...reports.map((one) => reporter.test(one)),
    reporter.end(reports, 12.4),
  ].join("");
}

const spec = (): TestReporter =>
  createSpecReporter({
    colours: noColours,
    source: (_path, file) => ({ text: undefined, path: file }),
  });

test("People see each group once, also when another one comes between", () => {
  const reports = [
    passed(["a", "b", "1"]),
    passed(["a", "b", "2"]),
    passed(["a", "3"]),
    passed(["4"]),
    passed(["a", "b", "5"], { path: "b.test.js", outcome: "todo" }),
  ];

  expect(report(spec(), reports)).toBe(`a.test.js
  a
    b
      ✓ 1
      ✓ 2
    ✓ 3
  ✓ 4

b.test.js
  a
    b
      - 5 (todo)

4 passed, 1 todo in 2 files (12 ms)
`);
});

test("TAP has one line for each test, whatever its name", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (messages) => {
      const text = report(
        createTapReporter(),
        messages.map((message) => passed([message])),
      );

      expect(text.split("\n")).toHaveLength(messages.length + 3);
      expect(text).not.toMatch(/(?<!\\)#/);
    }),
  );
});

describe("JUnit's XML", () => {
  test("holds results and their times", () => {
    expect(
      report(createJunitReporter(), [passed(["a", "b"]), passed([], { outcome: "skipped" })]),
    ).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="netdevice test" tests="2" failures="0" errors="0" skipped="1" time="0.012">
  <testsuite name="a.test.js" tests="2" failures="0" errors="0" skipped="1" time="0.003">
    <testcase classname="a.test.js &gt; a" name="b" file="a.test.js" line="1" time="0.002"/>
    <testcase classname="a.test.js" name="a.test.js" file="a.test.js" line="1" time="0.002">
      <skipped/>
    </testcase>
  </testsuite>
</testsuites>
`,
    );
  });

  test("is XML, whatever a test is called and prints", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (message, stack) => {
        const text = report(createJunitReporter(), [failed(message + stack, stack)]);

        expect(text).not.toMatch(/[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]/);
        // Tags and references are the reporter's own.
        const bare = text
          .replaceAll(
            /<\/?(?:testsuites?|testcase|failure|system-out|skipped)(?: [a-z]+="[^"<]*")*\/?>|<\?[^>]*\?>/g,
            "",
          )
          .replaceAll(/&(?:amp|lt|gt|quot|#10);/g, "");
        expect(bare).not.toMatch(/[<>&]/);
      }),
    );
  });
});
