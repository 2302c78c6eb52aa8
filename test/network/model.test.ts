import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultLimits } from "../../src/limits.ts";
import { cleanClose } from "../support/fake-transport.ts";
import { createTestNetwork, settled, type TestNetwork } from "../support/network.ts";

/** Something that guest, peer or time does; `target` picks a connection. */
interface Step {
  readonly action: keyof typeof actions;
  readonly target: number;
}

const limits = { ...defaultLimits, maxConnections: 3, maxMessageBytes: 8, maxBufferedBytes: 12 };

const actions = {
  connect: ({ connect }: TestNetwork) => connect(),
  refused: ({ connect }: TestNetwork) => connect("ws://10.0.0.1"),
  send: ({ network }: TestNetwork, id: number) => network.send(id, "hello"),
  sendTooMuch: ({ network }: TestNetwork, id: number) => network.send(id, new Uint8Array(9)),
  close: ({ network }: TestNetwork, id: number) => network.close(id, 3000, "bye"),
  abort: ({ network }: TestNetwork, id: number) => network.abort(id),
  pause: ({ network }: TestNetwork) => network.setPaused(true),
  resume: ({ network }: TestNetwork) => network.setPaused(false),
  opened: ({ transport }: TestNetwork, id: number) =>
    transport.connections[id - 1]?.sink.opened({ protocol: "", extensions: "" }),
  text: ({ transport }: TestNetwork, id: number) => transport.connections[id - 1]?.sink.text("hi"),
  sent: ({ transport }: TestNetwork, id: number) => transport.connections[id - 1]?.sink.sent(5),
  closed: ({ transport }: TestNetwork, id: number) =>
    transport.connections[id - 1]?.sink.closed(cleanClose()),
  lost: ({ transport }: TestNetwork, id: number) =>
    transport.connections[id - 1]?.sink.closed({ code: 1006, reason: "", wasClean: false }),
  timeout: ({ clock }: TestNetwork) => clock.advance(limits.handshakeTimeout),
};

const guestActions: ReadonlySet<string> = new Set([
  "connect",
  "refused",
  "send",
  "sendTooMuch",
  "close",
  "abort",
]);

const step: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom(...Object.keys(actions).map((name) => name as keyof typeof actions)),
  target: fc.integer({ min: 1, max: 6 }),
});

test("whatever happens: nothing within a call, open at most once and first, closed once and last, none after abort", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { maxLength: 60 }), async (steps) => {
      const world = createTestNetwork({ limits });
      /** What the guest had been told of a connection when it dropped it. */
      const aborted = new Map<number, number>();

      for (const [{ action, target }, isTurnOver] of steps) {
        const before = world.told.length;
        actions[action](world, target);
        if (guestActions.has(action)) expect(world.told.length).toBe(before);
        const isKnown = target <= countOf(world, "connecting");
        if (action === "abort" && isKnown && !aborted.has(target)) {
          aborted.set(target, toldOf(world, target).length);
        }
        if (isTurnOver) await settled();
      }
      const over = world.network.closeAll(1);
      await settled();
      world.clock.advance(1);
      await over;

      const connections = countOf(world, "connecting");
      expect(countOf(world, "closed")).toBe(connections);
      expect([world.network.connections, world.network.bufferedBytes]).toEqual([0, 0]);
      expect(world.clock.scheduled).toBe(0);
      for (let id = 1; id <= connections; id += 1) {
        const told = toldOf(world, id);
        expect(told.join(" ")).toMatch(/^(?:open(?: text)*(?: closed)?|closed|)$/);
        expect(told.length).toBe(aborted.get(id) ?? told.length);
      }
    }),
  );
});

function countOf({ events }: TestNetwork, type: string): number {
  return events.filter((event) => event.type === type).length;
}

function toldOf({ told }: TestNetwork, id: number): readonly (string | undefined)[] {
  return told.filter((line) => line.startsWith(`${id} `)).map((line) => line.split(" ")[1]);
}
