import { describe, expect, test } from "vitest";
import { type ClownHubOptions, createClownHub } from "../../src/simulators/clown-hub.ts";
import { connectTo, type SimulatedClient } from "../support/simulated-client.ts";

function connect(options: ClownHubOptions = {}, credentials = "user:password"): SimulatedClient {
  const hub = createClownHub(options);
  const headers = { authorization: `Basic ${btoa(credentials)}` };
  return connectTo(hub, `ws://hub.test${hub.path}`, { headers });
}

describe("the handshake of a Clown.Hub", () => {
  test("wrong or missing credentials are answered with 401, another path with 404", () => {
    const hub = createClownHub();
    const headers = { authorization: `Basic ${btoa("user:password")}` };

    expect(connect({}, "user:wrong").state).toBe(401);
    expect(connectTo(hub, `ws://hub.test${hub.path}`).state).toBe(401);
    expect(connectTo(hub, "ws://hub.test/", { headers }).state).toBe(404);
  });

  test("its own credentials are taken and are part of its URL", () => {
    const options = { user: "a@b", password: "p:w/d" };

    expect(connect(options, "a@b:p:w/d").state).toBe("open");
    expect(createClownHub(options).url("wss://hub.test")).toBe(
      "wss://a%40b:p%3Aw%2Fd@hub.test/auth/clown-talk-server_nodes_bridge_0",
    );
  });
});

describe("the upkeep of a Clown.Hub", () => {
  test("pings every 54 seconds, and pongs keep the connection", () => {
    const client = connect();

    client.clock.advance(54_000);
    client.pong();
    client.clock.advance(54_000);
    client.pong();

    expect([client.pings, client.state]).toEqual([2, "open"]);
  });

  test("drops a client that sends nothing, not even pongs, for 60 seconds", () => {
    const client = connect();

    client.clock.advance(59_999);
    const before = client.state;
    client.clock.advance(1);

    expect([before, client.code, client.clock.scheduled]).toEqual(["open", 1006, 0]);
  });

  test("messages keep the connection, too", () => {
    const client = connect({ readDeadline: 10 });

    client.clock.advance(9);
    client.send("\n");
    client.clock.advance(9);

    expect(client.state).toBe("open");
  });

  test("closes with 1009 after a message above the limit, not at it", () => {
    const client = connect({ maxMessageBytes: 10 });

    client.send("1".repeat(10));
    const before = client.state;
    client.send("1".repeat(11));

    expect([before, client.code]).toEqual(["open", 1009]);
  });
});
