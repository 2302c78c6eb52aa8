import { describe, expect, test } from "vitest";
import { type CommandResult, runCommand } from "../support/command.ts";
import { createProject } from "../support/project-folder.ts";
import { openServer } from "../support/script-folder.ts";

const lamp = {
  "node_modules/lamp/package.json": '{ "name": "lamp", "version": "1.0.0", "main": "lamp.js" }',
  "node_modules/lamp/lamp.js":
    "exports.on = function on(volts) {\n  if (volts > 5) throw new RangeError('too many volts');\n  return 'lamp on';\n};\n",
};

function runIn(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  input?: string,
): Promise<CommandResult> {
  return runCommand(["run", ...args], {
    cwd: createProject(files),
    ...(input === undefined ? {} : { input }),
  });
}

describe("A package", () => {
  test.each([
    ["main.mjs", "import lamp from 'lamp';\nconsole.log(lamp.on(5));"],
    ["main.js", "import { on } from 'lamp';\nconsole.log(on(5));"],
    [
      "main.mts",
      "import { on } from 'lamp';\nconst volts: number = await 5;\nconsole.log(on(volts));",
    ],
  ])("is bundled into the script that imports it: %s", async (name, source) => {
    expect(await runIn({ ...lamp, [name]: source }, [name])).toMatchObject({
      code: 0,
      stdout: "lamp on\n",
      stderr: "",
    });
  });

  test("is bundled into a script from standard input", async () => {
    const result = await runIn(lamp, ["-"], "import { on } from 'lamp';\nconsole.log(on(6));");

    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain("    at <eval> (<stdin>:2:");
  });

  test("that is a folder with a package.json runs from its entry", async () => {
    const files = {
      ...lamp,
      "package.json": '{ "name": "kitchen", "module": "src/main.ts" }',
      "src/main.ts": "import { on } from 'lamp';\nconsole.log(on(5), NetworkDevice.args.join());",
    };

    expect(await runIn(files, [".", "--arg", "a", "--", "b"])).toMatchObject({
      code: 0,
      stdout: "lamp on a,b\n",
      stderr: "",
    });
  });

  test("that cannot be found ends the command with 2 and its place", async () => {
    const { code, stdout, stderr } = await runIn({ "main.mjs": "import 'lamp';" }, ["main.mjs"]);

    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(
      "netdevice: Cannot bundle the script\nmain.mjs:1:8: Could not resolve \"lamp\": npm install lamp\n  1 | import 'lamp';\n    |        ^\n",
    );
  });

  test("of Node alone ends the command with 2", async () => {
    const { code, stderr } = await runIn({ "main.mjs": "import 'node:fs';" }, ["main.mjs"]);

    expect(code).toBe(2);
    expect(stderr).toContain('Cannot import "node:fs" (main.mjs:1:8): the sandbox has no Node');
  });

  test("cannot be the one that holds the policy with the secrets", async () => {
    const policy = {
      allow: [
        { origin: "wss://hub.example", connect: { credentials: { username: "a", password: "b" } } },
      ],
    };
    const files = {
      "../node_modules/hub/index.js": "import policy from './policy.json'; console.log(policy);",
      "../node_modules/hub/policy.json": JSON.stringify(policy),
      "main.mjs": "import 'hub';",
    };

    const { code, stdout, stderr } = await runIn(files, [
      "main.mjs",
      "--policy=../node_modules/hub/policy.json",
    ]);

    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("which the script could import: move it elsewhere");
  });

  test("can be bundled into a session that is recorded and replayed", async () => {
    const { origin } = await openServer();
    const source = `import { on } from 'lamp';
      const socket = new WebSocket("${origin}/");
      socket.onopen = () => socket.send(on(5));
      socket.onmessage = ({ data }) => { console.log(data); socket.close(); };`;
    const folder = createProject({ ...lamp, "main.mjs": source });
    const options = { cwd: folder };

    const recorded = await runCommand(
      ["run", "main.mjs", `--allow=${origin}`, "--record=s.har"],
      options,
    );
    const replayed = await runCommand(["replay", "s.har", "main.mjs"], options);

    expect(recorded).toMatchObject({ code: 0, stdout: "lamp on\n" });
    expect(replayed).toMatchObject({ code: 0, stdout: "lamp on\n" });
  });

  test("brings no esbuild along: what the script's folder has in its place never runs", async () => {
    const files = {
      ...lamp,
      "node_modules/esbuild/index.js": "console.log('outside of the sandbox');",
      "main.mjs": "import { on } from 'lamp';\nconsole.log(on(5));",
    };

    expect((await runIn(files, ["main.mjs"])).stdout).toBe("lamp on\n");
  });
});

describe("An exception is shown where it was made", () => {
  test("in a package and in the TypeScript that uses it", async () => {
    const files = {
      ...lamp,
      "package.json": '{ "main": "src/main.ts" }',
      "src/main.ts":
        "import { use } from './use.ts';\n\nenum Volts { Many = 6 }\nuse(Volts.Many);\n",
      "src/use.ts":
        "import { on } from 'lamp';\n\nexport function use(volts: number): void {\n  on(volts);\n}\n",
    };

    const { code, stderr } = await runIn(files, ["."]);

    expect(code).toBe(1);
    expect(stderr).toBe(
      [
        "node_modules/lamp/lamp.js:2:28",
        "  2 |   if (volts > 5) throw new RangeError('too many volts');",
        "    |                            ^",
        "",
        "Uncaught RangeError: too many volts",
        // Two functions of that name are in one scope of the bundle.
        "    at on2 (node_modules/lamp/lamp.js:2:28)",
        "    at use (src/use.ts:4:3)",
        "    at <anonymous> (src/main.ts:4:1)",
        "    at <eval> (src/main.ts:4:15)",
        "",
      ].join("\n"),
    );
  });

  test("in the sources of a script and of a module that name their maps", async () => {
    const map = (source: string, text: string): string =>
      JSON.stringify({
        version: 3,
        sources: [source],
        sourcesContent: [text],
        names: [],
        mappings: "AAAA;AACA",
      });
    const inline = Buffer.from(map("main.coffee", "\nfail()")).toString("base64");
    const files = {
      "main.mjs": `import { fail } from './lib/fail.mjs';\nfail();\n//# sourceMappingURL=data:application/json;base64,${inline}`,
      "lib/fail.mjs":
        "\nexport const fail = () => { throw new Error('x'); };\n//# sourceMappingURL=fail.map",
      "lib/fail.map": map("../src/fail.coffee", "\nfail = -> throw 'x'"),
    };

    const { stderr } = await runIn(files, ["main.mjs"]);

    expect(stderr).toBe(
      [
        "src/fail.coffee:2:1",
        "  2 | fail = -> throw 'x'",
        "    | ^",
        "",
        "Uncaught Error: x",
        "    at fail (src/fail.coffee:2:1)",
        "    at <anonymous> (main.coffee:2:1)",
        "",
      ].join("\n"),
    );
  });

  test("and as it ran when a map is broken, which is told once", async () => {
    const source =
      "setTimeout(() => { throw 1; });\nsetTimeout(() => { throw new Error('x'); });\nthrow new Error('y');\n//# sourceMappingURL=data:application/json,%7B";

    const { stderr } = await runIn({ "main.js": source }, ["main.js"]);

    expect(stderr).toContain("main.js:3:");
    expect(
      stderr.match(/netdevice: the source map of "main\.js" is ignored: it is not JSON\n/g),
    ).toHaveLength(1);
  });
});

describe("A large script", () => {
  /** Two megabytes of what bundles consist of. */
  function largeSource(): string {
    const parts: string[] = [];
    for (let size = 0, index = 0; size < 2 * 2 ** 20; index++) {
      const part = `var d${index}=class{constructor(o={}){this.name=o.name??"device-${index}";this.handlers=new Map}on(t,h){const l=this.handlers.get(t)??[];l.push(h);this.handlers.set(t,l);return()=>{l.splice(l.indexOf(h),1)}}async update(p){for(const[k,v]of Object.entries(p)){if(/^x-(\\w+)-${index}$/.test(k))continue;try{await this.emit(k,{...v,at:${index}})}catch(e){if(!(e instanceof TypeError))throw e}}}};function f${index}(b,o,v){let n=0;do{let c=v&127;v>>>=7;v>0&&(c|=128);b[o+n++]=c}while(v>0);return n}registry.push(d${index},f${index});`;
      parts.push(part);
      size += part.length;
    }
    return `(()=>{var registry=[];${parts.join("")}console.log("loaded",registry.length>0)})();`;
  }

  test("of two megabytes on one line runs under the default limits", async () => {
    expect(await runIn({ "large.js": largeSource() }, ["large.js"])).toMatchObject({
      code: 0,
      stdout: "loaded true\n",
      stderr: "",
    });
  });

  test("of two megabytes in a package is bundled and runs", async () => {
    const files = {
      "node_modules/large/index.js": largeSource(),
      "main.ts": "import 'large';\nconst done: string = 'done';\nconsole.log(done);",
    };

    expect(await runIn(files, ["main.ts"])).toMatchObject({
      code: 0,
      stdout: "loaded true\ndone\n",
      stderr: "",
    });
  });
});
