import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createModuleLoader } from "../../src/modules/module-source.ts";
import { SourceError } from "../../src/modules/source-error.ts";

/** Largest module, in bytes. */
const maxBytes = 4_096;

let base: string;
let root: string;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "netdevice modules "));
  root = join(base, "scripts");
  mkdirSync(join(root, "lib"), { recursive: true });
  writeFileSync(join(base, "secret.js"), "export default 'secret';");
  mkdirSync(join(base, "scripts-evil"));
  writeFileSync(join(base, "scripts-evil/a.js"), "export default 'secret';");
  writeFileSync(join(root, "a.js"), "\uFEFFexport const a = 1;");
  writeFileSync(join(root, "lib/b.ts"), "export const b: number = 2;");
  writeFileSync(join(root, "data.json"), '{"__proto__": 1}');
  writeFileSync(join(root, "broken.json"), "{");
  writeFileSync(join(root, "broken.ts"), "enum A {}");
  mkdirSync(join(root, "folder.js"));
  symlinkSync(join(base, "secret.js"), join(root, "link.js"));
  symlinkSync(base, join(root, "up"));
  symlinkSync(join(base, "scripts-evil"), join(root, "sibling"));
  symlinkSync("lib/b.ts", join(root, "inside.ts"));
  symlinkSync(join(root, "loop.js"), join(root, "loop.js"));
});

afterAll(() => rmSync(base, { recursive: true, force: true }));

describe("a loader for a folder", () => {
  test("reads JavaScript without its byte order mark", () => {
    expect(createModuleLoader(root, maxBytes).load("a.js")).toBe("export const a = 1;");
  });

  test("takes a file: URL", () => {
    expect(createModuleLoader(pathToFileURL(root), maxBytes).load("a.js")).toBe(
      "export const a = 1;",
    );
  });

  test("strips the types of TypeScript", () => {
    expect(createModuleLoader(root, maxBytes).load("lib/b.ts")).toBe("export const b         = 2;");
  });

  test("follows a link that stays in the folder", () => {
    expect(createModuleLoader(root, maxBytes).load("inside.ts")).toBe(
      "export const b         = 2;",
    );
  });

  test("makes a module with a default export of JSON", () => {
    expect(createModuleLoader(root, maxBytes).load("data.json")).toBe(
      String.raw`export default JSON.parse("{\"__proto__\": 1}");`,
    );
  });

  test.each([
    ["link.js", "outside of the script's folder"],
    ["up/secret.js", "outside of the script's folder"],
    ["sibling/a.js", "outside of the script's folder"],
    ["../secret.js", "outside of the script's folder"],
    ["/etc/hostname.js", "outside of the script's folder"],
    ["none.js", 'Cannot find the module "none.js"'],
    ["folder.js", 'Cannot find the module "folder.js"'],
    ["loop.js", 'Cannot find the module "loop.js"'],
    ["a.js/b.js", "Cannot find the module"],
    ["broken.json", '"broken.json" is not JSON'],
    ["broken.ts", "(broken.ts:1:1)"],
  ])("refuses %s without naming a path of the host", (name, message) => {
    const loader = createModuleLoader(root, maxBytes);

    let error: unknown;
    try {
      loader.load(name);
    } catch (caught) {
      error = caught;
    }

    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ message: expect.stringContaining(message) });
    expect(`${String(error)} ${String((error as SourceError).stack)}`).not.toContain(base);
  });

  test("a wrong specifier is refused when it is loaded, because the engine loses errors before", () => {
    const loader = createModuleLoader(root, maxBytes);

    const name = loader.normalize("a.js", "../secret.js");

    expect(() => loader.load(name)).toThrow("leaves the script's folder");
    expect(loader.load(loader.normalize("lib/b.ts", "../a.js"))).toBe("export const a = 1;");
  });

  test("loads a module of exactly the largest size and refuses one byte more", () => {
    const loader = createModuleLoader(root, maxBytes);
    writeFileSync(join(root, "large.js"), Buffer.alloc(maxBytes, ";"));
    writeFileSync(join(root, "larger.js"), Buffer.alloc(maxBytes + 1, ";"));

    expect(loader.load("large.js")).toHaveLength(maxBytes);
    expect(() => loader.load("larger.js")).toThrow(
      `larger than limits.maxScriptBytes (${maxBytes} bytes)`,
    );
  });

  test("a folder that does not exist is noticed by the first import", () => {
    const loader = createModuleLoader(join(base, "nowhere"), maxBytes);

    expect(() => loader.load("a.js")).toThrow('Cannot find the module "a.js"');
  });
});

describe("a loader for sources by name", () => {
  const loader = createModuleLoader(
    {
      lamp: "export default 1;",
      "lib/lamp.ts": "export const lamp: number = 1;",
      "lib/index.js": "export * from './lamp.ts';",
    },
    maxBytes,
  );

  test("finds a module by its exact name", () => {
    expect(loader.load(loader.normalize("main.js", "lamp"))).toBe("export default 1;");
  });

  test("finds a module by a relative specifier and strips its types", () => {
    const name = loader.normalize("lib/index.js", "./lamp.ts");

    expect(name).toBe("lib/lamp.ts");
    expect(loader.load(name)).toBe("export const lamp         = 1;");
  });

  test.each(["toString", "__proto__", "lib/none.js"])("does not find %s", (name) => {
    expect(() => loader.load(name)).toThrow("Cannot find the module");
  });
});

test("TypeScript that does not compile is read and compiled once", () => {
  let reads = 0;
  const sources = {
    get "broken.ts"() {
      reads += 1;
      return "enum A {}";
    },
  };
  const loader = createModuleLoader(sources, maxBytes);

  expect(() => loader.load("broken.ts")).toThrow("(broken.ts:1:1)");
  expect(() => loader.load("broken.ts")).toThrow("(broken.ts:1:1)");
  expect(reads).toBe(1);
});

test("a module that cannot be had names the module that wants it", () => {
  const loader = createModuleLoader({ "lib/lamp.js": "" }, maxBytes);

  const name = loader.normalize("lib/lamp.js", "./bulb.js");

  expect(() => loader.load(name)).toThrow(
    /Cannot find the module "lib\/bulb\.js";.* \(imported by "lib\/lamp\.js"\)/,
  );
});
