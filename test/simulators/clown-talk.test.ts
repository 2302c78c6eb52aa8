import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ClownHub,
  type ClownHubOptions,
  createClownHub,
} from "../../src/simulators/clown-hub.ts";
import { connectTo, type SimulatedClient } from "../support/simulated-client.ts";

interface Talk {
  readonly hub: ClownHub;
  readonly client: SimulatedClient;
  say(topic: string, payload: unknown): void;
}

const configure = ["clown.talk/-/config/set", {}] as const;

/** A client that has passed the handshake. */
function talk(options: ClownHubOptions = {}, hub = createClownHub(options)): Talk {
  const url = `ws://hub.test${hub.path}`;
  const headers = { authorization: `Basic ${btoa("user:password")}` };
  const client = connectTo(hub, url, { headers });
  const say = (topic: string, payload: unknown): void =>
    client.send(`${JSON.stringify([topic, payload])}\n`);
  return { hub, client, say };
}

describe("the nodes of a Clown.Hub", () => {
  test("the bridge tells what it is once it is configured", () => {
    const { client, say } = talk({ firmwareRelease: "v1" });

    say(...configure);

    expect(client.messages).toEqual([
      [
        "clown.talk/-/config/ok",
        {
          ack: false,
          device: "bridge",
          capabilities: 1,
          "firmware-datetime": "2016-09-30T12:00:00Z",
          "firmware-release": "v1",
        },
      ],
    ]);
  });

  test("relays are switched and asked, and the same for every client", () => {
    const first = talk();
    const second = talk({}, first.hub);

    first.say("relay/i2c0-3b/set", { state: true });
    second.say("relay/i2c0-3b/get", {});
    second.say("relay/i2c0-3f/get", {});

    expect(first.client.messages).toEqual([["relay/i2c0-3b/ok", { state: true }]]);
    expect(second.client.messages).toEqual([
      ["relay/i2c0-3b/ok", { state: true }],
      ["relay/i2c0-3f/ok", { state: false }],
    ]);
    expect([first.hub.relay("3b"), first.hub.relay("3f")]).toEqual([true, false]);
  });

  test("set goes unanswered where that is chosen, and still works", () => {
    const { hub, client, say } = talk({ answersSet: false });

    say("led/-/set", { state: "2-dot" });
    say("led/-/get", {});

    expect(client.messages).toEqual([["led/-/ok", { state: "2-dot" }]]);
    expect(hub.led).toBe("2-dot");
  });

  test("the display shows 21 characters in each line, or a picture", () => {
    const { hub, say } = talk();

    say("display-oled/i2c0-3c/set", { "line-0": "x".repeat(30) });
    say("display-oled/i2c0-3c/set", { "line-2": "third" });
    const lines = hub.displayLines;
    say("display-oled/i2c0-3c/set", { raw: "AAAA" });

    expect(lines.slice(0, 4)).toEqual(["x".repeat(21), "", "third", ""]);
    expect(hub.displayLines[0]).toBe("");
  });

  test("buses take their settings", () => {
    const { client, say } = talk();

    say("i2c/1/set", { speed: 400 });
    say("i2c/1/get", {});

    expect(client.messages.at(-1)).toEqual(["i2c/1/ok", { speed: 400 }]);
  });

  test("the list names what is fitted", () => {
    const { client, say } = talk({ sensors: ["thermometer", "barometer"] });

    say("-/-/config/list", {});

    expect(client.messages).toEqual([
      [
        "-/-/config/list/ok",
        {
          sensors: ["thermometer/i2c0-48", "barometer/i2c0-60"],
          actuators: ["relay/i2c0-3b", "relay/i2c0-3f", "led/-", "display-oled/i2c0-3c"],
          notifications: [],
        },
      ],
    ]);
  });

  test("power-cycling puts every actuator back", () => {
    const { hub, client, say } = talk();
    say("relay/i2c0-3b/set", { state: true });

    hub.powerCycle();

    expect([client.code, hub.relay("3b")]).toEqual([1006, false]);
  });
});

describe("the telemetry of a Clown.Hub", () => {
  test("starts with the configuration, at the interval that was set", () => {
    const { client, say } = talk({ publishInterval: 250 });
    client.clock.advance(1_000);
    const before = client.messages.length;

    say(...configure);
    client.clock.advance(500);

    expect(before).toBe(0);
    expect(client.messages.slice(1)).toEqual([
      ["thermometer/i2c0-48", { temperature: [23.5, "\u2103"] }],
      ["thermometer/i2c0-48", { temperature: [23.6, "\u2103"] }],
    ]);
  });

  test("changes its interval, and ends with null", () => {
    const { client, say } = talk();
    say(...configure);
    say("thermometer/i2c0-48/config/update", { "publish-interval": 40 });
    client.clock.advance(40);
    say("thermometer/i2c0-48/config/update", { "publish-interval": null });
    client.clock.advance(10_000);
    say("thermometer/i2c0-48/config/get", {});

    expect(client.messages.slice(1)).toEqual([
      ["thermometer/i2c0-48/config/ok", { "publish-interval": 40 }],
      ["thermometer/i2c0-48", { temperature: [23.5, "\u2103"] }],
      ["thermometer/i2c0-48/config/ok", { "publish-interval": null }],
      ["thermometer/i2c0-48/config/ok", { "publish-interval": null }],
    ]);
  });

  test("measure() publishes at once, in the unit of the quantity", () => {
    const sensors = ["humidity-sensor", "lux-meter", "barometer", "co2-sensor"] as const;
    const { hub, client, say } = talk({ sensors });
    say(...configure);

    hub.measure("relative-humidity", 51);
    hub.measure("illuminance", 12);
    hub.measure("pressure", 99);
    hub.measure("concentration", 800);

    expect(client.messages.slice(1)).toEqual([
      ["humidity-sensor/i2c0-40", { "relative-humidity": [51, "%"] }],
      ["lux-meter/i2c0-44", { illuminance: [12, "lux"] }],
      ["barometer/i2c0-60", { altitude: [230, "m"], pressure: [99, "kPa"] }],
      ["co2-sensor/i2c0-38", { concentration: [800, "ppm"] }],
    ]);
  });

  test("measure() of what no sensor measures says which to fit", () => {
    expect(() => createClownHub().measure("pressure", 99)).toThrow(
      expect.objectContaining({
        code: "ERR_OPTION",
        message: 'no sensor of the hub measures pressure: add "barometer" to the option sensors',
      }),
    );
    expect(() => createClownHub().measure("length" as never, 1)).toThrow(
      /^no sensor measures "len/,
    );
  });
});

describe("the lines of Clown.Talk", () => {
  test("are put together from several messages, and several in one are taken", () => {
    const { client } = talk();

    client.send('["led/-/set", {"sta');
    client.send('te": "on"}]\n["a"]\nshort\n["relay/i2c0-3f/get", {}]\n');

    expect(client.messages).toEqual([
      ["led/-/ok", { state: "on" }],
      ["relay/i2c0-3f/ok", { state: false }],
    ]);
  });

  test("get silence when they are malformed", () => {
    const { client, say } = talk();

    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        client.send(`${text}\n`);
        expect(client.texts).toEqual([]);
      }),
    );
    client.send('["a",1]\n');
    client.send(new Uint8Array([1, 2, 3]));
    say("relay/i2c0-3b/set", { state: "on" });
    say("relay/i2c0-3b/destroy", {});
    say("led/-/set", { state: "4-dot" });
    say("display-oled/i2c0-3c/set", { "line-0": 1 });
    say("display-oled/i2c0-3c/set", { raw: 1 });
    say("i2c/0/set", 1);
    say("thermometer/i2c0-48/config/update", { "publish-interval": "fast" });

    expect(client.texts).toEqual([]);
  });
});
