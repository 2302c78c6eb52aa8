import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseCommand } from "../../src/cli/options.ts";
import { sandboxOptions } from "../../src/cli/sandbox-options.ts";
import type { ConnectOptions } from "../../src/policy/policy.ts";
import type { SandboxOptions } from "../../src/sandbox.ts";

/** A folder with a script's folder in it, gone with the test. */
function openFolder(): { readonly outside: string; readonly scripts: string } {
  const outside = mkdtempSync(join(tmpdir(), "netdevice-"));
  onTestFinished(() => rmSync(outside, { recursive: true }));
  const scripts = join(outside, "scripts");
  mkdirSync(join(scripts, "config"), { recursive: true });
  return { outside, scripts };
}

function writePolicy(path: string, connect: ConnectOptions): string {
  writeFileSync(path, JSON.stringify({ allow: [{ origin: "ws://lamp.local", connect }] }));
  return path;
}

function optionsFor(policyFile: string, folder: string): Promise<SandboxOptions> {
  const command = parseCommand(["run", "lamp.js", "--policy", policyFile]);
  if (command.command !== "run") throw new Error(`expected run, got ${command.command}`);
  return sandboxOptions(command.options, folder);
}

describe("a policy file below the script's folder, which the script could import,", () => {
  test.each<[string, ConnectOptions]>([
    ["credentials", { credentials: { username: "u", password: "p" } }],
    ["headers", { headers: { "X-Token": "t" } }],
    ["a private key", { tls: { key: "-----BEGIN PRIVATE KEY-----" } }],
    ["a passphrase", { tls: { passphrase: "p" } }],
  ])("is refused when it holds %s", async (_name, connect) => {
    const { scripts } = openFolder();
    const path = writePolicy(join(scripts, "config", "policy.json"), connect);

    await expect(optionsFor(path, scripts)).rejects.toThrow("outside of the script's folder, got");
  });

  test("is refused by whatever path it is named", async () => {
    const { outside, scripts } = openFolder();
    writePolicy(join(scripts, "policy.json"), { headers: { "X-Token": "t" } });
    symlinkSync(join(scripts, "policy.json"), join(outside, "link.json"));

    await expect(optionsFor(join(outside, "link.json"), scripts)).rejects.toThrow("move it");
  });

  test("is taken when it holds no secret", async () => {
    const { scripts } = openFolder();
    const path = writePolicy(join(scripts, "policy.json"), { origin: "https://app.example" });

    expect((await optionsFor(path, scripts)).policy).toBeDefined();
  });
});

test("a policy file with secrets is taken from elsewhere", async () => {
  const { outside, scripts } = openFolder();
  const path = writePolicy(join(outside, "policy.json"), { headers: { "X-Token": "t" } });

  expect((await optionsFor(path, scripts)).policy).toBeDefined();
});
