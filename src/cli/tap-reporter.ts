import { nameSeparator } from "../script-test/run-file.ts";
import { printable } from "./printable.ts";
import { failureText, type TestReport, type TestReporter } from "./test-report.ts";

/** Tells programs, by version 14 of the Test Anything Protocol. */
export function createTapReporter(): TestReporter {
  let number = 0;
  return {
    begin: () => "TAP version 14\n",
    test(report) {
      number++;
      const { outcome } = report;
      const status = outcome === "failed" ? "not ok" : "ok";
      const directive = outcome === "skipped" ? " # SKIP" : outcome === "todo" ? " # TODO" : "";
      const name = [report.path, ...report.names].join(nameSeparator);
      const result = `${status} ${number} - ${description(name)}${directive}\n`;
      return outcome === "failed" ? result + diagnostics(report) : result;
    },
    end: (reports) => `1..${reports.length}\n`,
  };
}

/** A description must not look like a directive. */
function description(text: string): string {
  return printable(text.replaceAll(/\s+/g, " ")).replaceAll(/[\\#]/g, String.raw`\$&`);
}

/** A YAML block. JSON's strings are YAML's. */
function diagnostics(report: TestReport): string {
  const failures = report.failures.map((failure) => {
    const { position, stack } = failure;
    return [
      `    - message: ${JSON.stringify(failureText(failure))}`,
      ...(position === undefined
        ? []
        : [
            "      at:",
            `        file: ${JSON.stringify(position.file)}`,
            `        line: ${position.line}`,
            `        column: ${position.column}`,
          ]),
      ...(stack === "" ? [] : [`      stack: ${JSON.stringify(stack)}`]),
    ].join("\n");
  });
  const lines = [
    "  ---",
    `  duration_ms: ${report.duration.toFixed(3)}`,
    "  failures:",
    ...failures,
    "  ...",
  ];
  return `${lines.join("\n")}\n`;
}
