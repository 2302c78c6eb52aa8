import { expect, test } from "vitest";
import { parseCommand } from "../../src/cli/options.ts";
import { simulatorNames } from "../../src/cli/simulate-options.ts";

test.each(simulatorNames)(
  "netdevice simulate %s listens at any free port of this machine",
  (name) => {
    expect(parseCommand(["simulate", name])).toMatchObject({
      command: "simulate",
      options: { simulator: name, port: 0, host: "127.0.0.1" },
    });
  },
);

test("every option is read", () => {
  const args =
    "clown-hub --port 8080 --host ::1 --cert c --key k --user u --password=-p --interval 2s";

  expect(parseCommand(["simulate", ...args.split(" ")])).toEqual({
    command: "simulate",
    options: {
      simulator: "clown-hub",
      port: 8080,
      host: "::1",
      certFile: "c",
      keyFile: "k",
      user: "u",
      password: "-p",
      interval: 2_000,
      secondConnection: undefined,
      apiKey: undefined,
      websocketPort: undefined,
    },
  });
});

test("help is the command's own", () => {
  const help = { command: "help", topic: "simulate" };

  expect([parseCommand(["simulate", "-h"]), parseCommand(["help", "simulate"])]).toEqual([
    help,
    help,
  ]);
});

test.each([
  [
    "",
    "Expected a simulator (netzer, clown-hub, deconz, turbulenz-chat, echo), got nothing. Try: netdevice simulate echo",
  ],
  [
    "netser",
    'Expected a simulator (netzer, clown-hub, deconz, turbulenz-chat, echo), got "netser". Did you mean netzer?',
  ],
  [
    "refrigerator",
    'Expected a simulator (netzer, clown-hub, deconz, turbulenz-chat, echo), got "refrigerator". See: netdevice simulate --help',
  ],
  ["echo 8080", 'Expected one simulator, got "8080" after it'],
  [
    "echo --port 70000",
    '--port expects a number from 0 to 65535, got "70000". For example: 8080, or 0 for any that is free',
  ],
  ["echo --prt 1", "--prt is not an option of netdevice simulate. Did you mean --port?"],
  ["echo --user me", "--user is an option of clown-hub, and echo has none such"],
  ["echo --cert c.pem", "--cert expects --key beside it. Both name a PEM file"],
  ["netzer --second-connection drop", '--second-connection expects refuse or replace, got "drop"'],
])("netdevice simulate %s is refused", (line, message) => {
  const args = line.split(" ").filter((word) => word !== "");

  expect(() => parseCommand(["simulate", ...args])).toThrow(message);
});
