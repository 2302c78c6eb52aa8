import { expect, test } from "vitest";
import type { SimulatedRequest, Simulator } from "../../src/simulators/simulator.ts";
import { latency, neverAnswer, refuse } from "../../src/testing/faults/connecting.ts";
import { faulty } from "../../src/testing/faults/faulty.ts";
import { bandwidth } from "../../src/testing/faults/messages.ts";
import { openTestSandbox } from "./support.ts";

/** Answers at `/config` where its WebSockets are, and echoes bodies at `/echo`. */
const hub: Simulator = {
  connect: (peer) => peer.accept(),
  request({ url, body }: SimulatedRequest) {
    switch (url.pathname) {
      case "/config":
        return {
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ socket: "/events" }),
        };
      case "/echo":
        return { status: 201, body };
      case "/moved":
        return { status: 302, headers: { location: "/config" } };
      default:
        return { status: 404 };
    }
  },
};

const discovering = `
  const { socket } = await (await fetch("http://hub.test/config")).json();
  await new Promise((resolve) => {
    const events = new WebSocket("ws://hub.test" + socket);
    events.onopen = () => { events.close(1000); resolve(); };
  });
`;

test("one peer answers fetch and WebSockets, and the conversation has both in order", async () => {
  const sandbox = await openTestSandbox({ peers: { "http://hub.test": hub } });

  await sandbox.run(discovering, { type: "module" });
  await sandbox.idle();

  expect(sandbox.conversation()).toBe(
    [
      "GET http://hub.test/config",
      "  200 OK",
      '  ← {"socket":"/events"}',
      "ws://hub.test/events",
      "  open",
      "  closed 1000",
    ].join("\n"),
  );
});

test("requests have method, headers, bodies, redirects and answers", async () => {
  const sandbox = await openTestSandbox({ peers: { "http://hub.test": hub } });

  await sandbox.run(
    `await fetch("http://hub.test/echo", { method: "POST", body: new Uint8Array([0, 255]), headers: { "X-Key": "1" } })
       .then((answer) => answer.arrayBuffer());
     await fetch("http://hub.test/moved").then((answer) => answer.text());`,
    { type: "module" },
  );
  await sandbox.idle();

  expect(sandbox.requests).toMatchObject([
    {
      id: 1,
      method: "POST",
      url: "http://hub.test/echo",
      headers: expect.arrayContaining([["X-Key", "1"]]),
      body: Uint8Array.of(0, 255),
      response: { status: 201, statusText: "Created", body: Uint8Array.of(0, 255) },
      isFinished: true,
      failure: undefined,
    },
    {
      method: "GET",
      redirects: [{ status: 302, method: "GET", url: "http://hub.test/config" }],
      response: { status: 200 },
    },
  ]);
  expect(sandbox.conversation()).toBe(
    [
      "POST http://hub.test/echo",
      "  → 2 bytes: 00 ff",
      "  201 Created",
      "  ← 2 bytes: 00 ff",
      "GET http://hub.test/moved",
      "  302 to GET http://hub.test/config",
      "  200 OK",
      '  ← {"socket":"/events"}',
    ].join("\n"),
  );
});

test("a script sees what a refused request is, and the test sees why", async () => {
  const sandbox = await openTestSandbox({
    peers: { "http://hub.test": faulty(hub, refuse()) },
    script: `fetch("http://hub.test/config").catch((error) => console.log(error.name, performance.now()));`,
  });

  await sandbox.idle();

  expect(sandbox.lines).toEqual(["TypeError 20"]);
  expect(sandbox.requests[0]?.failure).toMatchObject({
    code: "ERR_CONNECT",
    systemCode: "ECONNREFUSED",
  });
  expect(sandbox.conversation()).toContain("failed ERR_CONNECT: no connection to the server");
});

test("a request takes the latency of its network, there and back", async () => {
  const sandbox = await openTestSandbox({
    peers: { "http://hub.test": faulty(hub, latency(40)) },
    script: `fetch("http://hub.test/config").then(() => console.log(performance.now()));`,
  });

  await sandbox.idle();

  expect(sandbox.lines).toEqual(["80"]);
});

test("an answer takes the time that its bytes need", async () => {
  const sandbox = await openTestSandbox({
    peers: {
      "http://hub.test": faulty({ request: () => ({ body: "x".repeat(2_000) }) }, bandwidth(1_000)),
    },
    script: `
      fetch("http://hub.test/").then((answer) => answer.text())
        .then(({ length }) => console.log(length, performance.now()));
    `,
  });

  await sandbox.idle();

  expect(sandbox.lines).toEqual(["2000 2000"]);
});

test("an answer that never comes is given up by the script's own timeout", async () => {
  const sandbox = await openTestSandbox({
    peers: { "http://hub.test": faulty(hub, neverAnswer()) },
    script: `
      fetch("http://hub.test/config", { signal: AbortSignal.timeout(5_000) })
        .catch((error) => console.log(error.name, performance.now()));
    `,
  });

  await sandbox.idle();

  expect(sandbox.lines).toEqual(["TimeoutError 5000"]);
});

test("a peer that throws while it answers: status 500 for the script, the error for the test", async () => {
  const sandbox = await openTestSandbox({
    peers: {
      "http://hub.test": {
        request() {
          throw new RangeError("a bug of the peer");
        },
      },
    },
  });

  const running = sandbox.run(
    `fetch("http://hub.test/").then(({ status }) => console.log(status))`,
  );

  await expect(running).rejects.toThrow(RangeError);
  await sandbox.idle();
  expect(sandbox.lines).toEqual(["500"]);
});

test("an origin without a peer cannot be fetched from", async () => {
  const sandbox = await openTestSandbox({
    peers: { "http://hub.test": hub },
    script: `fetch("http://other.test/").catch((error) => console.log(error.name));`,
  });

  await sandbox.idle();

  expect(sandbox.lines).toEqual(["TypeError"]);
  expect(sandbox.requests[0]?.failure?.code).toBe("ERR_POLICY_REFUSED");
});
