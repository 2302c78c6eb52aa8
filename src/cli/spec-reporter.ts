import type { FailureReport } from "../script-test/failure.ts";
import type { Colours } from "./colours.ts";
import { printable } from "./printable.ts";
import { sourceExcerpt } from "./source-excerpt.ts";
import { failureText, type TestReport, type TestReporter } from "./test-report.ts";

/** Options of {@link createSpecReporter}. */
export interface SpecReporterOptions {
  readonly colours: Colours;
  /** Text of a file of the tests, and the path to print for it. */
  source(path: string, file: string): { readonly text: string | undefined; readonly path: string };
}

const marks: Readonly<Record<TestReport["outcome"], string>> = {
  passed: "\u2713",
  failed: "\u2717",
  skipped: "-",
  todo: "-",
};

/** Tells people: a line for each test below its file and groups, and all that is known of a failure. */
export function createSpecReporter(options: SpecReporterOptions): TestReporter {
  const { colours } = options;
  let path: string | undefined;
  let groups: readonly string[] = [];

  function heading(report: TestReport): readonly string[] {
    const lines: string[] = [];
    if (report.path !== path) {
      if (path !== undefined) lines.push("");
      lines.push(colours.bold(printable(report.path)));
      groups = [];
    }
    path = report.path;
    const around = report.names.slice(0, -1);
    const known = around.findIndex((name, index) => groups[index] !== name);
    const start = known === -1 ? around.length : known;
    for (const [index, name] of around.slice(start).entries()) {
      lines.push(`${"  ".repeat(start + index + 1)}${oneLine(name)}`);
    }
    groups = around;
    return lines;
  }

  function failure(report: TestReport, found: FailureReport): readonly string[] {
    const lines: string[] = [];
    const { position } = found;
    if (position !== undefined) {
      const { text, path: shown } = options.source(report.path, position.file);
      const column = position.column > 0 ? `:${position.column}` : "";
      lines.push(colours.bold(printable(`${shown}:${position.line}${column}`)));
      const excerpt =
        text === undefined ? undefined : sourceExcerpt(text, position.line, position.column);
      if (excerpt !== undefined) lines.push(...excerpt.split("\n"));
    }
    lines.push(...colours.red(printable(failureText(found))).split("\n"));
    // One frame is the place above.
    const stack = found.stack.split("\n").filter((line) => line !== "");
    if (stack.length > 1) lines.push(...stack.map((line) => colours.dim(printable(line))));
    return lines;
  }

  return {
    begin: () => "",
    test(report) {
      const lines = [...heading(report)];
      const indent = "  ".repeat(Math.max(1, report.names.length));
      const name = report.names.at(-1);
      const mark = marks[report.outcome];
      const isFailed = report.outcome === "failed";
      if (name !== undefined) {
        const painted = isFailed
          ? colours.red(`${mark} ${oneLine(name)}`)
          : `${mark} ${oneLine(name)}`;
        const note =
          report.outcome === "skipped" || report.outcome === "todo" ? ` (${report.outcome})` : "";
        lines.push(`${indent}${painted}${colours.dim(note)}`);
      }
      for (const found of report.failures) {
        lines.push(...failure(report, found).map((line) => `${indent}    ${line}`));
      }
      if (isFailed) {
        for (const { level, message } of report.lines) {
          for (const line of printable(message).split("\n")) {
            lines.push(colours.dim(`${indent}    console.${level}: ${line}`));
          }
        }
      }
      return `${lines.join("\n")}\n`;
    },
    end(reports, duration) {
      const count = (outcome: TestReport["outcome"]): number =>
        reports.filter((report) => report.outcome === outcome).length;
      const parts = (["passed", "failed", "skipped", "todo"] as const).flatMap((outcome) => {
        const number = count(outcome);
        return number === 0 ? [] : [`${number} ${outcome}`];
      });
      const files = new Set(reports.map((report) => report.path)).size;
      return `\n${parts.join(", ")} in ${files} ${files === 1 ? "file" : "files"} (${Math.round(duration)} ms)\n`;
    },
  };
}

function oneLine(name: string): string {
  return printable(name.replaceAll(/\s+/g, " "));
}
