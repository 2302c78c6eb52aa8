import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createClownBridge } from "../../src/simulators/clown-talk.ts";

function line(topic: string, payload: unknown): string {
  return JSON.stringify([topic, payload]);
}

describe("a Clown.Talk bridge", () => {
  test("answers config/set with its description and starts to publish", () => {
    const bridge = createClownBridge(250);

    const before = bridge.publishInterval;
    const replies = bridge.receive(line("clown.talk/-/config/set", {}));

    expect(before).toBeUndefined();
    expect(replies).toEqual([
      [
        "clown.talk/-/config/ok",
        expect.objectContaining({ ack: false, device: "bridge", capabilities: 1 }),
      ],
    ]);
    expect(bridge.publishInterval).toBe(250);
  });

  test("a relay keeps what it was set to", () => {
    const bridge = createClownBridge(250);

    expect(bridge.receive(line("relay/i2c0-3b/get", {}))).toEqual([
      ["relay/i2c0-3b/ok", { state: false }],
    ]);
    expect(bridge.receive(line("relay/i2c0-3b/set", { state: true }))).toEqual([
      ["relay/i2c0-3b/ok", { state: true }],
    ]);
    expect(bridge.receive(line("relay/i2c0-3b/get", {}))).toEqual([
      ["relay/i2c0-3b/ok", { state: true }],
    ]);
    expect(bridge.receive(line("relay/i2c0-3f/get", {}))).toEqual([
      ["relay/i2c0-3f/ok", { state: false }],
    ]);
  });

  test("the LED takes its five states and no other", () => {
    const bridge = createClownBridge(250);

    expect(bridge.receive(line("led/-/set", { state: "2-dot" }))).toEqual([
      ["led/-/ok", { state: "2-dot" }],
    ]);
    expect(bridge.receive(line("led/-/set", { state: "4-dot" }))).toEqual([]);
    expect(bridge.receive(line("led/-/get", {}))).toEqual([["led/-/ok", { state: "2-dot" }]]);
  });

  test("config/update changes the interval and null stops publishing", () => {
    const bridge = createClownBridge(250);
    bridge.receive(line("clown.talk/-/config/set", {}));

    const changed = bridge.receive(
      line("thermometer/i2c0-48/config/update", { "publish-interval": 40 }),
    );
    const interval = bridge.publishInterval;
    bridge.receive(line("thermometer/i2c0-48/config/update", { "publish-interval": null }));

    expect(changed).toEqual([["thermometer/i2c0-48/config/ok", { "publish-interval": 40 }]]);
    expect(interval).toBe(40);
    expect(bridge.publishInterval).toBeUndefined();
    expect(bridge.receive(line("thermometer/i2c0-48/config/get", {}))).toEqual([
      ["thermometer/i2c0-48/config/ok", { "publish-interval": null }],
    ]);
  });

  test("lists its devices", () => {
    expect(createClownBridge(250).receive(line("-/-/config/list", {}))).toEqual([
      [
        "-/-/config/list/ok",
        {
          sensors: ["thermometer/i2c0-48"],
          actuators: ["relay/i2c0-3b", "relay/i2c0-3f", "led/-"],
          notifications: [],
        },
      ],
    ]);
  });

  test("a reading has a number and the sign for degrees Celsius", () => {
    expect(createClownBridge(250).measure()).toEqual([
      "thermometer/i2c0-48",
      { temperature: [23.5, "\u2103"] },
    ]);
  });

  test("anything malformed gets silence", () => {
    const bridge = createClownBridge(250);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(bridge.receive(text)).toEqual([]);
      }),
    );
    expect(bridge.receive('["a",1]')).toEqual([]);
    expect(bridge.receive(line("relay/i2c0-3b/set", { state: "on" }))).toEqual([]);
    expect(bridge.receive(line("relay/i2c0-3b/destroy", {}))).toEqual([]);
    expect(bridge.receive(line("clown.talk/-/config/set", {}).slice(1))).toEqual([]);
  });
});
