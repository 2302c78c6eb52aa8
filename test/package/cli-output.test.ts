import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { commandFile, startCommand } from "../support/command.ts";
import { openScriptFolder } from "../support/script-folder.ts";

const { folder, write, runScript } = openScriptFolder();

describe("output", () => {
  test("of every level goes where it belongs", async () => {
    const source =
      "console.debug('a'); console.warn('b'); console.log('c\\n' + 'd'); console.error('e'); console.info('f'); alert('g');";

    expect(await runScript("levels.js", source)).toMatchObject({
      code: 0,
      stdout: "a\nc\nd\nf\ng\n",
      stderr: "b\ne\n",
    });
  });

  test("a million lines reach a slow reader, all and in order", async () => {
    write("million.js", "for (let i = 0; i < 1e6; i++) console.log(i);");
    // The child's output is a pipe that is read in pauses.
    const command = startCommand(["run", "million.js"], { cwd: folder, isSlow: true });

    const { code, stdout } = await command.result;

    expect(code).toBe(0);
    expect(stdout).toHaveLength(6_888_890);
    expect(stdout.endsWith("\n999998\n999999\n")).toBe(true);
  });

  test("ends quietly when its reader goes away", async () => {
    write(
      "pipe.js",
      "setInterval(() => { for (let i = 0; i < 1000; i++) console.log('line', i); }, 1);",
    );
    const child = spawn(process.execPath, [commandFile, "run", "pipe.js"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    await once(child.stdout, "data");
    const ended = once(child, "close");

    child.stdout.destroy();

    expect(await ended).toEqual([0, null]);
    expect(stderr).toBe("");
  });

  test("a script of 600 kB runs", async () => {
    const source = `${"// a comment of some length, again and again\n".repeat(7_000)}${"void function () { return [1, 2, 3]; };\n".repeat(7_500)}console.log("end");`;

    expect(source.length).toBeGreaterThan(600_000);
    expect(await runScript("large.js", source)).toMatchObject({ code: 0, stdout: "end\n" });
  });

  test("colours are for terminals only", async () => {
    const { stderr } = await runScript("plain.js", "throw new Error('plain');");

    expect(stderr).not.toContain("\u001B");
  });
});
