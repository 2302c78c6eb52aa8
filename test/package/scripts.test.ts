import { join } from "node:path";
import { expect, test } from "vitest";
import { startClownHub } from "../support/clown-hub-server.ts";
import { runCommand } from "../support/command.ts";
import { createConsumer, projectFolder } from "../support/consumer.ts";

test("The demo shows the conversation of scripts/hello.js with an echo server and a hub", async () => {
  await using consumer = await createConsumer();

  const result = await consumer.run(process.execPath, join(projectFolder, "tools/demo.js"));

  expect(result).toMatchObject({ exitCode: 0, stderr: "" });
  const facts = result.stdout.replaceAll(/^ *\d+ ms {2}/gm, "").replaceAll(/:\d{4,5}/g, ":PORT");
  expect(facts.split("\n")).toEqual(
    expect.arrayContaining([
      "echo    --- connecting to ws://127.0.0.1:PORT/",
      "echo    --> Grüße an die Lampe 💡",
      "echo    <-- Grüße an die Lampe 💡",
      "echo    <-- 5 bytes: 1 2 4 8 255",
      'echo    --- closed with 1000 "said everything"',
      'hub     --> ["relay/i2c0-3b/set",{"state":true}]',
      'hub     <-- ["relay/i2c0-3b/ok",{"state":true}]',
      'hub     <-- ["thermometer/i2c0-48",{"temperature":[23.5,"℃"]}]',
      "script  ... The thermometer shows 23.7 ℃",
      'hub     --- closed with 1000 "seen enough"',
    ]),
  );
  expect(facts).toMatch(
    /\nDone: 2 connections, 6 messages sent, 9 received, both closed cleanly\.\n$/,
  );
});

test("scripts/thermometer.ts logs as many readings as it is told", async () => {
  await using hub = await startClownHub({ publishInterval: 5 });

  const result = await runCommand([
    "run",
    join(projectFolder, "scripts/thermometer.ts"),
    "--allow",
    `ws://*@${hub.host}`,
    "--arg",
    hub.url,
    "--arg=2",
  ]);

  expect(result).toEqual({
    code: 0,
    signal: null,
    stdout: "i2c0-48: 23.5 ℃\ni2c0-48: 23.6 ℃\n",
    stderr: "",
  });
});

test("scripts/thermometer.ts tells when the hub refuses its password", async () => {
  await using hub = await startClownHub();

  const { code, stderr } = await runCommand([
    "run",
    join(projectFolder, "scripts/thermometer.ts"),
    "--allow",
    `ws://*@${hub.host}`,
    "--arg",
    hub.url.replace("password", "wrong"),
  ]);

  expect(code).toBe(0);
  expect(stderr).toContain("The hub is gone: 1006");
  expect(stderr).toContain("(ERR_HANDSHAKE_STATUS, 401)");
});
