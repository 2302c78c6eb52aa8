import { beforeEach, describe, expect, test } from "vitest";
import { ansiColours, noColours } from "../../src/cli/colours.ts";
import type { OutputStream } from "../../src/cli/output.ts";
import type { ScriptSources } from "../../src/cli/report-exception.ts";
import { createReporter, type Reporter, type ReporterOptions } from "../../src/cli/reporter.ts";
import { SandboxError, ScriptError, type ScriptException } from "../../src/errors.ts";
import type { ConnectionFailure, SandboxEventDetail } from "../../src/events.ts";

const texts: Readonly<Record<string, string>> = {
  "lamp.js": "let lamp;\n\tlamp.switchOn();\n",
  "lib/one-line.js": `${"x".repeat(5_000)}!${"y".repeat(5_000)}`,
};

const sources: ScriptSources = {
  path: (name) => `scripts/${name}`,
  text: (name) => texts[name],
  original: (exception) => exception,
};

let printed: Record<OutputStream, string>;

beforeEach(() => {
  printed = { stdout: "", stderr: "" };
});

function reporter(options: Partial<ReporterOptions> = {}): Reporter {
  return createReporter({
    output: {
      write: (stream, text) => {
        printed[stream] += text;
      },
      flush() {},
    },
    sources,
    colours: noColours,
    trace: false,
    isEscaped: false,
    ...options,
  });
}

function tell(to: Reporter, ...events: SandboxEventDetail[]): void {
  for (const event of events) to.observe({ time: 12.4, ...event });
}

function failed(
  failure: Partial<ConnectionFailure>,
  url = "ws://lamp.local:81/ws",
): SandboxEventDetail[] {
  return [
    { type: "connecting", connection: 1, url, protocols: [] },
    {
      type: "closed",
      connection: 1,
      code: 1006,
      reason: "",
      wasClean: false,
      failure: {
        stage: "policy",
        code: "ERR_POLICY_REFUSED",
        message: "no grant covers it",
        host: "lamp.local",
        ...failure,
      },
    },
  ];
}

const exception: ScriptException = {
  name: "TypeError",
  message: "lamp is undefined",
  stack:
    "    at switchOn (lamp.js:2:7)\n    at lib/home.mjs:10:1\n    at <anonymous> (<evalScript>:1:1)\n    at call (native)\n",
  position: { file: "lamp.js", line: 2, column: 7 },
};

describe("console messages", () => {
  test("debug, log, info and alert go to standard output, warn and error to standard error", () => {
    const report = reporter();

    for (const level of ["debug", "log", "info", "warn", "error"] as const) {
      tell(report, { type: "console", level, message: level });
    }
    tell(report, { type: "alert", message: "alert" });

    expect(printed).toEqual({ stdout: "debug\nlog\ninfo\nalert\n", stderr: "warn\nerror\n" });
  });

  test("are printed as they are, or without control characters on request", () => {
    const message = "a\tb\nc\u001B[2J\u009B\u202E";

    tell(reporter(), { type: "console", level: "log", message });
    tell(reporter({ isEscaped: true }), { type: "console", level: "log", message });

    expect(printed.stdout).toBe(`${message}\na\tb\nc\\x1b[2J\\x9b\\u202e\n`);
  });
});

describe("an uncaught exception", () => {
  test("is printed with the path as the user gave it, the line, a caret and the stack", () => {
    const report = reporter();

    tell(report, { type: "error", exception });

    expect(report.outcome).toBe("failed");
    expect(printed.stderr).toBe(
      [
        "scripts/lamp.js:2:7",
        "  2 | \tlamp.switchOn();",
        "    | \t     ^",
        "",
        "Uncaught TypeError: lamp is undefined",
        "    at switchOn (scripts/lamp.js:2:7)",
        "    at scripts/lib/home.mjs:10:1",
        "    at <anonymous> (scripts/<evalScript>:1:1)",
        "    at call (native)",
        "",
      ].join("\n"),
    );
  });

  test("takes its place from the stack when it has none of its own", () => {
    tell(reporter(), { type: "error", exception: { ...exception, position: undefined } });

    expect(printed.stderr).toContain("scripts/lamp.js:2:7\n  2 | ");
  });

  test("takes its place from the message when a module could not be loaded", () => {
    const message = "types cannot be stripped (lamp.js:1:5)";

    tell(reporter(), {
      type: "error",
      exception: { name: "SyntaxError", message, stack: "", position: undefined },
    });

    expect(printed.stderr).toContain("scripts/lamp.js:1:5\n  1 | let lamp;\n    |     ^");
  });

  test("shows a part of a very long line", () => {
    const position = { file: "lib/one-line.js", line: 1, column: 5_001 };

    tell(reporter(), { type: "error", exception: { ...exception, position } });
    const [, line = "", caret = ""] = printed.stderr.split("\n");

    expect(line.length).toBeLessThan(140);
    expect(line[caret.indexOf("^")]).toBe("!");
  });

  test("needs neither a source nor a stack nor a message", () => {
    const bare = {
      name: "Error",
      message: "",
      stack: "",
      position: { file: "none.js", line: 3, column: 0 },
    };

    tell(reporter(), { type: "error", exception: bare });

    expect(printed.stderr).toBe("scripts/none.js:3\n\nUncaught Error\n");
  });

  test("cannot control the terminal", () => {
    tell(reporter(), { type: "error", exception: { ...exception, message: "\u001B]0;x\u0007\r" } });

    expect(printed.stderr).toContain("TypeError: \\x1b]0;x\\x07");
    expect(printed.stderr).not.toMatch(/[\u001B\u0007\r]/);
  });

  test("is coloured on request", () => {
    tell(reporter({ colours: ansiColours }), { type: "error", exception });

    expect(printed.stderr).toContain("\u001B[31mUncaught TypeError: lamp is undefined\u001B[39m");
  });

  test("of the top level is reported alike", () => {
    const report = reporter();

    report.failed(new ScriptError(exception));

    expect(report.outcome).toBe("failed");
    expect(printed.stderr).toContain("Uncaught TypeError: lamp is undefined\n    at switchOn");
  });

  test("of the top level that was reported before is not reported again", () => {
    const report = reporter();

    tell(report, { type: "error", exception });
    report.failed(new ScriptError({ ...exception }));

    expect(printed.stderr.match(/Uncaught/g)).toHaveLength(1);
  });

  test("that is no error is shown as it is", () => {
    tell(reporter(), {
      type: "error",
      exception: { name: "", message: "42", stack: "", position: undefined },
    });

    expect(printed.stderr).toBe("Uncaught 42\n");
  });

  test("weighs more than a refused connection, less than a limit that ends the script", () => {
    const report = reporter();

    tell(report, ...failed({}), { type: "error", exception });
    const before = report.outcome;
    report.failed(new SandboxError("ERR_LIMIT", "too long"));

    expect([before, report.outcome]).toEqual(["failed", "refused"]);
  });

  test("for lack of memory counts as a limit", () => {
    const report = reporter();

    tell(report, {
      type: "error",
      exception: { ...exception, name: "InternalError", message: "out of memory" },
    });

    expect(report.outcome).toBe("refused");
    expect(printed.stderr).toContain("--memory");
  });
});

describe("a refused connection", () => {
  test("names the option that permits it", () => {
    const report = reporter();

    tell(report, ...failed({}));

    expect(report.outcome).toBe("refused");
    expect(printed.stderr).toBe(
      "netdevice: refused ws://lamp.local:81/ws: no grant covers it\n  To permit it: --allow ws://lamp.local:81\n",
    );
  });

  test.each<[string, Partial<ConnectionFailure>, string]>([
    ["wss://[fd00::1]/", {}, "--allow 'wss://[fd00::1]'"],
    [
      "ws://hub/x",
      { message: "no grant lets a URL for ws://hub carry credentials" },
      "--allow 'ws://*@hub'",
    ],
    [
      "ws://lamp.test/",
      {
        code: "ERR_ADDRESS_REFUSED",
        address: "10.0.0.1",
        message: "10.0.0.1 is a private address, which is not granted",
      },
      "--allow ws://lamp.test --allow-private-networks",
    ],
    [
      "ws://lamp.test/",
      {
        code: "ERR_ADDRESS_REFUSED",
        address: "::1",
        message: "::1 is a loopback address, which is not granted",
      },
      "--allow ws://lamp.test --allow-all-loopback",
    ],
    [
      "ws://lamp.test/",
      {
        code: "ERR_ADDRESS_REFUSED",
        address: "169.254.169.254",
        message: "169.254.169.254 is an address of cloud metadata, which is not granted",
      },
      'a policy file with {"allow":[{"origin":"ws://lamp.test","addresses":{"allow":["169.254.169.254"]}}]}',
    ],
    [
      "ws://lamp.test/",
      { message: "ws://lamp.test is denied by ws://*.test" },
      "remove that pattern from the policy file",
    ],
  ])("%s with %j: %s", (url, failure, remedy) => {
    tell(reporter(), ...failed(failure, url));

    expect(printed.stderr).toContain(`To permit it: ${remedy}\n`);
  });
});

describe("a failed connection", () => {
  test("is explained with stage, codes and cause, and is no failure of the script", () => {
    const report = reporter();

    tell(
      report,
      ...failed({
        stage: "connect",
        code: "ERR_CONNECT",
        systemCode: "ECONNREFUSED",
        message: "nobody listens",
      }),
    );

    expect(report.outcome).toBe("done");
    expect(printed.stderr).toBe(
      "netdevice: ws://lamp.local:81/ws failed at connect (ERR_CONNECT, ECONNREFUSED): nobody listens\n",
    );
  });

  test("by a limit counts as refused", () => {
    const report = reporter();

    tell(report, ...failed({ stage: "limit", code: "ERR_LIMIT", message: "maxConnections" }));

    expect(report.outcome).toBe("refused");
  });

  test("by the script itself is not mentioned", () => {
    tell(
      reporter(),
      ...failed({ stage: "open", code: "ERR_ABORTED" }),
      ...failed({ stage: "handshake", code: "ERR_CLOSED_BY_SCRIPT" }),
    );

    expect(printed.stderr).toBe("");
  });

  test("is explained a hundred times at most", () => {
    const report = reporter();

    for (let i = 0; i < 1_000; i++) tell(report, ...failed({}));

    expect(printed.stderr.match(/refused/g)).toHaveLength(100);
    expect(printed.stderr).toContain("further failed connections are not explained");
  });
});

describe("limits", () => {
  test("are named once", () => {
    const report = reporter();

    tell(
      report,
      { type: "limit", limit: "maxConnections" },
      { type: "limit", limit: "maxConnections" },
    );

    expect(report.outcome).toBe("refused");
    expect(printed.stderr).toBe("netdevice: the script reached the limit maxConnections\n");
  });

  test("that end the script count as refused, a broken engine as failed", () => {
    const [limited, broken] = [reporter(), reporter()];

    limited.failed(new SandboxError("ERR_LIMIT", "too long"));
    broken.failed(new SandboxError("ERR_ENGINE", "broken"));

    expect(limited.outcome).toBe("refused");
    expect(broken.outcome).toBe("failed");
    expect(printed.stderr).toBe("netdevice: too long\nnetdevice: broken\n");
  });
});

test("a trace has a line for each message, with direction, size and excerpt", () => {
  const report = reporter({ trace: true });

  tell(
    report,
    { type: "connecting", connection: 1, url: "ws://a/", protocols: ["p", "q"] },
    { type: "open", connection: 1, protocol: "p", extensions: "" },
    { type: "sent", connection: 1, data: "hällo\n" },
    { type: "received", connection: 1, data: Uint8Array.of(0, 1, 255) },
    { type: "received", connection: 1, data: "x".repeat(100) },
    { type: "sent", connection: 1, data: new Uint8Array(30) },
    { type: "closing", connection: 1, reason: "" },
    { type: "closing", connection: 1, code: 1000, reason: "bye" },
    { type: "closed", connection: 1, code: 1000, reason: "bye", wasClean: true },
  );

  expect(printed.stderr.split("\n")).toEqual([
    "    12 ms  #1 connecting to ws://a/ protocols p, q",
    "    12 ms  #1 open protocol p",
    String.raw`    12 ms  #1 > text 7 B  "hällo\n"`,
    "    12 ms  #1 < binary 3 B  00 01 ff",
    `    12 ms  #1 < text 100 B  "${"x".repeat(60)}"...`,
    `    12 ms  #1 > binary 30 B  ${Array.from({ length: 20 }, () => "00").join(" ")} ...`,
    "    12 ms  #1 > close",
    '    12 ms  #1 > close 1000 "bye"',
    '    12 ms  #1 closed 1000 "bye" cleanly',
    "",
  ]);
});

test("with trace a fetch is shown from its request to its end", () => {
  const to = reporter({ trace: true });
  const data = new Uint8Array([1, 2]);

  tell(
    to,
    { type: "request", request: 1, method: "POST", url: "http://a/", headers: [] },
    { type: "requestBody", request: 1, data },
    { type: "redirect", request: 1, status: 303, headers: [], method: "GET", url: "http://a/b" },
    { type: "response", request: 1, status: 200, statusText: "OK", headers: [] },
    { type: "responseBody", request: 1, data },
    { type: "finished", request: 1 },
  );

  expect(printed.stderr.split("\n")).toEqual([
    "    12 ms  #1 POST http://a/",
    "    12 ms  #1 > binary 2 B  01 02",
    "    12 ms  #1 redirected (303) to GET http://a/b",
    "    12 ms  #1 answered 200 OK",
    "    12 ms  #1 < binary 2 B  01 02",
    "    12 ms  #1 finished",
    "",
  ]);
});

test("a fetch that failed is explained by the URL that it had come to, and a refusal with what permits it", () => {
  const to = reporter();

  tell(
    to,
    { type: "request", request: 1, method: "GET", url: "http://a/", headers: [] },
    { type: "redirect", request: 1, status: 302, headers: [], method: "GET", url: "https://b/" },
    {
      type: "finished",
      request: 1,
      failure: {
        stage: "policy",
        code: "ERR_POLICY_REFUSED",
        message: "no grant covers https://b",
        host: "b:443",
      },
    },
    { type: "request", request: 2, method: "GET", url: "http://c/", headers: [] },
    {
      type: "finished",
      request: 2,
      failure: {
        stage: "handshake",
        code: "ERR_RESPONSE_TIMEOUT",
        message: "the server sent nothing for 5 ms",
        host: "c:80",
      },
    },
  );

  expect(printed.stderr.split("\n")).toEqual([
    "netdevice: refused https://b/: no grant covers https://b",
    "  To permit it: --allow https://b",
    "netdevice: http://c/ failed at the answer (ERR_RESPONSE_TIMEOUT): the server sent nothing for 5 ms",
    "",
  ]);
  expect(to.outcome).toBe("refused");
});
