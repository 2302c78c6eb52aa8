import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type TestOutcome, TestSession } from "../../src/script-test/test-session.ts";

const root = mkdtempSync(join(tmpdir(), "netdevice tests "));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const limits = { timeout: 5_000 };

function write(name: string, source: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), source);
}

/** Runs every test of a file; its outcomes by name. */
async function outcomes(
  source: string,
  name = "tests/a.test.js",
): Promise<Record<string, TestOutcome>> {
  const file = { root, name, source };
  const { tests, outcome } = await new TestSession(file, limits).list();
  const result: Record<string, TestOutcome> = {};
  if (outcome.failures.length > 0) result["the file"] = outcome;
  for (const [index, { names }] of tests.entries()) {
    result[names.join(" > ")] = await new TestSession(file, limits).run(index);
  }
  return result;
}

test("A script talks to a device that the test declares", async () => {
  write(
    "lamp.js",
    `const device = NetworkDevice.createWebSocket("ws://lamp.test/ws");
     device.onopen = () => { device.send("on"); setTimeout(() => device.send("off"), 60_000); };
     device.onmessage = ({ data }) => console.log(data);`,
  );

  const all = await outcomes(`
    const lamp = device("ws://lamp.test", {
      onmessage(socket, data) { socket.send("ok " + data); },
    });
    test("switches", async () => {
      await load("../lamp.js");
      expect(await lamp.message()).toBe("on");
      expect(lamp.received).toEqual(["on"]);
      await clock.advance(60_000);
      expect(lamp.received).toEqual(["on", "off"]);
      expect(clock.now()).toBe(60_000);
    });
    test("fails", async () => {
      await load("../lamp.js");
      expect(await lamp.message()).toBe("off");
    });
  `);

  expect(all).toEqual({});
});
