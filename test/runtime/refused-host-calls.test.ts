import { describe, expect, test } from "vitest";
import { EventKind, type HostCalls, RuntimeLimit } from "../../src/boundary.ts";
import { buildNames } from "../support/builds.ts";
import { createGuest } from "../support/guest.ts";

/** What the host throws never reaches a script; its own arguments can only be too large. */
function refuse(): never {
  throw new Error("a message of the host");
}

const uses: readonly [keyof HostCalls, string][] = [
  ["connect", `new WebSocket("ws://peer.test/")`],
  ["randomBytes", `crypto.randomUUID()`],
  ["encode", `new TextEncoder().encode("x".repeat(100))`],
  ["decode", `new TextDecoder().decode(new Uint8Array(100).fill(200))`],
  ["encodingName", `new TextDecoder("latin1")`],
  ["url", `new URL("http://peer.test/")`],
];

describe.each(buildNames)("%s", (build) => {
  test.each(uses)(
    "a refused %s is a RangeError of the script's own realm",
    async (name, source) => {
      using guest = await createGuest({ build, host: { [name]: refuse } });

      const caught = guest.evaluate(
        `try { ${source}; "nothing" } catch (error) { [error instanceof RangeError, error.message].join() }`,
      );

      expect(caught).toBe(
        "true,The input is too large for the host, or there is no memory left for the answer",
      );
    },
  );

  test("a refused telling of a limit changes nothing", async () => {
    using guest = await createGuest({ build, host: { exceeded: refuse }, maxTimers: 0 });

    expect(() => guest.evaluate(`setTimeout(() => {}, 0)`)).toThrow("More than 0 timers");
    expect(guest.callsOf("exceeded")).toEqual([[RuntimeLimit.Timers]]);
  });

  test.each([`"text"`, `new Uint8Array(4)`])("a refused send of %s is one, too", async (data) => {
    using guest = await createGuest({ build, host: { send: refuse } });
    guest.evaluate(`globalThis.socket = new WebSocket("ws://peer.test/")`);
    guest.deliver(EventKind.Open, 1, `["",""]`);

    const caught = guest.evaluate(
      `try { socket.send(${data}) } catch (error) { error instanceof RangeError }`,
    );

    expect(caught).toBe(true);
  });
});
