import { expect, test } from "vitest";
import { guestGlobals } from "../../src/boundary.ts";
import { createTurbulenzChat } from "../../src/simulators/turbulenz-chat.ts";
import { type DeviceScript, serve, startScript } from "../support/device-script.ts";

function startChat(args: readonly string[]): Promise<DeviceScript> {
  return startScript("turbulenz-chat.js", args, { globals: guestGlobals, delivery: "update" });
}

test("scripts/turbulenz-chat.js says everything, hears it, and leaves", async () => {
  const chat = createTurbulenzChat({ names: ["grace"] });
  const { origin } = await serve(chat);

  const script = await startChat([`${origin}/chat`, "ada", "Hello", "Bye"]);
  await script.ended();

  expect(script.lines).toEqual(["Here are grace, ada", "ada: Hello", "ada: Bye", "Left the chat"]);
  expect(chat.names).toEqual(["grace"]);
});

test("scripts/turbulenz-chat.js shows who comes, speaks and leaves", async () => {
  const chat = createTurbulenzChat();
  const { origin } = await serve(chat);
  const script = await startChat([`${origin}/chat`]);
  await script.printed(1);

  chat.join("grace");
  chat.say("grace", "grüß dich");
  chat.leave("grace");
  await script.printed(4);

  expect(script.lines).toEqual([
    "Here are guest",
    "grace comes in",
    "grace: grüß dich",
    "grace leaves",
  ]);
});

test("scripts/turbulenz-chat.js comes back after the server has restarted", async () => {
  const chat = createTurbulenzChat();
  const { origin } = await serve(chat);
  const script = await startChat([`${origin}/chat`, "ada"]);
  await script.printed(1);

  chat.restart();
  await script.printed(3);

  expect(script.lines).toEqual([
    "Here are ada",
    "Disconnected (1012): coming back in 250 ms",
    "Here are ada",
  ]);
  expect(script.errors).toEqual([]);
});
