import { expect, test } from "vitest";
import { createEcho } from "../../src/simulators/echo.ts";
import { connectTo } from "../support/simulated-client.ts";

const url = "ws://echo.test/any/path";

test("an echo returns text and takes the first subprotocol", () => {
  const echo = createEcho();
  const client = connectTo(echo, url, { protocols: ["a", "b"] });

  client.send("hello");
  echo.send("to all");

  expect([client.protocol, client.texts]).toEqual(["a", ["hello", "to all"]]);
});

test("an echo chooses its subprotocol as it is told, and closes with a code", () => {
  const echo = createEcho({ chooseProtocol: (protocols) => protocols.at(-1) });
  const client = connectTo(echo, url, { protocols: ["a", "b"] });

  echo.closeAll(4000, "enough");

  expect([client.protocol, client.code, echo.connections]).toEqual(["b", 4000, 0]);
});

test("goSilent() leaves connections open and dead, and takes new ones", () => {
  const echo = createEcho();
  const dead = connectTo(echo, url);

  echo.goSilent();
  echo.send("anybody?");
  const live = connectTo(echo, url);

  expect([dead.state, dead.isSilent, dead.texts]).toEqual(["open", true, []]);
  expect([live.state, live.isSilent, echo.connections]).toEqual(["open", false, 2]);
});

test("drop() breaks every connection without a close frame", () => {
  const echo = createEcho();
  const clients = [connectTo(echo, url), connectTo(echo, url)];

  echo.drop();

  expect(clients.map(({ code }) => code)).toEqual([1006, 1006]);
  expect(echo.connections).toBe(0);
});

test("an unplugged device answers nothing; plugged in again it breaks what has gone silent", async () => {
  const echo = createEcho();
  const before = connectTo(echo, url);
  echo.unplug();
  const meanwhile = connectTo(echo, url);
  const states = [before.state, meanwhile.state, meanwhile.isSilent];

  echo.plugIn();

  expect(states).toEqual(["open", "waiting", true]);
  expect([before.code, meanwhile.state, connectTo(echo, url).state]).toEqual([
    1006,
    "waiting",
    "open",
  ]);
});
