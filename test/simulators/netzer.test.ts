import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createNetzer, type NetzerOptions } from "../../src/simulators/netzer.ts";
import { connectTo, type SimulatedClient } from "../support/simulated-client.ts";

const url = "ws://netzer.test/ws";

function ask(command: string, options: NetzerOptions = {}): readonly string[] {
  const client = connectTo(createNetzer(options), url);
  client.send(command);
  return client.texts;
}

describe("the command tree of a Netzer", () => {
  test.each([
    ["sup", '{"s":{"u":{"p":"0"}}}'],
    ["sup=1", '{"s":{"u":{"p":"1"}}}'],
    ["su", '{"s":{"u":{"b":"5","p":"0"}}}'],
    ["tuv0=3", '{"t":{"u":{"v":{"0":"3"}}}}'],
    ["uvd", '{"u":{"v":{"d":"0"}}}'],
    ["sup=", '{"s":{"u":{"p":""}}}'],
    ["sup\r\n", '{"s":{"u":{"p":"0"}}}'],
  ])("%j is answered with %s", (command, answer) => {
    expect(ask(command)).toEqual([answer]);
  });

  test.each(["su=1", "uve", "", "x", "SUP", "sup 1", "supp", `s${"u".repeat(2_000)}`])(
    "%j gets silence",
    (command) => {
      expect(ask(command)).toEqual([]);
    },
  );

  test("unknown commands, values, terminator and what cannot be written are options", () => {
    expect(ask("x", { unknownCommand: "empty" })).toEqual(["{}"]);
    expect(ask("x", { unknownCommand: { reply: "?" }, terminator: "\r\n" })).toEqual(["?\r\n"]);
    expect(ask("ab", { values: { abc: "1" } })).toEqual(['{"a":{"b":{"c":"1"}}}']);
    expect(ask("sub=1", { readOnly: ["sub"] })).toEqual([]);
  });

  test("no text breaks it, and bytes are ignored", () => {
    const netzer = createNetzer();
    const client = connectTo(netzer, url);

    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.uint8Array()), (data) => {
        client.send(typeof data === "string" ? data : new Uint8Array(data));
        expect(client.state).toBe("open");
      }),
    );
  });
});

describe("the inputs of a Netzer", () => {
  function pushed(trigger: string, values: readonly string[]): readonly string[] {
    const netzer = createNetzer();
    const client = connectTo(netzer, url);
    client.send(`tuv0=${trigger}`);
    for (const value of values) netzer.setInput(0, value);
    return client.texts.slice(1);
  }

  test.each([
    ["3", ['{"u":{"v":{"0":"1"}}}', '{"u":{"v":{"0":"0"}}}']],
    ["1", ['{"u":{"v":{"0":"1"}}}']],
    ["2", ['{"u":{"v":{"0":"0"}}}']],
    ["0", []],
  ])("with trigger %s only the wanted edges are pushed", (trigger, expected) => {
    expect(pushed(trigger, ["1", "1", "0"])).toEqual(expected);
  });

  test("an input that does not exist is refused with its name", () => {
    expect(() => createNetzer().setInput(14, true)).toThrow(
      expect.objectContaining({
        code: "ERR_OPTION",
        message: "io must be an input of the module, 0 to 13 unless values adds more, got 14",
      }),
    );
  });

  test("power-cycling forgets triggers and values, and drops the connection", () => {
    const netzer = createNetzer();
    const client = connectTo(netzer, url);
    client.send("tuv0=3");
    netzer.setInput(0, true);

    netzer.powerCycle();

    expect(client.code).toBe(1006);
    expect([netzer.value("uv0"), netzer.value("tuv0"), netzer.connections]).toEqual(["0", "0", 0]);
  });
});

describe("the one connection of a Netzer", () => {
  function connectTwice(options: NetzerOptions = {}): readonly SimulatedClient[] {
    const netzer = createNetzer(options);
    return [connectTo(netzer, url), connectTo(netzer, url)];
  }

  test("refuses a second one with 503", () => {
    const [first, second] = connectTwice();

    expect([first?.state, second?.state]).toEqual(["open", 503]);
  });

  test("goes to the second one where that is chosen", () => {
    const [first, second] = connectTwice({ secondConnection: "replace" });
    second?.send("sup");

    expect([first?.code, second?.texts.length]).toEqual([1006, 1]);
  });

  test("is free again once the first has ended", () => {
    const netzer = createNetzer();
    connectTo(netzer, url).close();

    expect(connectTo(netzer, url).state).toBe("open");
  });

  test("stays taken by a silent connection until power comes and goes", () => {
    const netzer = createNetzer();
    connectTo(netzer, url);
    netzer.goSilent();
    const refused = connectTo(netzer, url);

    netzer.powerCycle();

    expect([refused.state, connectTo(netzer, url).state]).toEqual([503, "open"]);
  });

  test("another path than /ws is answered with 404", () => {
    expect(connectTo(createNetzer(), "ws://netzer.test/").state).toBe(404);
  });

  test("web pages are blocked while it is open", async () => {
    const netzer = createNetzer();
    const get = async (path: string) => {
      const target = new URL(path, "http://netzer.test");
      const body = new Uint8Array();
      const { clock } = connectTo({}, url);
      const response = await netzer.request({
        method: "GET",
        url: target,
        headers: {},
        body,
        clock,
      });
      return response?.status ?? 200;
    };
    const before = [await get("/"), await get("/x")];

    connectTo(netzer, url);

    expect([...before, await get("/")]).toEqual([200, 404, 503]);
  });
});
