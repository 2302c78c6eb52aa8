import { expect, test } from "vitest";
import { createDeconz } from "../../src/simulators/deconz.ts";
import { serve, startScript } from "../support/device-script.ts";

test("scripts/deconz.js finds the port, and shows buttons and presence", async () => {
  const deconz = createDeconz({ apiKey: "ABC" });
  const { httpOrigin } = await serve(deconz);
  const script = await startScript("deconz.js", [httpOrigin, "ABC", "300", "4"]);
  await script.says("Listening");

  deconz.press();
  deconz.lastSeen("sensors", "2", "2026-01-01T00:00Z");
  deconz.hold(2);
  deconz.release(2);
  deconz.recallScene("1", "2");
  deconz.presence(true);
  await script.ended();

  expect(script.lines).toEqual([
    `Listening to the gateway at port ${deconz.ports[0].port}`,
    "Button 1 of 2 was pressed",
    "Button 2 of 2 is held",
    "Button 2 of 2 was held and let go",
    "Sensor 3 sees somebody",
  ]);
  expect(script.errors).toEqual([]);
});

test("scripts/deconz.js connects anew when the connection has died silently", async () => {
  const deconz = createDeconz();
  const { httpOrigin } = await serve(deconz);
  const script = await startScript("deconz.js", [httpOrigin, deconz.apiKey, "0.2", "1"]);
  await script.says("Listening");

  deconz.goSilent();
  deconz.press();
  await script.says("Nothing heard for 0.2 s: connecting anew");
  const before = script.lines.length;
  await script.printed(before + 1);
  deconz.presence(false);
  await script.ended();

  expect(script.lines.slice(before)).toEqual([
    `Listening to the gateway at port ${deconz.ports[0].port}`,
    "Sensor 3 sees nobody",
  ]);
});

test("scripts/deconz.js waits while the gateway starts", async () => {
  const deconz = createDeconz();
  deconz.setAvailable(false);
  const { httpOrigin } = await serve(deconz);
  const script = await startScript("deconz.js", [httpOrigin, deconz.apiKey]);
  await script.printed(2);

  deconz.setAvailable(true);
  await script.says("Listening");

  expect(script.lines.slice(0, 2)).toEqual([
    "The gateway does not tell its port: Error: 503 service unavailable",
    "Trying again in 1 s",
  ]);
});

test("scripts/deconz.js tells of a wrong key", async () => {
  const { httpOrigin } = await serve(createDeconz());

  const script = await startScript("deconz.js", [httpOrigin, "wrong"]);
  await script.printed(1);

  expect(script.lines[0]).toBe("The gateway does not tell its port: Error: 403 unauthorized user");
});

test("scripts/deconz.js comes back when the gateway has lost power", async () => {
  const deconz = createDeconz();
  const { httpOrigin } = await serve(deconz);
  const script = await startScript("deconz.js", [httpOrigin, deconz.apiKey]);
  await script.says("Listening");

  deconz.powerCycle();
  await script.printed(4);

  expect(script.lines.slice(1)).toEqual([
    "The connection has ended: 1006",
    "Trying again in 1 s",
    `Listening to the gateway at port ${deconz.ports[0].port}`,
  ]);
});
