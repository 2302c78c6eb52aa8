import { describe, expect, test } from "vitest";
import { parseCommand } from "../../src/cli/options.ts";
import type { RunCommand } from "../../src/cli/run-options.ts";
import { UsageError } from "../../src/cli/usage-error.ts";

function run(...args: string[]): RunCommand {
  const command = parseCommand(["run", ...args]);
  if (command.command !== "run") throw new Error(`expected run, got ${command.command}`);
  return command.options;
}

function message(...args: string[]): string {
  try {
    parseCommand(args);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "no error";
}

describe("netdevice run", () => {
  test("needs a script only", () => {
    expect(run("lamp.js")).toEqual({
      script: "lamp.js",
      allow: [],
      allowAllLoopback: false,
      allowPrivateNetworks: false,
      policyFile: undefined,
      baseUrl: undefined,
      caFile: undefined,
      timeout: undefined,
      memory: undefined,
      delivery: "auto",
      globals: undefined,
      isolation: "worker",
      optimize: false,
      strict: false,
      trace: false,
      type: undefined,
      recordFile: undefined,
      recordSecrets: false,
      args: [],
    });
  });

  test("takes every option, before and after the script", () => {
    const options = run(
      "--allow=ws://a",
      "--allow",
      "ws://b:*",
      "--allow-all-loopback",
      "-",
      "--allow-private-networks",
      "--policy=p.json",
      "--base-url",
      "http://c/d",
      "--ca=ca.pem",
      "--timeout",
      "10s",
      "--memory=64MB",
      "--delivery=update",
      "--globals=timers,console",
      "--isolation=none",
      "--optimize",
      "--strict",
      "--trace",
      "--type=module",
      "--record=session.har",
      "--record-secrets",
      "--arg=-1",
      "--arg",
      "two words",
    );

    expect(options).toEqual({
      script: "-",
      allow: ["ws://a", "ws://b:*"],
      allowAllLoopback: true,
      allowPrivateNetworks: true,
      policyFile: "p.json",
      baseUrl: "http://c/d",
      caFile: "ca.pem",
      timeout: 10_000,
      memory: 64 * 2 ** 20,
      delivery: "update",
      globals: ["timers", "console"],
      isolation: "none",
      optimize: true,
      strict: true,
      trace: true,
      type: "module",
      recordFile: "session.har",
      recordSecrets: true,
      args: ["-1", "two words"],
    });
  });

  test("gives what follows -- to the script", () => {
    expect(run("lamp.js", "--arg", "a", "--", "--trace", "-x")).toMatchObject({
      script: "lamp.js",
      trace: false,
      args: ["a", "--trace", "-x"],
    });
    expect(run("--", "-odd.js", "a")).toMatchObject({ script: "-odd.js", args: ["a"] });
  });

  test("the last of several values counts", () => {
    expect(run("a.js", "--timeout=1", "--timeout=2").timeout).toBe(2);
  });

  test.each([
    ["250", 250],
    ["500ms", 500],
    ["1.5s", 1_500],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["2147483647", 2_147_483_647],
  ])("a timeout of %s is %i ms", (text, milliseconds) => {
    expect(run("a.js", `--timeout=${text}`).timeout).toBe(milliseconds);
  });

  test.each([
    ["67108864", 2 ** 26],
    ["64MB", 2 ** 26],
    ["64MiB", 2 ** 26],
    ["64m", 2 ** 26],
    ["1.5gb", 1.5 * 2 ** 30],
    ["100 kB", 100 * 2 ** 10],
    ["12b", 12],
  ])("a memory of %s is %i bytes", (text, bytes) => {
    expect(run("a.js", `--memory=${text}`).memory).toBe(bytes);
  });

  test("turbulenz alone is added to the other globals, in a list it stands for itself", () => {
    expect(run("a.js", "--globals=turbulenz").globals).toEqual([
      "WebSocket",
      "timers",
      "console",
      "url",
      "encoding",
      "crypto",
      "performance",
      "structuredClone",
      "worker",
      "fetch",
      "turbulenz",
    ]);
    expect(run("a.js", "--globals=default").globals).not.toContain("turbulenz");
    expect(run("a.js", "--globals=turbulenz,console").globals).toEqual(["console", "turbulenz"]);
    expect(run("a.js", "--globals=none").globals).toEqual([]);
  });

  test.each([
    [["--allw", "x"], "--allw is not an option of netdevice run. Did you mean --allow?"],
    [["--allow-loopback"], "Did you mean --allow-all-loopback?"],
    [["--frobnicate"], "--frobnicate is not an option of netdevice run. See: netdevice run --help"],
    [["-x"], "-x is not an option of netdevice run. See: netdevice run --help"],
    [["--allow"], "--allow expects a value, got nothing"],
    [
      ["--allow", "--trace"],
      "--allow expects a value, got the option --trace. If that is the value, write --allow=--trace",
    ],
    [["--trace=yes"], '--trace takes no value, got "yes". Write only --trace'],
    [
      ["b.js"],
      'Expected one script, got "b.js" after it. Values for the script are given with --arg "b.js" or after --',
    ],
    [
      ["--timeout=soon"],
      '--timeout expects a time in milliseconds or with a unit, got "soon". For example: 10000, 500ms, 10s or 2m',
    ],
    [["--timeout=0"], '--timeout expects a time in milliseconds or with a unit, got "0"'],
    [["--timeout=2147483648"], 'got "2147483648"'],
    [
      ["--memory=lots"],
      '--memory expects a size in bytes or with a unit, got "lots". For example: 64MB or 1GB',
    ],
    [["--memory="], 'got ""'],
    [["--delivery=push"], '--delivery expects auto or update, got "push"'],
    [["--isolation=process"], '--isolation expects worker or none, got "process"'],
    [["--record-secrets"], "--record-secrets expects --record beside it"],
    [["--type=esm"], '--type expects script or module, got "esm"'],
    [["--globals=timers,document"], 'got "document". For example: default,turbulenz'],
    [
      ["--base-url=lamp.local"],
      '--base-url expects an absolute URL with ws, wss, http or https, got "lamp.local"',
    ],
    [["--base-url=file:///x"], 'got "file:///x"'],
  ])("refuses %j and tells what to write", (args, expected) => {
    expect(message("run", "a.js", ...args)).toContain(expected);
  });
});

describe("netdevice", () => {
  test.each([
    [["--help"], { command: "help", topic: undefined }],
    [["-h"], { command: "help", topic: undefined }],
    [["help"], { command: "help", topic: undefined }],
    [["help", "run"], { command: "help", topic: "run" }],
    [["help", "replay"], { command: "help", topic: "replay" }],
    [["test", "-h"], { command: "help", topic: "test" }],
    [["replay", "--help"], { command: "help", topic: "replay" }],
    [["run", "--help"], { command: "help", topic: "run" }],
    [["run", "a.js", "-h"], { command: "help", topic: "run" }],
    [["--version"], { command: "version" }],
    [["-v"], { command: "version" }],
  ])("%j asks for %j", (args, command) => {
    expect(parseCommand(args)).toEqual(command);
  });

  test.each([
    [[], "Expected a command, got nothing. Try: netdevice run script.js"],
    [
      ["lamp.js"],
      'Expected a command (run, replay, test, simulate), got "lamp.js". Try: netdevice run lamp.js',
    ],
    [["replai"], 'got "replai". Try: netdevice replay'],
    [
      ["--trace"],
      'Expected a command (run, replay, test, simulate), got "--trace". Try: netdevice --help',
    ],
    [["run"], "Expected the path of a script, or - for standard input, got nothing"],
  ])("refuses %j and tells what to write", (args, expected) => {
    expect(message(...args)).toContain(expected);
  });
});
