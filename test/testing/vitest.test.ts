import { describe, expect } from "vitest";
import type { TestSandbox } from "../../src/testing/driven-sandbox.ts";
import { test } from "../../src/testing/vitest.ts";
import { accepting, echo } from "./support.ts";

const peers = { "ws://echo.test": echo };
const talking = `
  const socket = new WebSocket("ws://echo.test/");
  socket.onopen = () => {
    socket.send(JSON.stringify({ type: "hello", id: 7 }));
    socket.send("plain");
    socket.send(new Uint8Array([1, 2]));
    socket.close(3001, "done");
  };
`;
const kept: TestSandbox[] = [];

/** The message of what a matcher throws. */
function failureOf(assertion: () => void): string {
  try {
    assertion();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("the assertion holds");
}

describe("the fixture", () => {
  test("makes sandboxes", async ({ openSandbox }) => {
    const sandbox = await openSandbox({ script: `console.log("on")` });
    kept.push(sandbox);

    expect(sandbox.lines).toEqual(["on"]);
  });

  test("has closed them when the next test begins", async () => {
    const [sandbox] = kept;

    await expect(sandbox?.run("1")).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });
});

describe("toHaveSent()", () => {
  test("finds text, patterns, bytes, JSON and what compares itself, in order", async ({
    openSandbox,
  }) => {
    const sandbox = await openSandbox({ peers, script: talking });

    expect(sandbox).toHaveSent("plain");
    expect(sandbox).toHaveSent(/^pl/);
    expect(sandbox).toHaveSent(/^pl/g);
    expect(sandbox).toHaveSent(Uint8Array.of(1, 2));
    expect(sandbox).toHaveSent({ type: "hello", id: 7 });
    expect(sandbox).toHaveSent(expect.objectContaining({ type: "hello" }));
    expect(sandbox).toHaveSent(expect.stringContaining("lai"));
    expect(sandbox).toHaveSent({ type: "hello", id: 7 }, Uint8Array.of(1, 2));
    expect(sandbox.connections[0]).toHaveSent("plain");
  });

  test("does not find other orders, other values, or what was received", async ({
    openSandbox,
  }) => {
    const sandbox = await openSandbox({ peers, script: talking });

    expect(sandbox).not.toHaveSent("plain", { type: "hello", id: 7 });
    expect(sandbox).not.toHaveSent({ type: "hello" });
    expect(sandbox).not.toHaveSent(Uint8Array.of(1));
    expect(sandbox).not.toHaveSent("pl");
  });

  test("shows what was sent when it fails", async ({ openSandbox }) => {
    const sandbox = await openSandbox({ peers, script: talking });

    const message = failureOf(() => expect(sandbox).toHaveSent({ type: "hallo" }, "plain"));

    expect(message).toMatchInlineSnapshot(`
      "expected the script to have sent
        → {"type":"hallo"}
        → plain
      but this has happened:
        ws://echo.test/
          open
          → {"type":"hello","id":7}
          → plain
          → 2 bytes: 01 02
          closed 3001 done"
    `);
  });

  test("shows both sides in a diff", async ({ openSandbox }) => {
    const sandbox = await openSandbox({ peers, script: talking });

    expect(() => expect(sandbox).toHaveSent({ type: "hallo" })).toThrow(
      expect.objectContaining({
        actual: [{ type: "hello", id: 7 }, "plain", Uint8Array.of(1, 2)],
        expected: [{ type: "hallo" }],
      }),
    );
  });

  test("says so when it was not to be sent, and when there is no connection", async ({
    openSandbox,
  }) => {
    const sandbox = await openSandbox({ peers, script: talking });
    const silent = await openSandbox();

    expect(failureOf(() => expect(sandbox).not.toHaveSent("plain"))).toContain(
      "expected the script not to have sent\n  → plain\nbut this has happened:",
    );
    expect(failureOf(() => expect(silent).toHaveSent("plain"))).toBe(
      "expected the script to have sent\n  → plain\nbut the script has opened no connection",
    );
  });

  test("refuses what is no sandbox, and nothing to look for", async ({ openSandbox }) => {
    const sandbox = await openSandbox();

    expect(failureOf(() => expect("text").toHaveSent("text"))).toBe(
      "toHaveSent() is for a test sandbox or one of its connections, got string",
    );
    expect(failureOf(() => expect(sandbox).toHaveSent())).toBe(
      "toHaveSent() needs at least one message to look for",
    );
  });
});

test("toHaveReceived() looks at what the script has received", async ({ openSandbox }) => {
  const sandbox = await openSandbox({
    peers: { "ws://lamp.test": accepting((peer) => peer.send(`{"on":true}`)) },
    script: `new WebSocket("ws://lamp.test/")`,
  });

  expect(sandbox).toHaveReceived({ on: true });
  expect(sandbox).not.toHaveSent({ on: true });
  expect(failureOf(() => expect(sandbox).toHaveReceived({ on: false }))).toContain(
    `expected the script to have received\n  ← {"on":false}\nbut this has happened:`,
  );
});

describe("toBeClosedWith()", () => {
  test("looks at code and reason", async ({ openSandbox }) => {
    const sandbox = await openSandbox({ peers, script: talking });

    expect(sandbox).toBeClosedWith(3001);
    expect(sandbox.connections[0]).toBeClosedWith(3001, "done");
    expect(sandbox).toBeClosedWith(3001, /^do/);
    expect(sandbox).not.toBeClosedWith(1000);
    expect(sandbox).not.toBeClosedWith(3001, "other");
  });

  test("shows how the connection ended when it fails", async ({ openSandbox }) => {
    const sandbox = await openSandbox({ peers, script: `new WebSocket("ws://gone.test/")` });
    await sandbox.idle();

    const message = failureOf(() => expect(sandbox).toBeClosedWith(1000));

    expect(message).toMatchInlineSnapshot(`
      "expected a connection to be
        closed 1000
      but this has happened:
        ws://gone.test/
          failed ERR_POLICY_REFUSED: no grant covers ws://gone.test"
    `);
  });
});

test("a conversation is a snapshot", async ({ openSandbox }) => {
  const sandbox = await openSandbox({ peers, script: talking });

  expect(sandbox.conversation()).toMatchInlineSnapshot(`
    "ws://echo.test/
      open
      → {"type":"hello","id":7}
      → plain
      → 2 bytes: 01 02
      closed 3001 done"
  `);
});
