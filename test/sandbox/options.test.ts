import { expect, test } from "vitest";
import { createSandbox } from "../../src/sandbox.ts";
import { openSandbox } from "../support/sandbox.ts";

test.each([
  [{ isolation: "process" }, /isolation must be one of "worker", "none", got "process"/],
  [{ delivery: "push" }, /delivery must be one of/],
  [{ globals: ["WebSocket", "document"] }, /globals must be one of .* got "document"/],
  [{ policy: "all" }, /policy must be a function or the result of allowOrigins\(\), got "all"/],
  [{ baseUrl: "lamp" }, /baseUrl must be an absolute/],
  [{ args: [1] }, /args must be an array of strings/],
  [{ modules: { a: 1 } }, /modules\["a"\] must be a string, got 1/],
  [{ limits: { maxTimers: -1 } }, /limits.maxTimers must be an integer from 0/],
  [{ limits: { maxSockets: 1 } }, /limits.maxSockets is not a limit/],
  [{ transport: {} }, /transport must be an object with a method connect\(\), got an object/],
  [{ trace: 1 }, /trace must be a boolean, got 1/],
  [{ globals: 5 }, /globals must be an array of names, got 5/],
  [{ modules: null }, /modules must be a path, a file: URL or sources by name, got null/],
  [{ observe: 5 }, /observe must be a function, got 5/],
  [{ limits: null }, /limits must be an object, got null/],
  [{ limit: {} }, /limit is not an option; expected one of isolation, policy, limits, /],
  [null, /options must be an object, got null/],
])("a wrong option is refused with what was expected: %j", async (options, message) => {
  const creation = createSandbox(options as never);

  await expect(creation).rejects.toMatchObject({ code: "ERR_OPTION", message });
});

test.each([
  [{ name: 5 }, "name must be a string, got number"],
  [{ nam: "lamp.js" }, "nam is not an option; expected one of name, type, signal"],
  [null, "options must be an object, got null"],
])("a wrong option of run() is refused with what was expected: %j", async (options, message) => {
  const { sandbox } = await openSandbox({ isolation: "none" });

  const run = sandbox.run("1", options as never);

  await expect(run).rejects.toMatchObject({ code: "ERR_OPTION", message });
});
