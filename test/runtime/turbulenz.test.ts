import { describe, expect, test } from "vitest";
import { EventKind, guestGlobals } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

const globals = guestGlobals;

describe.each(buildNames)("the names of older scripts on %s", (build) => {
  test("are absent unless asked for", async () => {
    using guest = await createGuest({ build });

    expect(
      guest.evaluate("[typeof TurbulenzEngine, typeof MozWebSocket, typeof WebSocket.connect]"),
    ).toEqual(["undefined", "undefined", "undefined"]);
  });

  test("createNetworkDevice makes the one device and throws when called again", async () => {
    using guest = await createGuest({ build, globals });

    const found = guest.evaluate(`const before = TurbulenzEngine.getNetworkDevice();
      const device = TurbulenzEngine.createNetworkDevice({}); let thrown;
      try { TurbulenzEngine.createNetworkDevice({}); } catch (e) { thrown = e instanceof Error; }
      [before, device === NetworkDevice, TurbulenzEngine.getNetworkDevice() === device, thrown, typeof TurbulenzEngine.flush(), device.createWebSocket("ws://a.test/").readyState]`);

    expect(found).toEqual([null, true, true, true, "undefined", 0]);
  });

  test("MozWebSocket is WebSocket, and WebSocket.connect returns a connecting one", async () => {
    using guest = await createGuest({ build, globals });

    const found = guest.evaluate(`const ws = WebSocket.connect("ws://a.test/");
      [MozWebSocket === WebSocket, ws instanceof WebSocket, ws.readyState, WebSocket.connect.length]`);

    expect(found).toEqual([true, true, 0, 1]);
  });

  test("timers of TurbulenzEngine work without the global ones", async () => {
    using guest = await createGuest({ build, globals: ["turbulenz"] });
    guest.evaluate(`var log = []; TurbulenzEngine.setTimeout((a) => log.push(a, this === globalThis), 10, "late");
      TurbulenzEngine.clearTimeout(TurbulenzEngine.setTimeout(() => log.push("cleared"), 5));`);
    guest.time = 10;

    guest.deliver(EventKind.Alarm, 0);

    expect(guest.evaluate("[typeof setTimeout, ...log]")).toEqual(["undefined", "late", true]);
  });

  test("onload runs after the script that sets it, onunload when the sandbox ends", async () => {
    using guest = await createGuest({ build, globals });
    guest.evaluate(
      `var log = []; TurbulenzEngine.onload = () => log.push("load"); TurbulenzEngine.onunload = () => log.push("unload"); log.push("script")`,
    );

    guest.deliver(EventKind.Alarm, 0);
    guest.shutDown();

    expect(guest.evaluate("log")).toEqual(["script", "load", "unload"]);
  });

  test("onerror gets the message of what nobody caught, beside the host", async () => {
    using guest = await createGuest({ build, globals });

    guest.evaluate(`var log = []; TurbulenzEngine.onerror = (message) => { log.push(message); throw new Error("inner"); };
      reportError(new TypeError("boom")); reportError("again")`);

    expect(guest.evaluate("log")).toEqual(["Uncaught TypeError: boom", "Uncaught again"]);
    expect(guest.callsOf("report")).toHaveLength(4);
  });

  test("alert tells the host", async () => {
    using guest = await createGuest({ build });

    guest.evaluate(`window.alert("a\\0b"); alert(); alert(undefined); alert({})`);

    expect(guest.callsOf("alert")).toEqual([
      ['"a\\u0000b"'],
      ['""'],
      ['"undefined"'],
      ['"[object Object]"'],
    ]);
  });
});
