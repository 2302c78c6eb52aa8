import { expect, test } from "vitest";
import { createClownHub } from "../../src/simulators/clown-hub.ts";
import { serve, startScript } from "../support/device-script.ts";

test("scripts/clown-hub.js heats until the room is warm enough", async () => {
  const hub = createClownHub({ publishInterval: 86_400_000 });
  const { origin } = await serve(hub);
  const script = await startScript("clown-hub.js", [hub.url(origin), "22.5", "2"]);
  await script.says("Connected");

  hub.measure("temperature", 21);
  await script.says("The heating is on");
  const isHeating = hub.relay("3b");
  hub.measure("temperature", 23.5);
  await script.ended();

  expect(script.lines).toEqual([
    "Connected to the bridge, firmware simulator",
    "The room has 21 ℃",
    "The heating is on",
    "The room has 23.5 ℃",
  ]);
  expect(isHeating).toBe(true);
});

test("scripts/clown-hub.js comes back when the bridge's process has ended", async () => {
  const hub = createClownHub({ publishInterval: 5 });
  const { origin } = await serve(hub);
  const script = await startScript("clown-hub.js", [hub.url(origin)]);
  await script.says("The room has");

  hub.drop();
  await script.says("The hub is gone (1006): trying again in 2 s");
  const before = script.lines.length;
  await script.printed(before + 2);

  expect(script.lines[before]).toBe("Connected to the bridge, firmware simulator");
  expect(script.errors).toEqual([]);
});

test("scripts/clown-hub.js is refused with a wrong password, and goes on trying", async () => {
  const hub = createClownHub();
  const { origin } = await serve(hub);
  const url = hub.url(origin).replace("password", "wrong");

  const script = await startScript("clown-hub.js", [url]);
  await script.printed(1);

  expect(script.lines).toEqual(["The hub is gone (1006): trying again in 2 s"]);
  expect(hub.connections).toBe(0);
});
