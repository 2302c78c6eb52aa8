import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { openSocket, prelude } from "../support/guest-socket.ts";
import { createGuest } from "../support/guest.ts";

describe.each(buildNames)("WebSocket.prototype.close on %s", (build) => {
  test.each([
    ["", [0, ""]],
    ["undefined", [0, ""]],
    ["1000", [1000, ""]],
    ["3000, 'reason'", [3000, "reason"]],
    ["4999, undefined", [4999, ""]],
    ["undefined, 'reason'", [1000, "reason"]],
    ["1000.4, '\\ud800'", [1000, "\ufffd"]],
    ["'3001'", [3001, ""]],
    ["2999.5", [3000, ""]],
    ["1000, 'é'.repeat(61) + 'x'", [1000, `${"é".repeat(61)}x`]],
    ["1000, '\\0'", [1000, "\0"]],
  ])("close(%s) starts the closing handshake", async (source, [code, reason]) => {
    using guest = await openSocket({ build });

    const state = guest.evaluate(`ws.close(${source}); ws.readyState`);

    expect(state).toBe(2);
    expect(guest.callsOf("close")).toEqual([[1, code, JSON.stringify(reason)]]);
  });

  test.each([
    ["999", "InvalidAccessError"],
    ["1001", "InvalidAccessError"],
    ["2999", "InvalidAccessError"],
    ["5000", "InvalidAccessError"],
    ["0", "InvalidAccessError"],
    ["null", "InvalidAccessError"],
    ["NaN", "InvalidAccessError"],
    // Clamped, so that it does not become 1000 modulo 65,536.
    ["66536", "InvalidAccessError"],
    ["1000.6", "InvalidAccessError"],
    ["4999.5", "InvalidAccessError"],
    ["1000, 'x'.repeat(124)", "SyntaxError"],
    ["undefined, 'é'.repeat(62)", "SyntaxError"],
    ["1, 'x'.repeat(124)", "InvalidAccessError"],
    ["1000n", "TypeError"],
    ["Symbol()", "TypeError"],
    ["1000, Symbol()", "TypeError"],
  ])("close(%s) throws %s in every state", async (source, name) => {
    using guest = await createGuest({ build });
    guest.evaluate(prelude);
    const states = [guest.evaluate(`attempt(() => ws.close(${source}))`)];
    guest.deliver(EventKind.Open, 1, '["",""]');
    states.push(
      guest.evaluate(`attempt(() => ws.close(${source}))`),
      guest.evaluate("ws.readyState"),
    );
    guest.deliver(EventKind.Close, 1, '[1000,"",true,false,0]');

    states.push(guest.evaluate(`attempt(() => ws.close(${source}))`));

    expect(states).toEqual([name, name, 1, name]);
    expect(guest.callsOf("close")).toEqual([]);
  });

  test("does nothing the second time and after the end", async () => {
    using guest = await openSocket({ build });
    guest.evaluate("ws.close(); ws.close(3000)");
    guest.deliver(EventKind.Close, 1, '[1005,"",true,false,0]');

    guest.evaluate("ws.close()");

    expect(guest.callsOf("close")).toEqual([[1, 0, '""']]);
    expect(guest.evaluate("log")).toEqual(["close3"]);
  });

  test.each(["open", "message", "error", "close"])(
    "can be called again from inside on%s",
    async (type) => {
      using guest = await createGuest({ build });
      guest.evaluate(`${prelude} ws.on${type} = () => { ws.close(); ws.close(); };`);

      guest.deliver(EventKind.Open, 1, '["",""]');
      guest.deliver(EventKind.Text, 1, "m");
      guest.deliver(EventKind.Close, 1, '[1006,"",false,true,0]');

      const log = guest.evaluate("log") as string[];
      expect(log.slice(-2)).toEqual(["error3", "close3"]);
      expect(guest.callsOf("report")).toEqual([]);
    },
  );
});
