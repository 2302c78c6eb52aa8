import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { createGuest, type TestGuest } from "../support/guest.ts";

const types = ["open", "message", "error", "close"] as const;

/** Every event has a handler and two listeners. */
const prelude = `var log = []; var ws = NetworkDevice.createWebSocket("ws://a.test/");
  for (const type of ["open", "message", "error", "close"]) {
    ws["on" + type] = () => log.push(type + " handler");
    ws.addEventListener(type, () => log.push(type + " listener"));
  }
  var attempt = (f) => { try { return f(); } catch (e) { return e.name; } };`;

function deliverAll(guest: TestGuest): void {
  guest.deliver(EventKind.Open, 1, '["p","e"]');
  guest.deliver(EventKind.Text, 1, "m");
  guest.deliver(EventKind.Close, 1, '[1006,"",false,true,0]');
}

describe.each(buildNames)("destroy() on %s", (build) => {
  test.each(types)("in a handler of %s ends all callbacks, also of that event", async (type) => {
    using guest = await createGuest({ build });
    guest.evaluate(`${prelude}
      ws.on${type} = () => { log.push("destroyed"); ws.destroy(); log.push(ws.readyState); Promise.resolve().then(() => log.push("job")); };`);

    deliverAll(guest);

    const before = types.slice(0, types.indexOf(type));
    expect(guest.evaluate("log")).toEqual([
      ...before.flatMap((name) => [`${name} handler`, `${name} listener`]),
      "destroyed",
      3,
      "job",
    ]);
    const isLost = type === "error" || type === "close";
    expect(guest.callsOf("abort")).toEqual(isLost ? [] : [[1]]);
    expect(guest.callsOf("report")).toEqual([]);
  });

  test.each(types)(
    "in a promise job of %s keeps the second listener from running",
    async (type) => {
      using guest = await createGuest({ build });
      guest.evaluate(
        `${prelude} ws.on${type} = () => { Promise.resolve().then(() => { log.length = 0; ws.destroy(); }); };`,
      );

      deliverAll(guest);

      expect(guest.evaluate("log")).toEqual([]);
    },
  );

  test.each([
    ["connecting", 0],
    ["open", 1],
    ["closing", 2],
  ])("while %s frees the connection at once", async (_state, state) => {
    using guest = await createGuest({ build });
    guest.evaluate(prelude);
    if (state > 0) guest.deliver(EventKind.Open, 1, '["",""]');
    if (state > 1) guest.evaluate("ws.close()");
    guest.evaluate("log.length = 0");

    const states = guest.evaluate(
      "const before = ws.readyState; ws.destroy(); [before, ws.readyState]",
    );

    expect(states).toEqual([state, 3]);
    expect(guest.callsOf("abort")).toEqual([[1]]);
    deliverAll(guest);
    expect(guest.evaluate("log")).toEqual([]);
  });

  test("leaves the attributes readable, clears the handlers, and makes send and close throw", async () => {
    using guest = await createGuest({ build, host: { bufferedAmount: () => 7 } });
    guest.evaluate(prelude);
    guest.deliver(EventKind.Open, 1, '["p","e"]');

    const found = guest.evaluate(`ws.destroy(); ws.destroy();
      [ws.url, ws.protocol, ws.extensions, ws.binaryType, ws.readyState, ws.bufferedAmount, ws.onopen, ws.onmessage,
       attempt(() => ws.send("x")), attempt(() => ws.close()), attempt(() => ws.close(1)), typeof attempt(() => ws.destroy())]`);

    expect(found).toEqual([
      "ws://a.test/",
      "p",
      "e",
      "blob",
      3,
      7,
      null,
      null,
      "InvalidStateError",
      "InvalidStateError",
      "InvalidAccessError",
      "undefined",
    ]);
    expect(guest.callsOf("abort")).toEqual([[1]]);
  });

  test("listeners added afterwards hear nothing of the connection", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(
      `${prelude} ws.onerror = () => { ws.destroy(); ws.onclose = () => log.push("wrong"); ws.addEventListener("error", () => log.push("wrong")); };`,
    );
    guest.deliver(EventKind.Open, 1, '["",""]');
    guest.evaluate("log.length = 0");

    guest.deliver(EventKind.Close, 1, '[1006,"",false,true,0]');

    expect(guest.evaluate("log")).toEqual([]);
  });

  test("of one socket inside the callback of another works", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(
      `${prelude} var other = new WebSocket("ws://b.test/"); other.onopen = () => { ws.destroy(); log.push("other"); };`,
    );
    guest.deliver(EventKind.Open, 2, '["",""]');

    deliverAll(guest);

    expect(guest.evaluate("log")).toEqual(["other"]);
  });

  test("an exception thrown after it is still reported", async () => {
    using guest = await createGuest({ build });
    guest.evaluate(`${prelude} ws.onopen = () => { ws.destroy(); throw new Error("after"); };`);

    guest.deliver(EventKind.Open, 1, '["",""]');

    expect(guest.callsOf("report")).toHaveLength(1);
    expect(guest.evaluate("log")).toEqual([]);
  });
});
