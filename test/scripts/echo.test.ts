import { expect, test } from "vitest";
import { createEcho } from "../../src/simulators/echo.ts";
import { serve, startScript } from "../support/device-script.ts";

test("scripts/echo.js gets back what it sends, text and bytes", async () => {
  const { origin } = await serve(createEcho());

  const script = await startScript("echo.js", [origin, "hello", "grüß dich"]);
  await script.ended();

  expect(script.lines).toEqual([
    "came back: hello",
    "came back: grüß dich",
    "came back: Uint8Array(4) [ 1, 2, 4, 8 ]",
    "closed: 1000 thanks",
  ]);
});

test("scripts/echo.js says that the connection failed", async () => {
  const server = await serve({ connect: (peer) => peer.refuse() });

  const script = await startScript("echo.js", [server.origin]);
  await script.ended();

  expect(script.lines).toEqual(["The connection failed"]);
});
