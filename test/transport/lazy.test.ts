import { expect, test } from "vitest";
import { lazyTransport } from "../../src/transport/lazy.ts";
import { createFakeTransport } from "../support/fake-transport.ts";
import { createTestNetwork, settled } from "../support/network.ts";

test("a transport is loaded once, and connections go to it", async () => {
  const inner = createFakeTransport();
  let loads = 0;
  const transport = lazyTransport(async () => {
    loads += 1;
    return inner;
  });
  const net = createTestNetwork({ transport });

  net.connect("ws://one.example/");
  net.connect("ws://two.example/");
  await settled();

  expect(loads).toBe(1);
  expect(inner.connections.map(({ request }) => request.url)).toEqual([
    "ws://one.example/",
    "ws://two.example/",
  ]);
});

test("a transport that cannot be loaded fails each connection", async () => {
  const net = createTestNetwork({
    transport: lazyTransport(() => Promise.reject(new Error("no such file"))),
  });

  net.connect();
  net.connect();
  await settled();
  net.clock.advance(20);

  expect(net.told).toEqual(["1 closed 1006 failed", "2 closed 1006 failed"]);
  expect(net.events.at(-1)).toMatchObject({
    failure: {
      stage: "connect",
      code: "ERR_CONNECT",
      message: "the transport threw: the network could not be loaded: no such file",
    },
  });
});

test("requests go to the loaded transport, too, and fail where it has none", async () => {
  const inner = createFakeTransport();
  const able = createTestNetwork({ transport: lazyTransport(async () => inner) });
  const unable = createTestNetwork({
    transport: lazyTransport(async () => ({ connect: () => expect.fail("not asked for") })),
  });

  able.fetch("http://one.example/");
  unable.fetch();
  await settled();
  unable.clock.advance(20);

  expect(inner.lastExchange.request.url).toBe("http://one.example/");
  expect(unable.told).toEqual(["1 failed"]);
});
