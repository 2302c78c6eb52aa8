import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

const prelude = `var log = []; var ws = NetworkDevice.createWebSocket("ws://a.test/");
  for (const type of ["open", "message", "error", "close"]) ws["on" + type] = (e) => log.push(type + (e.data ?? "") + ws.readyState);`;

describe.each(buildNames)("NetworkDevice on %s", (build) => {
  test("createWebSocket returns a connecting WebSocket", async () => {
    using guest = await createGuest({ build });

    const found = guest.evaluate(`const ws = NetworkDevice.createWebSocket("ws://a.test/", ["p"]);
      [ws instanceof WebSocket, ws.readyState, ws.OPEN, String(NetworkDevice)]`);

    expect(found).toEqual([true, 0, 1, "[object NetworkDevice]"]);
    expect(guest.callsOf("connect")).toEqual([['["ws://a.test/","p"]']]);
  });

  test("works without the global WebSocket", async () => {
    using guest = await createGuest({ build, globals: [] });

    expect(
      guest.evaluate(`[typeof WebSocket, NetworkDevice.createWebSocket("ws://a.test/").CLOSED]`),
    ).toEqual(["undefined", 3]);
  });

  test("args are a frozen array of the embedder's values", async () => {
    using guest = await createGuest({ build, args: ["a\0", "b"] });

    const found = guest.evaluate(
      "[NetworkDevice.args, Object.isFrozen(NetworkDevice.args), Array.isArray(NetworkDevice.args), NetworkDevice.args instanceof Array]",
    );

    expect(found).toEqual([["a\0", "b"], true, true, true]);
  });

  test("update() does nothing when events arrive by themselves", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(prelude);
    guest.deliver(EventKind.Open, 1, '["",""]');

    guest.evaluate("NetworkDevice.update()");

    expect(guest.evaluate("log")).toEqual(["open1"]);
    expect(guest.callsOf("updated")).toEqual([]);
  });
});

describe.each(buildNames)('delivery "update" on %s', (build) => {
  const delivery = "update";

  test("callbacks run inside update() only, all of them, in order", async () => {
    using guest = await createGuest({ build, delivery });
    guest.evaluate(prelude);
    guest.deliver(EventKind.Open, 1, '["p",""]');
    guest.deliver(EventKind.Text, 1, "a");
    guest.deliver(EventKind.JsonText, 1, '"b"');
    guest.deliver(EventKind.Close, 1, '[1006,"",false,true,4]');
    const before = guest.evaluate("[log.length, ws.readyState, ws.protocol, ws.bufferedAmount]");

    guest.evaluate("NetworkDevice.update(); log.push('end')");

    expect(before).toEqual([0, 0, "", 4]);
    expect(guest.evaluate("[...log, ws.readyState]")).toEqual([
      "open1",
      "messagea1",
      "messageb1",
      "error3",
      "close3",
      "end",
      3,
    ]);
    expect(guest.callsOf("updated")).toEqual([[]]);
  });

  test("a connection that the host has let go of is not asked any more", async () => {
    using guest = await createGuest({ build, delivery });
    guest.evaluate(prelude);
    guest.deliver(EventKind.Open, 1, '["",""]');
    guest.evaluate("NetworkDevice.update()");
    guest.deliver(EventKind.Close, 1, '[1006,"",false,true,4]');

    const found = guest.evaluate(
      "ws.send('abc'); const sent = ws.bufferedAmount; ws.close(); [ws.readyState, sent]",
    );
    guest.evaluate("NetworkDevice.update()");

    expect(found).toEqual([2, 7]);
    expect(guest.callsOf("send")).toEqual([]);
    expect(guest.callsOf("close")).toEqual([]);
    expect(guest.evaluate("log")).toEqual(["open1", "error3", "close3"]);
  });

  test("update() may be called inside a callback", async () => {
    using guest = await createGuest({ build, delivery });
    guest.evaluate(`${prelude} ws.onopen = () => { NetworkDevice.update(); log.push("outer"); };`);
    guest.deliver(EventKind.Open, 1, '["",""]');
    guest.deliver(EventKind.Text, 1, "a");

    guest.evaluate("NetworkDevice.update()");

    expect(guest.evaluate("log")).toEqual(["messagea1", "outer"]);
  });

  test("update() in every callback of many loses no event, whatever the depth", async () => {
    using guest = await createGuest({ build, delivery });
    guest.evaluate(
      `${prelude} var count = 0; ws.onmessage = () => { count++; NetworkDevice.update(); };`,
    );
    guest.deliver(EventKind.Open, 1, '["",""]');
    for (let index = 0; index < 1_000; index += 1) guest.deliver(EventKind.Text, 1, "a");

    guest.evaluate("NetworkDevice.update()");

    expect(guest.evaluate("count")).toBe(1_000);
    expect(guest.callsOf("report")).toEqual([]);
  });

  test("destroy() drops the events that wait", async () => {
    using guest = await createGuest({ build, delivery });
    guest.evaluate(`${prelude} ws.onmessage = (e) => { log.push(e.data); ws.destroy(); };`);
    guest.deliver(EventKind.Open, 1, '["",""]');
    guest.deliver(EventKind.Text, 1, "a");
    guest.deliver(EventKind.Text, 1, "b");
    guest.deliver(EventKind.Close, 1, '[1006,"",false,true,0]');

    guest.evaluate("NetworkDevice.update()");

    expect(guest.evaluate("log")).toEqual(["open1", "a"]);
    expect(guest.callsOf("abort")).toEqual([]);
  });

  test("an exception in a callback is reported and update() goes on", async () => {
    using guest = await createGuest({ build, delivery });
    guest.evaluate(`${prelude} ws.onopen = () => { throw new Error("x"); };`);
    guest.deliver(EventKind.Open, 1, '["",""]');
    guest.deliver(EventKind.Text, 1, "a");

    guest.evaluate("NetworkDevice.update(); log.push('end')");

    expect(guest.evaluate("log")).toEqual(["messagea1", "end"]);
    expect(guest.callsOf("report")).toHaveLength(1);
  });
});
