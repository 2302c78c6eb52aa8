import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openScriptFolder } from "../support/script-folder.ts";

const { folder, write, runScript } = openScriptFolder();

describe("modules", () => {
  test("import files below the script's folder, JavaScript and TypeScript, statically and dynamically", async () => {
    write(
      "lib/lamp.ts",
      "import { on } from './state.mjs';\nexport const lamp: string = `lamp ${on}`;",
    );
    write("lib/state.mjs", "export const on = true;");
    const source =
      "import { lamp } from './lib/lamp.ts';\nconst { on } = await import('./lib/state.mjs');\nconsole.log(lamp, on);";

    expect(await runScript("main.mts", source)).toMatchObject({
      code: 0,
      stdout: "lamp true true\n",
      stderr: "",
    });
  });

  test("a classic script can import too", async () => {
    write("lib/state.mjs", "export const on = true;");
    const source = "import('./lib/state.mjs').then(({ on }) => console.log(on));";

    expect(await runScript("classic.js", source)).toMatchObject({ code: 0, stdout: "true\n" });
  });

  test("--type module makes a module of any file", async () => {
    const source = "console.log(typeof this, await Promise.resolve(1));";

    expect(await runScript("module.js", source, "--type", "module")).toMatchObject({
      code: 0,
      stdout: "undefined 1\n",
    });
  });

  test.each([
    ["../secret.js", "leaves the script's folder"],
    ["./lib/../../secret.js", "leaves the script's folder"],
    ["./link.js", "outside of the script's folder"],
    ["/etc/passwd", "absolute path"],
    ["node:fs", "below the script's folder"],
    ["ws", "packages are not available"],
    ["./lib/lamp", "whole name"],
  ])("cannot import %s", async (specifier, message) => {
    const { code, stdout, stderr } = await runScript(
      "escape.mjs",
      `try { console.log(await import(${JSON.stringify(specifier)})); } catch (error) { console.log(error.name, error.message, error.stack); }`,
    );

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(message);
    expect(stdout).not.toContain(folder);
  });

  test("an exception in an imported module is shown with its path", async () => {
    write("lib/broken.ts", "const a: number = 1;\nthrow new Error(`broken ${a as number}`);");

    const { code, stderr } = await runScript("importer.mjs", "import './lib/broken.ts';");

    expect(code).toBe(1);
    expect(stderr).toContain(
      `${join("lib", "broken.ts")}:2:16\n  2 | throw new Error(\`broken \${a as number}\`);`,
    );
  });
});
