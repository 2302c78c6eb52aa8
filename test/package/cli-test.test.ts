import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type CommandResult, runCommand } from "../support/command.ts";
import { openScriptFolder } from "../support/script-folder.ts";

const { folder, write } = openScriptFolder();

function runTests(...args: string[]): Promise<CommandResult> {
  return runCommand(["test", ...args], { cwd: folder });
}

/** Output without times, which are real. */
function timeless(text: string): string {
  return text
    .replaceAll(/\(\d+ ms\)/g, "(0 ms)")
    .replaceAll(/(time="|duration_ms: )[\d.]+/g, "$10");
}

beforeAll(() => {
  mkdirSync(join(folder, "tests/deep"), { recursive: true });
  write(
    "lamp.js",
    `const lamp = NetworkDevice.createWebSocket("ws://lamp.test");
     lamp.onopen = () => lamp.send("on");
     lamp.onmessage = ({ data }) => console.log("lamp:", data);`,
  );
  write(
    "tests/lamp.test.js",
    `const lamp = device("ws://lamp.test", {
  onmessage(socket, data) {
    socket.send("ok");
  },
});

describe("The lamp", () => {
  test("is switched on", async () => {
    await load("../lamp.js");
    expect(await lamp.message()).toBe("on");
  });

  test("is # switched off", async () => {
    await load("../lamp.js");
    await clock.advance(10);
    expect(lamp.received).toEqual(["off"]);
  });

  test.skip("is dimmed", () => {});
});
test.todo("glows <softly>");
`,
  );
  write(
    "tests/deep/sum.test.ts",
    'test("sums", () => {\n  const one: number = 1;\n  expect(one + 1).toBe(2);\n});\n',
  );
});

describe("netdevice test", () => {
  test("runs all tests below the current folder, and tells of failures with the lines they are in", async () => {
    const { code, stdout, stderr } = await runTests();

    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(timeless(stdout)).toBe(`tests/deep/sum.test.ts
  ✓ sums

tests/lamp.test.js
  The lamp
    ✓ is switched on
    ✗ is # switched off
        tests/lamp.test.js:16:34
          16 |     expect(lamp.received).toEqual(["off"]);
             |                                  ^
        ExpectationError: expected ["on"] to equal ["off"]
          value[0]: expected "off", got "on"
        console.log: lamp: ok
    - is dimmed (skipped)
  - glows <softly> (todo)

2 passed, 1 failed, 1 skipped, 1 todo in 2 files (0 ms)
`);
  });

  test("ends with 0 when all pass", async () => {
    expect(await runTests("tests/deep")).toMatchObject({ code: 0 });
  });

  test("takes files, folders, patterns, and a part of the names", async () => {
    const one = await runTests("tests/**/*.test.js", "tests/lamp.test.js", "--filter=lamp > is sw");

    expect(one.code).toBe(0);
    expect(timeless(one.stdout)).toBe(
      "tests/lamp.test.js\n  The lamp\n    ✓ is switched on\n\n1 passed in 1 file (0 ms)\n",
    );
  });

  test("writes TAP 14", async () => {
    const { stdout } = await runTests("tests/lamp.test.js", "--reporter=tap");

    expect(timeless(stdout)).toBe(`TAP version 14
ok 1 - tests/lamp.test.js > The lamp > is switched on
not ok 2 - tests/lamp.test.js > The lamp > is \\# switched off
  ---
  duration_ms: 0
  failures:
    - message: "ExpectationError: expected [\\"on\\"] to equal [\\"off\\"]\\n  value[0]: expected \\"off\\", got \\"on\\""
      at:
        file: "tests/lamp.test.js"
        line: 16
        column: 34
      stack: "    at <anonymous> (tests/lamp.test.js:16:34)"
  ...
ok 3 - tests/lamp.test.js > The lamp > is dimmed # SKIP
ok 4 - tests/lamp.test.js > glows <softly> # TODO
1..4
`);
  });

  test("writes JUnit's XML to a file, and the rest for people", async () => {
    const { code, stdout } = await runTests(
      "tests/lamp.test.js",
      "--reporter=junit",
      "--output=report.xml",
    );

    expect(code).toBe(1);
    expect(stdout).toContain("1 passed, 1 failed");
    const report = timeless(readFileSync(join(folder, "report.xml"), "utf8"));
    expect(report).toContain(
      '<testsuites name="netdevice test" tests="4" failures="1" errors="0" skipped="2" time="0">',
    );
    expect(report).toContain(
      '<testcase classname="tests/lamp.test.js &gt; The lamp" name="is # switched off" file="tests/lamp.test.js" line="13" time="0">\n      <failure message="ExpectationError: expected [&quot;on&quot;]',
    );
    expect(report).toContain('name="glows &lt;softly&gt;"');
    expect(report).toContain("<system-out>lamp: ok</system-out>");
  });

  test("tells of tests that never end, by name, and goes on with the next", async () => {
    mkdirSync(join(folder, "endless"));
    write(
      "endless/a.test.js",
      `test("turns in circles", () => { for (;;); });
test("waits", () => new Promise(() => {}));
test("searches", () => [].indexOf.call({ length: 2 ** 53 - 1 }, 1));
test("ticks", () => new Promise(() => setInterval(() => {}, 1)));
test("passes", () => {});`,
    );

    const { code, stdout } = await runTests("endless", "--timeout=2s");

    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ turns in circles\n +endless\/a\.test\.js:1:5\n/);
    expect(stdout).toMatch(
      /✗ waits\n.*\n.*\n.*\n +The test waits for something that cannot happen/,
    );
    expect(stdout).toMatch(/✗ ticks\n.*\n.*\n.*\n +It did not end within 2000 ms/);
    expect(stdout).toMatch(
      /✗ searches\n.*\n.*\n.*\n +The test did not end within 2000 ms, nor did a single call of it/,
    );
    expect(stdout).toContain("✓ passes");
  });

  test("gives a test the memory that is asked for, and no wrong amount", async () => {
    mkdirSync(join(folder, "large"));
    write("large/a.test.js", `test("large", () => { new Uint8Array(40_000_000); });`);

    expect(await runTests("large")).toMatchObject({ code: 1 });
    expect(await runTests("large", "--memory=64MB")).toMatchObject({ code: 0 });
    expect(await runTests("large", "--memory=1MB")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("maxMemory"),
    });
  });

  test("tells of a file that does not evaluate, and of one without tests", async () => {
    mkdirSync(join(folder, "odd"));
    write("odd/a.test.js", "let a = ;");
    write("odd/b.test.js", "let a = 1;");

    const { code, stdout } = await runTests("odd");

    expect(code).toBe(1);
    expect(stdout).toContain("odd/a.test.js:1:9\n        1 | let a = ;");
    expect(stdout).toContain("Expected a test, got none. Write: test(");
    expect(stdout).toContain("2 failed in 2 files");
  });

  test.each([
    [["none.test.js"], 'Cannot find the test "none.test.js": there is no such file or folder'],
    [["lib"], 'Expected tests in the folder "lib", got none'],
    [["lib/*.test.js"], 'Expected files that match "lib/*.test.js", got none'],
    [["tests", "--filter=nothing like it"], "which no test has"],
    [["tests", "--output=a.xml"], "--output expects --reporter beside it"],
    [["tests", "--reporter=junit", "--output=no/a.xml"], "there is no such folder"],
    [["tests", "--reporter=dots"], '--reporter expects spec or tap or junit, got "dots"'],
    [["tests", "--watch"], "--watch is not an option of netdevice test"],
  ])("refuses %j and tells what to write", async (args, message) => {
    const { code, stderr } = await runTests(...args);

    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test("leaves what tests print without control over the terminal", async () => {
    mkdirSync(join(folder, "control"));
    write(
      "control/a.test.js",
      String.raw`test("\x1b[2J", () => { console.log("\x1b[2J"); throw new Error("\x1b[2J"); });`,
    );

    const { stdout } = await runTests("control");

    expect(stdout).not.toContain("\u001B");
    expect(stdout).toContain(String.raw`\x1b[2J`);
  });
});
