import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { type WebSocket } from "ws";
import { createCertificateAuthority } from "../support/certificates.ts";
import { runCommand, startCommand } from "../support/command.ts";
import { startEchoServer } from "../support/echo-server.ts";
import { openScriptFolder, openServer } from "../support/script-folder.ts";

const { folder, write, runScript } = openScriptFolder();

describe("exit codes", () => {
  test("0: a script that has nothing left to do", async () => {
    expect(
      await runScript("done.js", "setTimeout(() => console.log('later'), 5); console.log('now');"),
    ).toEqual({
      code: 0,
      signal: null,
      stdout: "now\nlater\n",
      stderr: "",
    });
  });

  test("1: an exception in a TypeScript file is shown with its place, line and stack", async () => {
    const source =
      "interface Lamp { on(): void }\nfunction light(lamp: Lamp | undefined): void {\n  lamp!.on();\n}\nlight(undefined);\n";

    const { code, stderr } = await runScript("lamp.ts", source);

    expect(code).toBe(1);
    expect(stderr).toContain(
      "lamp.ts:3:8\n  3 |   lamp!.on();\n    |        ^\n\nUncaught TypeError: ",
    );
    expect(stderr).toMatch(/\n {4}at light \(lamp\.ts:3:8\)\n {4}at <eval> \(lamp\.ts:5:6\)\n$/);
    expect(stderr.match(/Uncaught/g)).toHaveLength(1);
  });

  test("1: an exception in a callback, while other callbacks still run", async () => {
    const source =
      "setTimeout(() => { throw new RangeError('boom'); }, 1); setTimeout(() => console.log('alive'), 2);";

    const { code, stdout, stderr } = await runScript("callback.js", source);

    expect({ code, stdout }).toEqual({ code: 1, stdout: "alive\n" });
    expect(stderr).toContain("callback.js:1:");
    expect(stderr).toContain("Uncaught RangeError: boom");
  });

  test("1: a rejection that nobody handles", async () => {
    const { code, stderr } = await runScript("reject.js", "Promise.reject(new Error('unheard'));");

    expect(code).toBe(1);
    expect(stderr).toContain("Uncaught Error: unheard");
  });

  test("1: a script that does not parse", async () => {
    const { code, stderr } = await runScript("syntax.js", "let a = 1;\nlet b = ;\n");

    expect(code).toBe(1);
    expect(stderr).toContain(
      "syntax.js:2:9\n  2 | let b = ;\n    |         ^\n\nUncaught SyntaxError: ",
    );
  });

  test("1: syntax of TypeScript that needs more than blanks", async () => {
    const { code, stderr } = await runScript("enum.ts", "enum Lamp { On }");

    expect(code).toBe(1);
    expect(stderr).toContain("enum.ts:1:1\n");
    expect(stderr).toContain("use a constant object");
  });

  test.each([
    [["run", "none.js"], 'Cannot read the script "none.js": there is no such file'],
    [["run", "lib"], 'Cannot read the script "lib": it is a folder'],
    [["run"], "Expected the path of a script"],
    [
      ["run", "done.js", "--allow", "lamp.local"],
      '--allow expects an origin, got "lamp.local", which has no scheme; write "wss://lamp.local"',
    ],
    [["run", "done.js", "--memory=1KB"], "maxMemory"],
    [
      ["run", "done.js", "--policy=none.json"],
      '--policy expects a JSON file, got "none.json": there is no such file',
    ],
    [["run", "done.js", "--policy=broken.json"], "netdevice: broken.json:2:"],
    [["run", "done.js", "--ca=done.js"], "--ca expects certificates in PEM form"],
    [["walk"], 'Expected a command (run, replay, test, simulate), got "walk"'],
  ])("2: %j", async (args, message) => {
    write("done.js", "");
    write("broken.json", '{\n  "alow": []\n}');

    const { code, stdout, stderr } = await runCommand(args, { cwd: folder });

    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  });

  test("3: a connection that is not allowed, with the option that allows it", async () => {
    const { server, origin } = await openServer();
    const source = `const socket = new WebSocket("${origin}/");
      socket.onopen = () => socket.close(1000);
      socket.onclose = ({ code }) => console.log(code);`;

    const refused = await runScript("refused.js", source);
    const option = /To permit it: --allow (\S+)\n/.exec(refused.stderr)?.[1] ?? "";
    const allowed = await runScript("refused.js", source, "--allow", option);

    expect(refused).toMatchObject({ code: 3, stdout: "1006\n" });
    expect(refused.stderr).toContain(`netdevice: refused ${origin}/: `);
    expect(allowed).toMatchObject({ code: 0, stdout: "1000\n", stderr: "" });
    expect(server.clients.size).toBe(0);
  });

  test("3: a script that runs out of memory", async () => {
    const source = "const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1));";

    const { code, stderr } = await runScript("memory.js", source, "--memory", "32MB");

    expect(code).toBe(3);
    expect(stderr).toContain("--memory");
  });

  test("3: a turn that takes longer than the strict profile allows", async () => {
    const { code, stderr } = await runScript("loop.js", "for (;;);", "--strict");

    expect(code).toBe(3);
    expect(stderr).toContain("maxTurnTime");
  });

  test.each(["worker", "none"])(
    "124: a script that does not end in time, isolation %s",
    async (isolation) => {
      const { code, stderr } = await runScript(
        "busy.js",
        "for (;;);",
        "--timeout=200",
        `--isolation=${isolation}`,
      );

      expect(code).toBe(124);
      expect(stderr).toContain("netdevice: timed out after 200 ms\n");
    },
  );

  test("124: a script that waits for too long", async () => {
    const { code } = await runScript(
      "wait.js",
      "setInterval(() => {}, 1000);",
      "--timeout",
      "200ms",
    );

    expect(code).toBe(124);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s closes sockets with 1001 and ends with %i", async (signal, code) => {
    const { server, origin } = await openServer();
    write("signal.js", `new WebSocket("${origin}").onopen = () => console.log("open");`);
    const connected = once(server, "connection");
    const command = startCommand(["run", "signal.js", "--allow", origin], { cwd: folder });
    const [socket]: WebSocket[] = await connected;
    const closed = once(socket as WebSocket, "close");
    await command.printed("open\n");

    command.child.kill(signal);

    expect((await closed)[0]).toBe(1001);
    expect(await command.result).toMatchObject({ code, stderr: "" });
  });

  test("SIGINT ends a script that never yields", async () => {
    write("endless.js", "console.log('started'); for (;;);");
    const command = startCommand(["run", "endless.js"], { cwd: folder });
    await command.printed("started\n");

    command.child.kill("SIGINT");

    expect(await command.result).toMatchObject({ code: 130 });
  });
});

describe("options", () => {
  test("- reads the script from standard input", async () => {
    const result = await runCommand(["run", "-", "--arg", "a", "--", "-b"], {
      input: "console.log(NetworkDevice.args); undefinedFunction();",
    });

    expect(result).toMatchObject({ code: 1, stdout: "[ 'a', '-b' ]\n" });
    expect(result.stderr).toContain("<stdin>:1:34\n");
  });

  test("--delivery update runs callbacks in NetworkDevice.update() only", async () => {
    const { origin } = await openServer();
    const source = `let updating = false;
      const socket = NetworkDevice.createWebSocket("${origin}");
      socket.onopen = () => { console.log("open", updating); socket.send("a"); };
      socket.onmessage = ({ data }) => { console.log(data, updating); socket.close(); };
      socket.onclose = () => { console.log("close", updating); clearInterval(frames); };
      const frames = setInterval(() => { updating = true; NetworkDevice.update(); updating = false; }, 2);`;

    const result = await runScript(
      "update.js",
      source,
      "--allow-all-loopback",
      "--delivery",
      "update",
    );

    expect(result).toMatchObject({
      code: 0,
      stdout: "open true\na true\nclose true\n",
      stderr: "",
    });
  });

  test("--globals turbulenz adds TurbulenzEngine", async () => {
    const source = "console.log(typeof TurbulenzEngine, typeof MozWebSocket);";

    expect(await runScript("globals.js", source)).toMatchObject({
      stdout: "undefined undefined\n",
    });
    expect(await runScript("globals.js", source, "--globals", "turbulenz")).toMatchObject({
      stdout: "object function\n",
    });
  });

  test("--base-url is the base of relative URLs, --policy allows what a file says, --trace shows the traffic", async () => {
    const { origin } = await openServer();
    write("policy.json", JSON.stringify({ allow: [origin] }));
    const source = `const socket = new WebSocket("device?a=1");
      socket.onopen = () => socket.send("hello");
      socket.onmessage = () => socket.close(1000, "bye");`;

    const { code, stdout, stderr } = await runScript(
      "base.js",
      source,
      `--base-url=${origin}/lab/`,
      "--policy=policy.json",
      "--trace",
    );

    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr.replaceAll(/^ *\d+ ms {2}/gm, "").split("\n")).toEqual([
      `#1 connecting to ${origin}/lab/device?a=1`,
      "#1 open",
      '#1 > text 5 B  "hello"',
      '#1 < text 5 B  "hello"',
      '#1 > close 1000 "bye"',
      '#1 closed 1000 "bye" cleanly',
      "",
    ]);
  });

  test("--ca trusts the authority of a wss server in place of the built-in ones", async () => {
    const authority = createCertificateAuthority();
    const server = await startEchoServer({ tls: authority.issue() });
    onTestFinished(() => server.close());
    write("ca.pem", authority.cert);
    const source = `
      const socket = new WebSocket(NetworkDevice.args[0]);
      socket.onopen = () => socket.close(1000);
      socket.onclose = ({ code }) => console.log(code);`;
    const options = ["--allow", server.url, "--arg", server.url];

    const trusting = await runScript("secure.js", source, ...options, "--ca", "ca.pem");
    const doubting = await runScript("secure.js", source, ...options);

    expect(trusting).toEqual({ code: 0, signal: null, stdout: "1000\n", stderr: "" });
    expect(doubting.stdout).toBe("1006\n");
    expect(doubting.stderr).toContain("(ERR_TLS, UNABLE_TO_VERIFY_LEAF_SIGNATURE)");
  });

  test("a failed connection is explained, and fails neither the script nor the command", async () => {
    const { server, origin } = await openServer();
    server.close();

    const { code, stderr } = await runScript(
      "failed.js",
      `new WebSocket("${origin}");`,
      "--allow",
      origin,
    );

    expect(code).toBe(0);
    expect(stderr).toContain(
      `netdevice: ${origin}/ failed at connect (ERR_CONNECT, ECONNREFUSED): `,
    );
  });

  test("--help and --version", async () => {
    expect(await runCommand(["--help"])).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringContaining("netdevice run <script>"),
    });
    expect(await runCommand(["run", "--help"])).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringContaining("--allow-all-loopback"),
    });
    expect(await runCommand(["--version"])).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});
