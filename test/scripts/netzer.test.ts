import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { createNetzer } from "../../src/simulators/netzer.ts";
import { serve, startScript } from "../support/device-script.ts";

test("scripts/netzer.js shows IO0, and both edges of it", async () => {
  const netzer = createNetzer();
  const { origin } = await serve(netzer);
  const script = await startScript("netzer.js", [`${origin}/ws`, "3"]);
  await script.printed(1);

  netzer.setInput(0, true);
  netzer.setInput(1, true);
  netzer.setInput(0, false);
  await script.ended();

  expect(script.lines).toEqual(["IO0 is 0", "IO0 is 1", "IO0 is 0"]);
  expect(netzer.value("tuv0")).toBe("3");
});

test("scripts/netzer.js waits longer each time while somebody else has the connection", async () => {
  const netzer = createNetzer();
  const { origin } = await serve(netzer);
  const other = new WebSocket(`${origin}/ws`);
  await once(other, "open");
  const script = await startScript("netzer.js", [`${origin}/ws`, "1"]);
  await script.printed(2);

  other.close();
  await script.ended();

  expect(script.lines.slice(0, 2)).toEqual([
    "No connection to the Netzer: trying again in 250 ms",
    "No connection to the Netzer: trying again in 500 ms",
  ]);
  expect(script.lines.at(-1)).toBe("IO0 is 0");
});

test("scripts/netzer.js sets its trigger again when the module has lost power", async () => {
  const netzer = createNetzer();
  const { origin } = await serve(netzer);
  const script = await startScript("netzer.js", [`${origin}/ws`, "3"]);
  await script.printed(1);

  netzer.powerCycle();
  await script.printed(3);
  netzer.setInput(0, true);
  await script.ended();

  expect(script.lines).toEqual([
    "IO0 is 0",
    "No connection to the Netzer: trying again in 250 ms",
    "IO0 is 0",
    "IO0 is 1",
  ]);
  expect(script.errors).toEqual([]);
});
