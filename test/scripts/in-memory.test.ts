import { expect, test } from "vitest";
import { allowOrigins } from "../../src/policy/allow-origins.ts";
import { createClownHub } from "../../src/simulators/clown-hub.ts";
import { createDeconz } from "../../src/simulators/deconz.ts";
import { createNetzer } from "../../src/simulators/netzer.ts";
import { createTestSandbox } from "../../src/testing/test-sandbox.ts";

// The same scripts and simulators as on a real port, in virtual time: an hour of silence is over at once.

function script(name: string): URL {
  return new URL(`../../scripts/${name}`, import.meta.url);
}

test("scripts/netzer.js lives through a day of a taken connection in memory", async () => {
  const netzer = createNetzer();
  await using sandbox = await createTestSandbox({
    peers: { "ws://netzer.local": netzer },
    script: script("netzer.js"),
    args: ["ws://netzer.local/ws", "2"],
  });
  await sandbox.until(() => sandbox.lines.length === 1);
  netzer.goSilent();
  await sandbox.advance(3_600_000);
  netzer.powerCycle();

  await sandbox.until(() => sandbox.lines.at(-1) === "IO0 is 0" && sandbox.lines.length > 1);
  await sandbox.idle();

  expect(sandbox.lines).toContain("No connection to the Netzer: trying again in 30000 ms");
  expect(sandbox.exceptions).toEqual([]);
});

test("scripts/deconz.js finds the WebSockets at another port in memory, and connects anew after silence", async () => {
  const deconz = createDeconz({ websocketPort: 20_877 });
  await using sandbox = await createTestSandbox({
    peers: { "http://gateway.local": deconz },
    script: script("deconz.js"),
    args: ["http://gateway.local", deconz.apiKey, "10", "1"],
  });
  await sandbox.until(() => sandbox.lines.length === 1);
  deconz.goSilent();

  await sandbox.until(() => sandbox.lines.length === 3);
  deconz.press(3);
  await sandbox.idle();

  expect(sandbox.lines).toEqual([
    "Listening to the gateway at port 20877",
    "Nothing heard for 10 s: connecting anew",
    "Listening to the gateway at port 20877",
    "Button 3 of 2 was pressed",
  ]);
});

test("scripts/deconz.js hears from the host that a silent connection is dead", async () => {
  const deconz = createDeconz();
  await using sandbox = await createTestSandbox({
    peers: { "http://gateway.local": deconz },
    script: script("deconz.js"),
    args: ["http://gateway.local", deconz.apiKey],
  });
  await sandbox.until(() => sandbox.lines.length === 1);
  deconz.goSilent();

  await sandbox.until(() => sandbox.lines.length === 4);

  expect(sandbox.lines.slice(1)).toEqual([
    "The connection has ended: 1006",
    "Trying again in 1 s",
    "Listening to the gateway at port 443",
  ]);
  expect(sandbox.clock.now()).toBeLessThan(70_000);
});

test("scripts/clown-hub.js runs for an hour in memory, kept alive by pings", async () => {
  const hub = createClownHub({ publishInterval: 600_000 });
  await using sandbox = await createTestSandbox({
    peers: { "ws://hub.local": hub },
    policy: allowOrigins(["ws://*@hub.local"]),
    script: script("clown-hub.js"),
    args: [hub.url("ws://hub.local"), "0", "6"],
  });

  await sandbox.idle();

  expect(sandbox.lines.filter((line) => line.startsWith("The room has"))).toHaveLength(6);
  expect(sandbox.lines.some((line) => line.includes("gone"))).toBe(false);
  expect(sandbox.clock.now()).toBeGreaterThanOrEqual(3_600_000);
});
