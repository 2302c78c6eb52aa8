import { nameSeparator } from "../script-test/run-file.ts";
import { failureText, type TestReport, type TestReporter } from "./test-report.ts";

/** Tells continuous integration, by the XML that JUnit made common. All of it is written at the end. */
export function createJunitReporter(): TestReporter {
  return {
    begin: () => "",
    test: () => "",
    end(reports, duration) {
      const paths = [...new Set(reports.map(({ path }) => path))];
      const suites = paths.map((path) =>
        suite(
          path,
          reports.filter((report) => report.path === path),
        ),
      );
      return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="netdevice test"${counts(reports)} time="${seconds(duration)}">\n${suites.join("")}</testsuites>\n`;
    },
  };
}

function suite(path: string, reports: readonly TestReport[]): string {
  const duration = reports.reduce((sum, report) => sum + report.duration, 0);
  return `  <testsuite name=${attribute(path)}${counts(reports)} time="${seconds(duration)}">\n${reports.map(testCase).join("")}  </testsuite>\n`;
}

function testCase(report: TestReport): string {
  const { path, names, position, duration, lines } = report;
  const name = names.at(-1) ?? path;
  const className = [path, ...names.slice(0, -1)].join(nameSeparator);
  const line = position === undefined ? "" : ` line="${position.line}"`;
  const head = `    <testcase classname=${attribute(className)} name=${attribute(name)} file=${attribute(path)}${line} time="${seconds(duration)}"`;
  const body = [
    ...report.failures.map((failure) => {
      const place = failure.position;
      const at = place === undefined ? "" : `${place.file}:${place.line}:${place.column}\n`;
      const text = `${at}${failureText(failure)}\n${failure.stack}`.trimEnd();
      return `      <failure message=${attribute(failureText(failure))} type=${attribute(failure.name || "Error")}>${escape(text)}</failure>\n`;
    }),
    ...(report.outcome === "skipped" || report.outcome === "todo" ? ["      <skipped/>\n"] : []),
    ...(lines.length === 0
      ? []
      : [
          `      <system-out>${escape(lines.map(({ message }) => message).join("\n"))}</system-out>\n`,
        ]),
  ].join("");
  return body === "" ? `${head}/>\n` : `${head}>\n${body}    </testcase>\n`;
}

function counts(reports: readonly TestReport[]): string {
  const failures = reports.filter(({ outcome }) => outcome === "failed").length;
  const skipped = reports.filter(
    ({ outcome }) => outcome === "skipped" || outcome === "todo",
  ).length;
  return ` tests="${reports.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}

function attribute(text: string): string {
  return `"${escape(text).replaceAll('"', "&quot;").replaceAll("\n", "&#10;")}"`;
}

/** XML has no way to write most control characters, nor half of a surrogate pair. */
function escape(text: string): string {
  return text
    .replaceAll(
      // oxlint-disable-next-line no-control-regex -- control characters are what this is about
      /[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g,
      "\uFFFD",
    )
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
